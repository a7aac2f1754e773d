# shellcheck shell=bash
# What pods may be: by pod security policies that are bound in namespaces, or by namespaces' labels.

apply_policies() {
    local manifests=(-f "$here/manifests/names.yaml")
    ! has_pod_security_policies || manifests+=(-f "$here/manifests/policies.yaml")
    # Each call warns that policies are deprecated.
    admin apply --validate=false "${manifests[@]}" >/dev/null 2>"$state/log/policies" || fail "$(cat "$state/log/policies")"
    bind_policy default privileged
    bind_policy kube-system privileged
}

# make_namespace NAME [--restricted] — once made, a namespace keeps its policy only until the next call.
make_namespace() {
    local namespace=$1 policy=privileged
    case ${2:-} in '') ;; --restricted) policy=restricted ;; *) usage ;; esac
    # In one call, since each costs a tenth of a second; the role of a binding cannot be changed.
    { namespace_manifest "$1" "$policy" && binding_manifest "$1" "$policy"; } | admin apply --validate=false -f - ||
        bind_policy "$namespace" "$policy"
    wait_for 30 "service account" admin -n "$namespace" get serviceaccount default
}

bind_policy() {
    has_pod_security_policies || return 0
    admin -n "$1" delete rolebinding pod-security-policy --ignore-not-found >/dev/null
    binding_manifest "$1" "$2" | admin apply --validate=false -f - >/dev/null
}

namespace_manifest() {
    local labels={}
    has_pod_security_policies || labels="{pod-security.kubernetes.io/enforce: $2}"
    cat <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: $1, labels: $labels}
YAML
}

# A pod is admitted under a policy that its creator or its own service account may use. Bound is the service account's group, so that it
# counts whoever makes the pod (administrators may use every policy; see README.md).
binding_manifest() {
    has_pod_security_policies || return 0
    cat <<YAML
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: pod-security-policy, namespace: $1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "pod-security-policy:$2"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:serviceaccounts:$1"}]
YAML
}
