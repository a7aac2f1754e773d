import Foundation
import Kubernetes
import Session

/// Evaluates the printed admission policies with Google's implementation of CEL, as servers since 1.30 do: the local cluster
/// has none.
struct AdmissionCheck {
    /// A request to the API server, and who makes it.
    struct Attempt {
        /// The account's name in the namespace.
        var account: String
        var operation = "UPDATE"
        var before: JSONValue
        var after = JSONValue.null
    }

    private let policies: String
    private let namespace: String

    /// - Parameter yaml: What `install --admission-policy` prints.
    init(_ yaml: String, namespace: String) async throws {
        self.namespace = namespace
        let file = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".yaml")
        try yaml.write(to: file, atomically: true, encoding: .utf8)
        // kubectl parses the YAML, and needs no cluster for it.
        let words = ["label", "--local", "-f", file.path, "-o", "json", "parsed=yes"]
        let parsed = try await run([Lab.shared.kubectl] + words)
        guard parsed.status == 0 else { throw Missed(description: parsed.error) }
        self.policies = parsed.output
    }

    /// What the policies say to an attempt: the messages of those that deny it.
    func denials(_ attempt: Attempt) async throws -> [String] {
        let input: JSONValue = [
            "operation": .string(attempt.operation), "before": attempt.before, "after": attempt.after,
        ]
        let result = try await run(
            [
                "env", "PYTHONPATH=\(Lab.shared.cel)", "python3", "-c", Self.program, self.policies,
                input.canonicalText, "system:serviceaccount:\(self.namespace):\(attempt.account)",
            ])
        guard result.status == 0 else { throw Missed(description: result.error) }
        return result.output.split(separator: "\n").map(String.init)
    }

    /// POLICIES ATTEMPT USER: prints the message of each rule that does not hold.
    private static let program = """
        import json, sys
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_optional, ext_strings
        decoder, documents, text = json.JSONDecoder(), [], sys.argv[1].strip()
        while text:
            document, end = decoder.raw_decode(text)
            documents += document.get("items", [document])
            text = text[end:].strip()
        attempt = json.loads(sys.argv[2])
        names = ("object", "oldObject", "request", "variables")
        environment = cel.NewEnv(
            variables={name: cel.Type.DYN for name in names},
            extensions=[ext_optional.ExtOptional(), ext_strings.ExtStrings()])
        data = {
            "object": attempt["after"], "oldObject": attempt["before"], "variables": {},
            "request": {"userInfo": {"username": sys.argv[3]}, "operation": attempt["operation"]}}
        def value(expression):
            return environment.compile(expression).eval(data=data).plain_value()
        bound = {d["spec"]["policyName"] for d in documents if d["kind"] == "ValidatingAdmissionPolicyBinding"}
        for policy in documents:
            spec = policy["spec"]
            if policy["metadata"]["name"] not in bound or policy["kind"] != "ValidatingAdmissionPolicy":
                continue
            operations = {o for rule in spec["matchConstraints"]["resourceRules"] for o in rule["operations"]}
            if attempt["operation"] not in operations:
                continue
            if not all(value(condition["expression"]) is True for condition in spec["matchConditions"]):
                continue
            data["variables"] = {}
            for variable in spec.get("variables", []):
                data["variables"][variable["name"]] = value(variable["expression"])
            for rule in spec["validations"]:
                if value(rule["expression"]) is not True:
                    print(rule["message"])
        """
}
