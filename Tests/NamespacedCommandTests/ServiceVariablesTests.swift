import Names
import Testing

@testable import NamespacedCommand

@Suite struct ServiceVariablesTests {
    private static let search = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]

    @Test("the variables that a pod has for Services are their names in its namespace")
    func names() {
        let environment = [
            "WEB_API_SERVICE_HOST": "10.96.0.20", "KUBERNETES_SERVICE_HOST": "10.96.0.1", "WEB_SERVICE_PORT": "80",
            "DB_SERVICE_HOST": "db.example.com", "_SERVICE_HOST": "10.96.0.3", "HOME": "/root",
            "X--Y_SERVICE_HOST": "fd00::1",
        ]
        let names = ServiceVariables.names(in: environment, search: Self.search).map(\.description)
        #expect(
            names.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } == [
                "kubernetes.default.svc.cluster.local", "web-api.shop.svc.cluster.local",
                "x--y.shop.svc.cluster.local",
            ])
        #expect(ServiceVariables.names(in: environment, search: []).isEmpty)
    }

    @Test("no more than 200 are looked up")
    func most() {
        let environment = Dictionary(uniqueKeysWithValues: (0..<300).map { ("S\($0)_SERVICE_HOST", "10.96.1.1") })
        #expect(ServiceVariables.names(in: environment, search: Self.search).count == 200)
    }
}
