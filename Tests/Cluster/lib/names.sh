# shellcheck shell=bash
# The cluster's name server: BIND behind the usual Service, with zones that follow the cluster (names/feed).

names=$state/names
named=

# What the world outside the cluster is for its name server. Where addresses are refused, a name leads to them.
outside_names() {
    cat <<ZONE
\$TTL 5
. SOA ns.outside.test. hostmaster.outside.test. 1 7200 1800 86400 5
. NS ns.outside.test.
ns.outside.test. A 127.0.0.1
db.outside.test. A $outside_ip
metadata.outside.test. A 169.254.169.254
loopback.outside.test. A 127.0.0.1
node.outside.test. A $node_ip
ZONE
}

prepare_names() {
    local zone
    mkdir -p "$names"
    # AppArmor knows the packaged program by its path, and would keep it from the state's folder.
    named=$cache/named-$(dpkg-query -W -f '${Version}' bind9 | sha256sum | cut -c1-8)
    [ -x "$named" ] || install -m 0755 /usr/sbin/named "$named"
    outside_names >"$names/outside.zone"
    for zone in cluster reverse; do
        printf '$TTL 5\n@ SOA ns.invalid. hostmaster.invalid. 1 7200 1800 86400 5\n@ NS ns.invalid.\n' >"$names/$zone.zone"
    done
    cat >"$names/named.conf" <<CONF
options {
    directory "$names"; pid-file "$names/named.pid"; session-keyfile none; managed-keys-directory "$names";
    listen-on { $node_ip; }; listen-on-v6 { none; };
    recursion yes; allow-recursion { any; }; dnssec-validation no; empty-zones-enable no; minimal-responses no;
    max-cache-ttl 0; max-ncache-ttl 0;
};
controls {};
zone "." { type primary; file "outside.zone"; };
zone "cluster.local" { type primary; file "cluster.zone"; };
zone "in-addr.arpa" { type primary; file "reverse.zone"; };
CONF
}

# Both run on the node; nobody waits for them.
start_names() {
    prepare_names
    start named "$named" -f -n 1 -c "$names/named.conf"
    start names-feed "$here/names/feed" "https://$node_ip:6443" "$pki/ca.crt" "$pki/admin.crt" "$pki/admin.key" "$names" "$(slices_version)"
}
