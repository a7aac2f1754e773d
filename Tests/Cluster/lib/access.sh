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
    admin apply --validate=false -f - <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: $namespace}
YAML
    bind_policy "$namespace" "$policy"
    wait_for 30 "service account" admin -n "$namespace" get serviceaccount default
}

# A pod is admitted under a policy that its creator or its own service account may use. Bound is the service account's group, so that it
# counts whoever makes the pod (administrators may use every policy; see README.md).
bind_policy() {
    if ! has_pod_security_policies; then
        admin label --overwrite namespace "$1" "pod-security.kubernetes.io/enforce=$2" >/dev/null
        return
    fi
    admin -n "$1" delete rolebinding pod-security-policy --ignore-not-found >/dev/null
    admin -n "$1" create rolebinding pod-security-policy --clusterrole="pod-security-policy:$2" \
        --group="system:serviceaccounts:$1" >/dev/null
}
