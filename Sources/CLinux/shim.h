// What `import Glibc` does not show of Linux, or shows in a form that Swift cannot call.
#ifndef BEARERPROXY_CLINUX_H
#define BEARERPROXY_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Without _GNU_SOURCE, which the modules of Glibc do not know, accept4 is hidden; its prototype has a union that Swift cannot build.
extern int accept4(int, struct sockaddr *, socklen_t *, int);

static inline int linux_accept(int listener) {
    return accept4(listener, (struct sockaddr *)0, (socklen_t *)0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static inline int linux_bind(int descriptor, const void *address, socklen_t length) {
    return bind(descriptor, (const struct sockaddr *)address, length);
}

static inline int linux_connect(int descriptor, const void *address, socklen_t length) {
    return connect(descriptor, (const struct sockaddr *)address, length);
}

static inline int linux_socket_name(int descriptor, void *address, socklen_t *length) {
    return getsockname(descriptor, (struct sockaddr *)address, length);
}

static inline int linux_peer_name(int descriptor, void *address, socklen_t *length) {
    return getpeername(descriptor, (struct sockaddr *)address, length);
}

// Who connected the Unix socket at the other end; of any other, -1. Glibc hides struct ucred as it does accept4.
struct linux_peer { pid_t process; uid_t user; gid_t group; };

static inline int linux_peer_user(int descriptor, uid_t *user) {
    struct linux_peer peer = {0, (uid_t)-1, (gid_t)-1};
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || length != sizeof peer) return -1;
    *user = peer.user;
    return 0;
}

// Bytes that were sent and that the peer's machine has not confirmed; -1 where that cannot be told.
static inline int linux_unconfirmed_count(int descriptor) {
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) == 0 ? count : -1;
}

// Hidden as accept4 is.
extern int pipe2(int *, int);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
extern char **environ;

static inline int linux_pipe(int *ends) {
    return pipe2(ends, O_CLOEXEC);
}

static inline char **linux_environment(void) {
    return environ;
}

// One number for a time: 64 bits of nanoseconds reach to the year 2262.
static inline long long linux_clock_nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (long long)time.tv_sec * 1000000000LL + time.tv_nsec;
}

#endif
