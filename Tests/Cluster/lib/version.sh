# shellcheck shell=bash
# What differs between versions of Kubernetes, in one place; `version-test` shows each branch.

# The minor version, 20 to the newest.
kubernetes_minor=

# read_version — from the API server that is there ("Kubernetes v1.36.2").
read_version() {
    kubernetes_minor=$("$kubernetes/kube-apiserver" --version | sed -n 's/^Kubernetes v1\.\([0-9]*\)\..*/\1/p')
    [ -n "$kubernetes_minor" ] && [ "$kubernetes_minor" -ge 20 ] || fail "$kubernetes: not a Kubernetes of 1.20 or newer"
}

since() { [ "$kubernetes_minor" -ge "$1" ]; }

# Pod security policies went in 1.25; PodSecurity, which reads labels of namespaces, is on by default since 1.23.
has_pod_security_policies() { ! since 25; }
admission_plugins() { has_pod_security_policies && echo NodeRestriction,PodSecurityPolicy || echo NodeRestriction; }

# Tokens of pods as newer versions have them: projected, bound to the pod, and renewed. Since 1.21 nobody has to ask for it, and later ones
# do not know these names.
token_flags() { since 21 || echo --feature-gates=BoundServiceAccountTokenVolume=true,RootCAConfigMap=true; }

# The only runtime since 1.24; the flag is gone since 1.27.
runtime_flags() { since 27 || echo --container-runtime=remote; }

# Since 1.31 a kubelet can refuse version 1 of control groups, and newer ones do unless told otherwise.
kubelet_cgroup_setting() { ! since 31 || echo 'failCgroupV1: false'; }

# The version of the API group that EndpointSlices are read in.
slices_version() { since 21 && echo v1 || echo v1beta1; }
