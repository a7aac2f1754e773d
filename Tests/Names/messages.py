"""messages.py write|check FOLDER — dnspython's side of the differential test; see `differential`.

A file of messages is a sequence of a length in 4 bytes and a message. What a message says is one line: see `words`.
"""

import multiprocessing
import random
import struct
import sys

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

COUNT = 10_000
FLAGS = 0x87B0


def words(message):
    """What a message says: header, EDNS, then questions and records with names and data as uncompressed bytes."""
    parts = [f"{message.id} {message.flags & FLAGS:04x} {int(message.opcode())} {int(message.rcode())}"]
    if message.edns >= 0:
        options = ",".join(f"{int(o.otype)}:{o.to_wire().hex()}" for o in message.options)
        parts.append(f"opt {message.payload} {message.edns} {message.ednsflags & 0xFFFF:04x} {options}")
    for question in message.question:
        parts.append(f"0 {question.name.to_wire().hex()} {int(question.rdtype)} {int(question.rdclass)}")
    for section, rrsets in enumerate((message.answer, message.authority, message.additional), 1):
        for rrset in rrsets:
            head = f"{section} {rrset.name.to_wire().hex()} {int(rrset.rdtype)} {int(rrset.rdclass)} {rrset.ttl}"
            for rdata in rrset:
                parts.append(f"{head} {rdata.to_wire().hex()}")
    return "|".join(parts)


def read(wire):
    return dns.message.from_wire(wire, one_rr_per_rrset=True)


def label(chance):
    kind = chance.randrange(10)
    if kind == 0:
        return bytes(chance.randrange(256) for _ in range(chance.randint(1, 12)))
    if kind == 1:
        return b"x" * chance.randint(1, 63)
    word = chance.choice([b"web", b"shop", b"svc", b"cluster", b"local", b"_http", b"_tcp", b"db-0", b"default", b"com"])
    return bytes(b - 32 if 97 <= b <= 122 and chance.random() < 0.2 else b for b in word)


def name(chance, known):
    """A new name, one that was there, or one with an end that was there."""
    if known and chance.random() < 0.3:
        return chance.choice(known)
    labels = [label(chance) for _ in range(chance.choice([0, 1, 1, 2, 3, 4, 5, 6, 20]))]
    tail = chance.choice(known).labels if known and chance.random() < 0.6 else (b"",)
    while sum(len(l) + 1 for l in labels) + sum(len(l) + 1 for l in tail) > 255:
        if labels:
            labels.pop()
        else:
            tail = tail[1:]
    made = dns.name.Name(tuple(labels) + tuple(tail))
    known.append(made)
    return made


def data(chance, known):
    """A type, a class, and data as their wire without compression."""
    octets = lambda count: bytes(chance.randrange(256) for _ in range(count))
    a_name = lambda: name(chance, known).to_wire()
    string = lambda: bytes([length := chance.choice([0, 1, 3, 20, 255])]) + octets(length)
    makers = {
        1: lambda: octets(4), 28: lambda: octets(16), 5: a_name, 12: a_name, 2: a_name, 39: a_name,
        15: lambda: octets(2) + a_name(), 33: lambda: octets(6) + a_name(), 18: lambda: octets(2) + a_name(),
        16: lambda: b"".join(string() for _ in range(chance.randint(1, 4))),
        6: lambda: a_name() + a_name() + octets(20), 17: lambda: a_name() + a_name(),
        35: lambda: octets(4) + string() + string() + string() + a_name(),
        65_280: lambda: octets(chance.choice([0, 1, 40, 300])),
    }
    kind = chance.choice([1, 1, 1, 28, 28, 5, 12, 2, 39, 15, 33, 33, 18, 16, 6, 17, 35, 65_280])
    if chance.random() < 0.05:
        return 65_280, chance.choice([3, 4, 254]), octets(chance.randint(0, 10))
    return kind, 1, makers[kind]()


def message(seed):
    """The wire of a message that the seed stands for."""
    chance = random.Random(seed)
    made = dns.message.Message(id=chance.randrange(65_536))
    made.flags = chance.randrange(65_536) & FLAGS
    made.set_opcode(chance.choice([0, 0, 0, 0, 2, 4, 6]))
    known = []
    for _ in range(chance.choice([0, 1, 1, 1, 1, 2])):
        made.question.append(dns.rrset.RRset(name(chance, known), chance.choice([1, 255]), chance.choice([1, 28, 33, 255])))
    for section in (made.answer, made.authority, made.additional):
        for _ in range(chance.choice([0, 0, 0, 1, 2, 3])):
            kind, of_class, wire = data(chance, known)
            rrset = dns.rrset.RRset(name(chance, known), of_class, kind)
            rrset.add(dns.rdata.from_wire(of_class, kind, wire, 0, len(wire)), chance.choice([0, 5, 30, 2**31 - 1]))
            section.append(rrset)
    if chance.random() < 0.4:
        options = [
            dns.edns.GenericOption(chance.choice([65_001, 65_002]), bytes(chance.randrange(256) for _ in range(chance.randrange(9))))
            for _ in range(chance.choice([0, 0, 1, 3]))
        ]
        made.use_edns(0, chance.choice([0, 0x8000, 0x1234]), chance.choice([0, 512, 1232, 4096]), options=options)
    made.set_rcode(chance.choice([0, 0, 0, 2, 3, 5, 15] + ([16, 3841] if made.edns >= 0 else [])))
    return made.to_wire(max_size=65_535)


def broken(chance, wire):
    """A message with a few bits flipped, or without its end."""
    wire = bytearray(wire)
    for _ in range(chance.randint(0, 3)):
        wire[chance.randrange(len(wire))] ^= 1 << chance.randrange(8)
    return bytes(wire[: chance.randint(0, len(wire))] if chance.random() < 0.3 else wire)


def accepted(wire):
    """What dnspython makes of bytes that may be malformed; None where it does not take them."""
    try:
        return words(read(wire))
    except Exception:  # Its errors about malformed messages have no common class.
        return None


def save(path, wires):
    with open(path, "wb") as file:
        for wire in wires:
            file.write(struct.pack("!I", len(wire)) + wire)


def load(path):
    wires = []
    with open(path, "rb") as file:
        while head := file.read(4):
            wires.append(file.read(*struct.unpack("!I", head)))
    return wires


def lines(path):
    with open(path) as file:
        return file.read().split("\n")[:-1]


def write(folder):
    wires = multiprocessing.Pool(2).map(message, range(COUNT), 500)
    chance = random.Random(COUNT)
    save(f"{folder}/python", wires)
    save(f"{folder}/python-broken", [broken(chance, wire) for wire in wires[: COUNT // 2]])


def check(folder):
    """Compares what both made of each message. Two processes share the work."""
    failures = []
    pool = multiprocessing.Pool(2)

    def compare(what, wire, ours, theirs):
        if ours != theirs:
            failures.append(f"{what}: {wire.hex()}\n  swift  {ours}\n  python {theirs}")

    wires, said = load(f"{folder}/python"), lines(f"{folder}/python.words")
    again = load(f"{folder}/python.again")
    assert len(wires) == len(said) == len(again) == COUNT, (len(wires), len(said), len(again))
    for wire, ours, theirs, rewritten in zip(wires, said, pool.map(accepted, wires, 500), pool.map(accepted, again, 500)):
        compare("read by swift", wire, ours, theirs)
        compare("read and written by swift", wire, rewritten, theirs)

    wires, said = load(f"{folder}/swift"), lines(f"{folder}/swift.words")
    assert len(wires) == len(said) == COUNT, (len(wires), len(said))
    for wire, ours, theirs in zip(wires, said, pool.map(accepted, wires, 500)):
        compare("written by swift", wire, ours, theirs)

    # Of malformed messages each library refuses some that the other takes; what both take they have to read alike.
    both = 0
    wires, said = load(f"{folder}/python-broken"), lines(f"{folder}/python-broken.words")
    assert len(wires) == len(said) == COUNT // 2
    for wire, ours, theirs in zip(wires, said, pool.map(accepted, wires, 500)):
        if ours != "error" and theirs is not None:
            both += 1
            compare("malformed", wire, ours, theirs)
    assert both > COUNT / 5, both

    print(f"differential test: {2 * COUNT} messages, {both} of {COUNT // 2} malformed ones taken by both, {len(failures)} differences")
    print("\n".join(failures[:5]))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2])
