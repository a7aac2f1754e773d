# shellcheck shell=bash
# Keys, certificates and kubeconfig files.

pki=$state/pki

make_pki() {
    mkdir -m 0700 "$pki"
    new_key ca
    openssl req -x509 -key "$pki/ca.key" -out "$pki/ca.crt" -days 30 -subj /CN=cluster-ca
    new_key service-accounts
    openssl ec -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub" 2>/dev/null

    certificate apiserver /CN=kube-apiserver "IP:$node_ip,IP:127.0.0.1,IP:$kubernetes_ip,DNS:localhost,$(
        printf 'DNS:%s,' kubernetes kubernetes.default kubernetes.default.svc
    )DNS:kubernetes.default.svc.cluster.local"
    kubelet_certificate
    certificate apiserver-kubelet /O=system:masters/CN=apiserver-kubelet
    certificate controller-manager /CN=system:kube-controller-manager
    certificate scheduler /CN=system:kube-scheduler
    certificate proxy /CN=system:kube-proxy
    # Rights are only tested by another client who is not an administrator. Nobody has given carol any.
    certificate admin /O=system:masters/CN=admin
    certificate alice /O=developers/CN=alice
    certificate bob /O=developers/CN=bob
    certificate carol /CN=carol

    local user
    for user in controller-manager scheduler proxy admin alice bob carol; do write_kubeconfig "$user"; done
}

kubelet_certificate() {
    certificate "kubelet$suffix" "/O=system:nodes/CN=system:node:$node_name" "IP:$node_ip,DNS:$node_name"
    write_kubeconfig "kubelet$suffix"
}

write_kubeconfig() {
    kubeconfig "$1" >"$state/kubeconfig/$1"
    chmod 0600 "$state/kubeconfig/$1"
}

# Elliptic curves, because a dozen RSA keys take seconds.
new_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key"
}

# certificate NAME SUBJECT [ALTERNATIVE_NAMES]
certificate() {
    new_key "$1"
    openssl req -new -key "$pki/$1.key" -subj "$2" |
        openssl x509 -req -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 -out "$pki/$1.crt" \
            -extfile <(printf 'extendedKeyUsage=clientAuth,serverAuth\n%s' "${3:+subjectAltName=$3}") 2>/dev/null
}

# kubeconfig USER — with a second context, `other`, whose server does not answer.
kubeconfig() {
    local authority
    authority=$(base64 -w0 "$pki/ca.crt")
    cat <<YAML
apiVersion: v1
kind: Config
clusters:
- name: local
  cluster: {server: "https://$server_ip:6443", certificate-authority-data: "$authority"}
- name: other
  cluster: {server: "https://$server_ip:6444", certificate-authority-data: "$authority"}
users:
- name: $1
  user:
    client-certificate-data: "$(base64 -w0 "$pki/$1.crt")"
    client-key-data: "$(base64 -w0 "$pki/$1.key")"
contexts:
- name: local
  context: {cluster: local, user: $1}
- name: other
  context: {cluster: other, user: $1}
current-context: local
YAML
}
