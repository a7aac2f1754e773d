import Session
import Tunnel

/// What a proxy tells of itself. Traffic, causes and reasons, and nobody's name.
struct ProxyMetrics: Sendable {
    /// Sessions that have the tunnel, by kind.
    var sessions: [String: Int] = [:]
    /// By the Event's reason: how often this pod has restored the Service.
    var restores: [String: Int] = [:]
    var apiRequests = 0
    var apiFailures = 0
    var figures: PodFigures

    /// As Prometheus reads it.
    var text: String {
        var text = MetricsText()
        text.add(
            "sessions", .gauge, "Sessions that have the tunnel, by kind.", label: "kind",
            ["mirror", "rule", "whole"].map { ($0, Double(self.sessions[$0] ?? 0)) })
        text.add("links", .gauge, "Laptops that are connected.", Double(self.figures.roundTrips.count))
        let answerers = [("laptop", self.figures.laptopTotal), ("origin", self.figures.origin)]
        func by(_ value: (Traffic) -> Int) -> [(label: String, value: Double)] {
            answerers.map { ($0.0, Double(value($0.1))) }
        }
        text.add(
            "connections_total", .counter, "Connections of callers, by who answered.", label: "answered_by",
            by(\.connections))
        text.add(
            "received_bytes_total", .counter, "Bytes from callers, by who answered.", label: "answered_by",
            by(\.received))
        text.add("sent_bytes_total", .counter, "Bytes to callers, by who answered.", label: "answered_by", by(\.sent))
        text.add("open_connections", .gauge, "Connections of callers that are open.", Double(self.figures.open))
        text.add(
            "passed_through_total", .counter, "Connections that went to the original pods, by reason.", label: "reason",
            PassThroughReason.allCases.map { ($0.rawValue, Double(self.figures.passedThrough[$0] ?? 0)) })
        text.add("copies_total", .counter, "Copies that mirrors have taken.", Double(self.figures.mirrorTotal.copies))
        text.add(
            "copied_bytes_total", .counter, "Bytes of copies for mirrors.", Double(self.figures.mirrorTotal.byteCount))
        text.add(
            "waiting_copies_bytes", .gauge, "Memory of copies that laptops have not taken yet.",
            Double(self.figures.copiesWaiting))
        text.add(
            "lost_copies_total", .counter, "Copies that mirrors did not get, or not as a whole, by reason.",
            label: "reason",
            CopyLoss.allCases.map { ($0.rawValue, Double(self.figures.mirrorTotal.lost[$0] ?? 0)) })
        let slowest = self.figures.roundTrips.values.max().map { $0 / .seconds(1) }
        if let slowest {
            text.add("link_round_trip_seconds", .gauge, "The last round trip of the slowest laptop's link.", slowest)
        }
        text.add(
            "restores_total", .counter, "How often this pod has restored the Service, by cause.", label: "cause",
            self.restores.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) })
        text.add("api_requests_total", .counter, "Requests to the API server.", Double(self.apiRequests))
        text.add(
            "api_errors_total", .counter, "Requests to the API server that failed: no answer, 429, 5xx.",
            Double(self.apiFailures))
        return text.text
    }
}
