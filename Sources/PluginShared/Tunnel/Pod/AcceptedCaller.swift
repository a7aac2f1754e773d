/// A caller that was accepted just now.
struct AcceptedCaller {
    /// The number of its connection, which no other of the pod has.
    let id: UInt64
    let port: ProxyPort
    let pipe: SocketPipe
    /// Its IP address; `unknown` where the kernel does not tell.
    let host: String
    /// Its address with its port, for people.
    let address: String
}
