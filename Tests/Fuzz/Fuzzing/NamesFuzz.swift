@testable import Names

/// DNS messages of anybody on the machine and of the cluster, the texts that name hosts, and requests to the local proxy.
enum NamesFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        switch script.byte() % 4 {
        case 0: try Self.texts(String(decoding: script.rest(), as: UTF8.self))
        case 2: try Self.request(script.rest())
        default: try Self.message(script.rest())
        }
    }

    private static func message(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let message = try? DNSMessage(decoding: bytes) else { return }
        for size in [0, 512, 1232, 65_535] {
            guard let cut = try? message.encode(truncatingTo: size) else { continue }
            try FuzzFailure.expect(cut.count <= max(512, size), "\(cut.count) bytes where \(size) were asked for")
            try FuzzFailure.expect((try? DNSMessage(decoding: cut)) != nil, "what was cut cannot be read again")
        }
        // A message can be longer than it came: what it compressed where this codec may not.
        guard let written = try? message.encode() else { return }
        guard let read = try? DNSMessage(decoding: written) else {
            throw FuzzFailure(description: "what was written cannot be read again: \(message)")
        }
        try FuzzFailure.expect(read == message, "\(message) has become \(read)")

        var cache = NameCache(capacity: 4096)
        guard let key = NameCache.Key(message) else { return }
        cache.store(message, for: key, now: .zero)
        for now in [Duration.zero, .seconds(1), .seconds(1 << 33)] {
            _ = cache.response(to: message, now: now)
            for question in message.questions { _ = cache.holdsAnswer(for: question, now: now) }
        }
        _ = ResolvedName(message)
        _ = message.response(.serverFailure)
    }

    private static func request(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard case .request(let request, let byteCount) = ProxyRequest.read(bytes) else { return }
        let end = Array("\r\n\r\n".utf8)
        try FuzzFailure.expect(byteCount <= bytes.count && !request.host.isEmpty, "\(request) of \(byteCount) bytes")
        try FuzzFailure.expect((1...65_535).contains(request.port), "\(request.port) is no port")
        guard let forwarded = request.forwarded else { return }
        let ends = forwarded.indices.filter { forwarded[$0...].starts(with: end) }
        try FuzzFailure.expect(ends == [forwarded.count - end.count], "more than one head goes on: \(forwarded)")
    }

    private static func texts(_ text: String) throws(FuzzFailure) {
        if let name = try? DNSName(text) {
            let again = try? DNSName(name.description)
            try FuzzFailure.expect(again == name, "\(name) is not what it was read as")
            _ = name.isWithin(name)
            _ = name.removing(name)
        }
        if let address = IPAddress(text) {
            try FuzzFailure.expect(IPAddress("\(address)") == address, "\(address) is not what it was read as")
        }
        if let route = EgressRoute(text) {
            try FuzzFailure.expect((1...65_535).contains(route.port), "\(route.port) is no port")
        }
        _ = EgressRule(text)
        _ = ResolverConfiguration(text: text)
    }
}
