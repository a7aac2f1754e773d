import Testing

@testable import Names

@Suite struct AddressOriginsTests {
    private static func response(_ name: String, _ addresses: [UInt32]) throws -> DNSMessage {
        var response = try NameCacheTests.query(name).response(.success)
        let owner = try DNSName(name)
        response.answers = addresses.map {
            DNSRecord(name: owner, timeToLive: 5, data: .a(IPv4Address(rawValue: $0)))
        }
        return response
    }

    @Test("an address leads to the question that was answered with it last")
    func origin() throws {
        var origins = AddressOrigins()
        try origins.learn(Self.response("web.shop", [1, 2]))
        try origins.learn(Self.response("api.shop", [2]))
        func name(_ address: UInt32) -> String? {
            origins.query(for: .v4(IPv4Address(rawValue: address)))?.questions.first.map { "\($0.name)" }
        }
        #expect(name(1) == "web.shop." && name(2) == "api.shop." && name(3) == nil)
        try origins.learn(NameCacheTests.query("nothing.shop"))
        #expect(origins.count == 2)
    }

    @Test("the number of addresses is bounded, and the newest are there")
    func bounded() throws {
        var origins = AddressOrigins()
        for index in 0..<UInt32(AddressOrigins.capacity + 100) {
            try origins.learn(Self.response("web.shop", [index]))
            #expect(origins.query(for: .v4(IPv4Address(rawValue: index))) != nil)
        }
        #expect(origins.count == AddressOrigins.capacity)
    }
}
