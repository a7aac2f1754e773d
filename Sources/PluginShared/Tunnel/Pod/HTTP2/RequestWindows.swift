/// What the windows of all HTTP/2 requests of an end may hold together; on its event loop only.
final class RequestWindows {
    /// 64 KiB for each stream, as HTTP/2 has it unless told otherwise and as a request is kept for a replay; and 16 MiB for those that
    /// move much, an eighth of the pod's memory.
    var budget = WindowBudget(initialWindow: HTTP2Configuration.defaultWindow, limit: 16 * 1_048_576)
}
