// What Linux offers for namespaces and links, and Swift cannot call: calls with variable arguments, macros and unions.
// All functions return -1 and set errno when they fail.
#ifndef CNAMESPACE_SHIM_H
#define CNAMESPACE_SHIM_H

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    CNAMESPACE_MOUNT = 0x00020000,
    CNAMESPACE_USER = 0x10000000,
    CNAMESPACE_NETWORK = 0x40000000,
    /// The most descriptors in one message.
    CNAMESPACE_MAXIMUM_DESCRIPTORS = 8,
};

static inline int cnamespace_unshare(int flags) {
    return (int)syscall(SYS_unshare, flags);
}

/// Keeps what is mounted from here on from other namespaces.
static inline int cnamespace_make_mounts_private(void) {
    return mount("none", "/", 0, MS_REC | MS_PRIVATE, 0);
}

static inline int cnamespace_mount_tmpfs(const char *target) {
    return mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755");
}

static inline int cnamespace_bind(const char *source, const char *target) {
    return mount(source, target, 0, MS_BIND, 0);
}

/// Takes a mount out of sight; what is bound from it stays.
static inline int cnamespace_detach(const char *target) {
    return umount2(target, MNT_DETACH);
}

static inline int cnamespace_loopback_up(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int result = ioctl(descriptor, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(descriptor, SIOCSIFFLAGS, &request);
    }
    if (result == 0) {
        // An address that is not 127.0.0.1: without any, resolvers that are asked for what the machine can use
        // (AI_ADDRCONFIG) have no IPv4. 198.18.0.0/15 is nobody's (RFC 2544).
        struct sockaddr_in address;
        memset(&address, 0, sizeof address);
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(0xC6120001);
        memset(&request, 0, sizeof request);
        strcpy(request.ifr_name, "lo:1");
        memcpy(&request.ifr_addr, &address, sizeof address);
        result = ioctl(descriptor, SIOCSIFADDR, &request);
    }
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result;
}

/// `ip route add local default dev lo`: every IPv4 address is this namespace's own.
static inline int cnamespace_route_everything_to_loopback(void) {
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr attribute;
        int link;
    } request;
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[256];
    } response;
    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    request.route.rtm_family = AF_INET;
    request.route.rtm_table = RT_TABLE_LOCAL;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_HOST;
    request.route.rtm_type = RTN_LOCAL;
    request.attribute.rta_type = RTA_OIF;
    request.attribute.rta_len = RTA_LENGTH(sizeof request.link);
    request.link = 1;  // lo is the first link of every network namespace.

    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return -1;
    long count = send(descriptor, &request, sizeof request, 0);
    if (count >= 0) count = recv(descriptor, &response, sizeof response, 0);
    int reason = errno;
    close(descriptor);
    if (count < 0) {
        errno = reason;
        return -1;
    }
    if (count < (long)(sizeof response.header + sizeof response.error) || response.header.nlmsg_type != NLMSG_ERROR) {
        errno = EPROTO;
        return -1;
    }
    errno = -response.error.error;
    return response.error.error == 0 ? 0 : -1;
}

/// Lets programs that are started from here on change the namespace's network, whatever their user, or no longer.
static inline int cnamespace_hand_down_network_rights(int is_on) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (!is_on) return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    data[0].inheritable |= 1u << CAP_NET_ADMIN;
    if (syscall(SYS_capset, &header, data) != 0) return -1;
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
}

/// An address of IPv4, as a number, or of IPv6, where only ::1 and :: are needed.
static inline socklen_t cnamespace_address(
    struct sockaddr_storage *storage, int is_ipv6, int is_loopback, unsigned short port
) {
    memset(storage, 0, sizeof *storage);
    if (is_ipv6) {
        struct sockaddr_in6 *address = (struct sockaddr_in6 *)storage;
        address->sin6_family = AF_INET6;
        address->sin6_port = htons(port);
        if (is_loopback) address->sin6_addr = in6addr_loopback;
        return sizeof *address;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)storage;
    address->sin_family = AF_INET;
    address->sin_port = htons(port);
    if (is_loopback) address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof *address;
}

/// Binds a socket to loopback, or to every address of its family.
static inline int cnamespace_bind_socket(int descriptor, int is_ipv6, int is_loopback, unsigned short port) {
    struct sockaddr_storage storage;
    socklen_t size = cnamespace_address(&storage, is_ipv6, is_loopback, port);
    return bind(descriptor, (struct sockaddr *)&storage, size);
}

static inline int cnamespace_connect_to_loopback(int descriptor, int is_ipv6, unsigned short port) {
    struct sockaddr_storage storage;
    socklen_t size = cnamespace_address(&storage, is_ipv6, 1, port);
    return connect(descriptor, (struct sockaddr *)&storage, size);
}

/// The port that a socket is bound to.
static inline int cnamespace_port(int descriptor) {
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &size) != 0) return -1;
    return storage.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&storage)->sin6_port)
                                         : ntohs(((struct sockaddr_in *)&storage)->sin_port);
}

/// Lets a socket be given connections to any address.
static inline int cnamespace_make_transparent(int descriptor, int is_ipv6) {
    int on = 1;
    return is_ipv6 ? setsockopt(descriptor, IPPROTO_IPV6, 75 /* IPV6_TRANSPARENT */, &on, sizeof on)
                   : setsockopt(descriptor, IPPROTO_IP, 19 /* IP_TRANSPARENT */, &on, sizeof on);
}

/// A pipe that no child inherits by chance.
static inline int cnamespace_pipe(int ends[2]) {
    return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

/// A new link (TUN) that is there for as long as its descriptor is open: it is not persistent.
/// EBUSY says that another process has a link of that name.
static inline int cnamespace_open_link(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = 0x0001 /* IFF_TUN */ | 0x1000 /* IFF_NO_PI */;
    int descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return -1;
    if (ioctl(descriptor, _IOW('T', 202, int) /* TUNSETIFF */, &request) == 0) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

static inline void cnamespace_fill_address(struct sockaddr *storage, unsigned int address) {
    struct sockaddr_in in;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(address);
    memcpy(storage, &in, sizeof in);
}

/// Gives a link one address, in host order, that is a network by itself, and brings it up.
static inline int cnamespace_start_link(const char *name, unsigned int address) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    cnamespace_fill_address(&request.ifr_addr, address);
    int result = ioctl(descriptor, SIOCSIFADDR, &request);
    if (result == 0) {
        cnamespace_fill_address(&request.ifr_netmask, 0xFFFFFFFF);
        result = ioctl(descriptor, SIOCSIFNETMASK, &request);
    }
    if (result == 0) result = ioctl(descriptor, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(descriptor, SIOCSIFFLAGS, &request);
    }
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result;
}

/// Whether this machine has a way to an address, in host order, whoever is there.
static inline int cnamespace_has_route(unsigned int address) {
    struct sockaddr_storage storage;
    socklen_t size = cnamespace_address(&storage, 0, 0, 9);
    ((struct sockaddr_in *)&storage)->sin_addr.s_addr = htonl(address);
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return 1;
    // A datagram socket that is connected sends nothing; the kernel only chooses the route.
    int result = connect(descriptor, (struct sockaddr *)&storage, size);
    close(descriptor);
    return result == 0;
}

/// A route to a range of addresses, in host order, by a link; it goes with the link.
static inline int cnamespace_add_route(const char *link, unsigned int address, unsigned int mask) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct rtentry route;
    char name[IFNAMSIZ] = "";
    strncpy(name, link, IFNAMSIZ - 1);
    memset(&route, 0, sizeof route);
    cnamespace_fill_address(&route.rt_dst, address & mask);
    cnamespace_fill_address(&route.rt_genmask, mask);
    route.rt_flags = mask == 0xFFFFFFFF ? RTF_UP | RTF_HOST : RTF_UP;
    route.rt_dev = name;
    int result = ioctl(descriptor, SIOCADDRT, &route);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result;
}

/// A descriptor that can be read when a child has ended; the signal itself does nothing any more.
static inline int cnamespace_child_descriptor(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &signals, 0) != 0) return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// Closes what was left open by mistake; kernels before 5.9 cannot.
static inline void cnamespace_close_from(int first) {
#ifdef SYS_close_range
    (void)syscall(SYS_close_range, first, ~0u, 0);
#endif
}

/// Sends a message with descriptors.
static inline long cnamespace_send(int socket, const void *bytes, size_t size, const int *descriptors, int count) {
    struct iovec part = {(void *)bytes, size};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * CNAMESPACE_MAXIMUM_DESCRIPTORS)];
    } control;
    struct msghdr message;
    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (count > CNAMESPACE_MAXIMUM_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (size_t)count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/// Receives a message; `descriptors` has room for CNAMESPACE_MAXIMUM_DESCRIPTORS.
static inline long cnamespace_receive(int socket, void *bytes, size_t size, int *descriptors, int *count) {
    struct iovec part = {bytes, size};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * CNAMESPACE_MAXIMUM_DESCRIPTORS)];
    } control;
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    *count = 0;
    long received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        *count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(header), sizeof(int) * (size_t)*count);
    }
    return received;
}

#endif
#endif
