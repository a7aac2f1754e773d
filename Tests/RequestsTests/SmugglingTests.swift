import Testing

@testable import Requests

/// What a server and a proxy could take for different requests, each with the decision.
@Suite struct SmugglingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var ambiguity: FramingAmbiguity
        var testDescription: String { "\(self.ambiguity): \(self.text.debugDescription.prefix(80))" }

        init(_ ambiguity: FramingAmbiguity, _ text: String) {
            self.text = text
            self.ambiguity = ambiguity
        }

        /// Fields of a POST.
        static func post(_ ambiguity: FramingAmbiguity, _ fields: String) -> Case {
            Case(ambiguity, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n")
        }
    }

    static let lengths: [Case] = [
        // CL.TE and TE.CL: the front counts, the back reads chunks, or the other way round.
        .post(.lengthAndEncoding, "Content-Length: 13\r\nTransfer-Encoding: chunked"),
        .post(.lengthAndEncoding, "Transfer-Encoding: chunked\r\nContent-Length: 3"),
        .post(.lengthAndEncoding, "Transfer-Encoding: chunked\r\nContent-Length: 0"),
        .post(.severalLengths, "Content-Length: 5\r\nContent-Length: 6"),
        .post(.severalLengths, "Content-Length: 5\r\ncontent-length: 5"),
        .post(.severalLengths, "Content-Length: 5, 5"),
        .post(.severalLengths, "Content-Length: 5,6"),
        .post(.malformedLength, "Content-Length: +5"),
        .post(.malformedLength, "Content-Length: -5"),
        .post(.malformedLength, "Content-Length: -0"),
        .post(.malformedLength, "Content-Length: 0x5"),
        .post(.malformedLength, "Content-Length: 5 5"),
        .post(.malformedLength, "Content-Length: 5;"),
        .post(.malformedLength, "Content-Length: \"5\""),
        .post(.malformedLength, "Content-Length: 5.0"),
        .post(.malformedLength, "Content-Length: 1e1"),
        .post(.malformedLength, "Content-Length: 1_0"),
        .post(.malformedLength, "Content-Length: \u{0665}"),
        .post(.malformedLength, "Content-Length:"),
        .post(.malformedLength, "Content-Length: ,5"),
        .post(.malformedLength, "Content-Length: 9223372036854775808"),
        .post(.malformedLength, "Content-Length: 18446744073709551621"),
        .post(.malformedLength, "Content-Length: 99999999999999999999999999"),
        .post(.disguisedName, "Content_Length: 5"),
        Case(.impossibleBody, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"),
        Case(.impossibleBody, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ]

    static let encodings: [Case] = [
        // TE.TE: an encoding that one of the two does not see.
        .post(.unknownEncoding, "Transfer-Encoding: xchunked"),
        .post(.unknownEncoding, "Transfer-Encoding: chunked, identity"),
        .post(.unknownEncoding, "Transfer-Encoding: identity"),
        .post(.unknownEncoding, "Transfer-Encoding: gzip, chunked"),
        .post(.unknownEncoding, "Transfer-Encoding: chunked, chunked"),
        .post(.unknownEncoding, "Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
        .post(.unknownEncoding, "Transfer-Encoding: x\r\nTransfer-Encoding: chunked"),
        .post(.unknownEncoding, "Transfer-Encoding: chunked\r\nTransfer-encoding: chunked"),
        .post(.unknownEncoding, "Transfer-Encoding: \"chunked\""),
        .post(.unknownEncoding, "Transfer-Encoding: chunked;q=1"),
        .post(.unknownEncoding, "Transfer-Encoding:"),
        .post(.unknownEncoding, "Transfer-Encoding: ,chunked"),
        .post(.spaceInName, "Transfer-Encoding : chunked"),
        .post(.spaceInName, "Transfer-Encoding\t: chunked"),
        .post(.spaceInName, "Transfer Encoding: chunked"),
        .post(.disguisedName, "Transfer_Encoding: chunked"),
        .post(.controlCharacter, "Transfer-Encoding:\u{0b}chunked"),
        .post(.controlCharacter, "Transfer-Encoding: chunked\u{0c}"),
        .post(.controlCharacter, "Transfer-Encoding: \u{0}chunked"),
        .post(.foldedLine, "Transfer-Encoding:\r\n chunked"),
        .post(.bareLineFeed, "X: y\nTransfer-Encoding: chunked"),
        .post(.bareCarriageReturn, "X: y\rTransfer-Encoding: chunked"),
        Case(.encodingInOldVersion, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ]

    static let lines: [Case] = [
        .post(.foldedLine, "X: a\r\n b"),
        .post(.foldedLine, "X: a\r\n\tContent-Length: 5"),
        Case(.foldedLine, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        .post(.foldedLine, "X: a\r\n \r\nY: b"),
        .post(.noColon, "Content-Length"),
        .post(.emptyName, ": 5"),
        .post(.malformedName, "X(: 5"),
        .post(.malformedName, "\u{feff}Content-Length: 5"),
        .post(.malformedName, "\"X\": 5"),
        .post(.controlCharacter, "X\u{0}: 5"),
        .post(.controlCharacter, "X: \u{0}"),
        .post(.controlCharacter, "X: \u{7f}"),
        .post(.controlCharacter, "X: \u{1b}[2J"),
        .post(.bareCarriageReturn, "X: a\r\r\nY: b"),
        .post(.bareCarriageReturn, "X: a\rb"),
        .post(.bareLineFeed, "X: a\n"),
        Case(.bareLineFeed, "GET / HTTP/1.1\nHost: a\n\n"),
        Case(.bareLineFeed, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        Case(.emptyLineFirst, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.bareLineFeed, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.noHost, "GET / HTTP/1.1\r\n\r\n"),
        Case(.severalHosts, "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"),
        Case(.severalHosts, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        Case(.malformedRequestLine, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(.malformedRequestLine, "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        // HTTP/0.9, and what is not HTTP at all, is seen in the first line and not at a head's end that never comes.
        Case(.malformedRequestLine, "GET /\r\n"),
        Case(.malformedRequestLine, "EHLO mail.example\r\n"),
        Case(.malformedRequestLine, String(repeating: "A", count: 33) + " / HTTP/1.1\r\n"),
        Case(.unknownVersion, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
        Case(.unknownVersion, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        Case(.unknownVersion, "GET / HTTP/11\r\nHost: a\r\n\r\n"),
        Case(.unknownVersion, "GET / http/1.1\r\nHost: a\r\n\r\n"),
        Case(.unknownVersion, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        Case(.unknownVersion, "GET / ICY/1.1\r\nHost: a\r\n\r\n"),
    ]

    @Test("lengths that can be read in two ways are not read", arguments: lengths)
    func length(_ example: Case) { #expect(Walk.log(example.text) == [example.ambiguity.description]) }

    @Test("encodings that can be read in two ways are not read", arguments: encodings)
    func encoding(_ example: Case) { #expect(Walk.log(example.text) == [example.ambiguity.description]) }

    @Test("lines that can be read in two ways are not read", arguments: lines)
    func line(_ example: Case) { #expect(Walk.log(example.text) == [example.ambiguity.description]) }

    static let chunks: [Case] = [
        Case(.malformedChunkSize, "\r\n"), Case(.malformedChunkSize, ";a\r\n"),
        Case(.malformedChunkSize, "0x5\r\nhello\r\n"),
        Case(.malformedChunkSize, "-5\r\n"), Case(.malformedChunkSize, "+5\r\n"), Case(.malformedChunkSize, " 5\r\n"),
        Case(.malformedChunkSize, "5 \r\nhello\r\n"), Case(.malformedChunkSize, "5\t;a\r\n"),
        Case(.malformedChunkSize, "5_0\r\n"),
        Case(.malformedChunkSize, "8000000000000000\r\n"), Case(.malformedChunkSize, "FFFFFFFFFFFFFFFF\r\n"),
        Case(.malformedChunkSize, "10000000000000000\r\n"), Case(.malformedChunkSize, "00000000000000005\r\n"),
        Case(.malformedChunkSize, "5\u{0}\r\n"),
        Case(.bareLineFeed, "5\nhello\r\n0\r\n\r\n"), Case(.bareLineFeed, "5;a\nhello\r\n0\r\n\r\n"),
        Case(.bareLineFeed, "\n"), Case(.bareLineFeed, "0\r\n\n"), Case(.bareLineFeed, "0\r\nX: a\n\r\n"),
        Case(.bareCarriageReturn, "5\rhello"), Case(.bareCarriageReturn, "5;a\rb\r\n"),
        Case(.bareCarriageReturn, "0\r\n\rx"),
        Case(.bareCarriageReturn, "0\r\nX: a\r\r\n"),
        Case(.malformedChunkExtension, "5;a=\u{0}\r\n"), Case(.malformedChunkExtension, "5;\ta\r\n"),
        Case(.malformedChunkExtension, "5;a=\"\u{7f}\"\r\n"),
        Case(.chunkLineTooLong, "5;" + String(repeating: "a", count: 255) + "\r\n"),
        Case(.noChunkEnd, "5\r\nhello0\r\n"), Case(.noChunkEnd, "5\r\nhello\n0\r\n\r\n"),
        Case(.noChunkEnd, "5\r\nhello\r0"),
        Case(.noChunkEnd, "4\r\nhello\r\n"),
        Case(.noColon, "0\r\nGET\r\n\r\n"), Case(.spaceInName, "0\r\nGET / HTTP/1.1\r\n\r\n"),
        Case(.emptyName, "0\r\n: a\r\n\r\n"), Case(.foldedLine, "0\r\nX: a\r\n b\r\n\r\n"),
        Case(.foldedLine, "0\r\n \r\n"),
        Case(.malformedName, "0\r\n(X: a\r\n\r\n"), Case(.controlCharacter, "0\r\nX\u{0}: a\r\n\r\n"),
        Case(.controlCharacter, "0\r\nX: \u{0}\r\n\r\n"),
        Case(.trailersTooLong, "0\r\nX: " + String(repeating: "a", count: 65_536) + "\r\n\r\n"),
        Case(.trailersTooLong, "0\r\n" + String(repeating: "a:\r\n", count: 16_384) + "\r\n"),
    ]

    @Test("chunks that can be read in two ways are not read", arguments: chunks)
    func chunk(_ example: Case) {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Walk.log(head + example.text) == ["POST /, chunked, keeps", example.ambiguity.description])
    }
}
