#!/usr/bin/python3
"""terminal.py ROOT — types a command line in bash and zsh of a userland, with Tab, in a pseudo-terminal, as a user does."""
import os
import pty
import select
import sys
import time

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             ". /usr/share/bash-completion/bash_completion; . <(kubectl completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u; . <(kubectl completion zsh)"),
}
# What is typed, and what Tab has to add.
LINES = [("kubectl tunnel inter", "cept "), ("kubectl tunnel intercept -n sh", "op "),
         ("kubectl tunnel intercept -n shop w", "eb "), ("kubectl tunnel-dns stat", "us ")]
ENVIRONMENT = {"HOME": "/root", "TERM": "dumb", "KUBECONFIG": "/root/kubeconfig", "PS1": "ready> ",
               "PATH": "/root/.krew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}


def read_until(terminal, wanted, seconds):
    """Everything up to a text, or what came instead; backspaces of an editor do not count."""
    text, deadline = "", time.monotonic() + seconds
    while wanted not in text and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                text += os.read(terminal, 65536).decode(errors="replace").replace("\b", "").replace("\r", "")
            except OSError:
                break
    return text


def complete(root, shell):
    words, preparation = SHELLS[shell]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chroot(root)
        os.chdir("/root")
        os.execve(f"/bin/{words[0]}", words, ENVIRONMENT)
    # A Tab that comes before the prompt is no Tab: it is taken as pasted.
    seen = [read_until(terminal, "ready> ", 20)]
    os.write(terminal, f"{preparation}; echo prepa''red\n".encode())
    seen.append(read_until(terminal, "prepared\nready> ", 20))
    slowest = 0
    for typed, rest in LINES:
        os.write(terminal, b"\x15" + typed.encode())
        seen.append(read_until(terminal, typed, 5))
        begin = time.monotonic()
        os.write(terminal, b"\t")
        text = read_until(terminal, rest, 10)
        seen.append(text)
        slowest = max(slowest, time.monotonic() - begin)
        if rest not in text:
            sys.exit(f"{shell}: {typed!r} and Tab: not {rest!r}: {seen}")
    os.write(terminal, b"\x15exit\n")
    os.close(terminal)
    os.waitpid(pid, 0)
    print(f"{shell}: completes {len(LINES)} lines, the slowest after {slowest:.2f} s")


for name in SHELLS:
    complete(sys.argv[1], name)
