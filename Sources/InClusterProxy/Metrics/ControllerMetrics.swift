/// What a controller tells of itself.
struct ControllerMetrics: Sendable {
    /// Sessions that it looks after.
    var sessions = 0
    /// How many orders it has answered, by outcome: `done`, `refused`.
    var orders: [String: Int] = [:]
    /// How many dead sessions it has recovered.
    var recoveries = 0
    var apiRequests = 0
    var apiFailures = 0

    /// As Prometheus reads it.
    var text: String {
        var text = MetricsText()
        text.add("controller_sessions", .gauge, "Sessions that the controller looks after.", Double(self.sessions))
        text.add(
            "controller_orders_total", .counter, "Orders of plugins that were answered, by outcome.", label: "outcome",
            ["done", "refused"].map { ($0, Double(self.orders[$0] ?? 0)) })
        text.add(
            "controller_recoveries_total", .counter, "Dead sessions that the controller has recovered.",
            Double(self.recoveries))
        text.add("api_requests_total", .counter, "Requests to the API server.", Double(self.apiRequests))
        text.add(
            "api_errors_total", .counter, "Requests to the API server that failed: no answer, 429, 5xx.",
            Double(self.apiFailures))
        return text.text
    }
}
