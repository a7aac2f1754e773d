import FoundationEssentials
import Kubernetes
import PluginConsole

/// A HAR file that is read, this plugin's or another program's.
struct HARDocument: Sendable {
    /// The largest file, in bytes: 256 MiB, which is some gigabytes when it is read.
    static let maximumByteCount = 256 * 1_048_576

    /// In the order in which they began.
    let requests: [RecordedRequest]

    /// Reads a file.
    ///
    /// - Throws: ``PluginFailure``.
    init(path: String) throws {
        let text: String
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
            guard data.count <= Self.maximumByteCount else {
                throw PluginFailure("\(path) has more than 256 MiB", hint: "record less at once")
            }
            text = String(decoding: data, as: UTF8.self)
        } catch let failure as PluginFailure {
            throw failure
        } catch {
            throw PluginFailure("cannot read \(path)", hint: "see that it is there, and that you may read it")
        }
        guard let document = HARDocument(text: text) else {
            throw PluginFailure(
                "\(path) is no HAR file", hint: "make one with `kubectl tunnel intercept … --record requests.har`")
        }
        self = document
    }

    /// Reads a text; `nil` when it is no HAR. What an ended recorder has left behind a whole document does not count.
    init?(text: String) {
        guard let json = JSONValue(text: text) ?? Self.whole(text).flatMap(JSONValue.init(text:)),
            case .array(let entries)? = json["log"]?["entries"]
        else { return nil }
        let requests = entries.map { RecordedRequest($0) }
        let dates = entries.map { $0["startedDateTime"]?.text.flatMap(MicroTime.date(from:)) ?? .distantPast }
        self.requests = requests.indices.sorted { (dates[$0], $0) < (dates[$1], $1) }.map { requests[$0] }
    }

    private static func whole(_ text: String) -> String? {
        text.firstRange(of: HARFile.tail).map { String(text[..<$0.upperBound]) }
    }
}
