import Foundation
import Testing

/// A static program, with musl's resolver: gets `/` from a host, on a port or 80, and prints the first word.
struct MuslProgram: Sendable {
    let path: String

    static func make() async throws -> MuslProgram {
        let folder = "/tmp/kt-musl-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try """
        #include <netdb.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <unistd.h>
        int main(int count, char **words) {
            struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
            if (count < 2 || getaddrinfo(words[1], count > 2 ? words[2] : "80", &hints, &found) != 0) return 1;
            for (; found; found = found->ai_next) {
                int connection = socket(found->ai_family, SOCK_STREAM, 0);
                if (connect(connection, found->ai_addr, found->ai_addrlen) != 0) continue;
                dprintf(connection, "GET / HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n", words[1]);
                char answer[4096] = "";
                for (size_t size = 0; size < sizeof answer - 1;) {
                    ssize_t more = read(connection, answer + size, sizeof answer - 1 - size);
                    if (more <= 0) break;
                    size += more;
                }
                char *body = strstr(answer, "\\r\\n\\r\\n");
                return body ? puts(strtok(body + 4, " \\n")) < 0 : 2;
            }
            return 3;
        }
        """.write(toFile: folder + "/get.c", atomically: true, encoding: .utf8)
        let made = try await run(["musl-gcc", "-static", "-O1", "-o", folder + "/get", folder + "/get.c"])
        #expect(made.status == 0, "\(made.everything)")
        return MuslProgram(path: folder + "/get")
    }

    func remove() { try? FileManager.default.removeItem(atPath: (self.path as NSString).deletingLastPathComponent) }
}
