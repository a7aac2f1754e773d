import NIOHPACK
import Requests

extension RequestHead {
    /// What rules look at in a request of HTTP/2; `nil` for what is none.
    init?(_ headers: HPACKHeaders) {
        guard let method = headers.first(name: ":method"),
            let authority = headers.first(name: ":authority") ?? headers.first(name: "host")
        else { return nil }
        let fields = headers.lazy.filter { !$0.name.hasPrefix(":") && $0.name != "host" }.map {
            (name: $0.name, value: $0.value)
        }
        self.init(
            method: method, target: headers.first(name: ":path") ?? authority, authority: authority, fields: fields)
    }
}
