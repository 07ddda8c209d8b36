// What `import Glibc` does not show of Linux, or shows in a form that Swift cannot call.
#ifndef BEARERPROXY_CLINUX_H
#define BEARERPROXY_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Without _GNU_SOURCE, which the modules of Glibc do not know, accept4 is hidden; its prototype has a union that Swift cannot build.
extern int accept4(int, struct sockaddr *, socklen_t *, int);

// Hidden likewise; of its structure, which has more at its end, this is what is used here.
struct linux_loaded_object {
    ElfW(Addr) address;
    const char *name;
    const ElfW(Phdr) *segments;
    ElfW(Half) segment_count;
};
extern int dl_iterate_phdr(int (*)(struct linux_loaded_object *, size_t, void *), void *);

static inline int linux_accept(int listener) {
    return accept4(listener, (struct sockaddr *)0, (socklen_t *)0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// Of more than 1,024 cores, 1,024.
static inline int linux_usable_cores(void) {
    unsigned char set[128];
    long count = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
    int cores = 0;
    for (long index = 0; index < count; index++) cores += __builtin_popcount(set[index]);
    return count < 0 && errno == EINVAL ? 1024 : cores;
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

// A function with a variable number of arguments is none that Swift can call.
static inline int linux_set_process_option(int option, unsigned long value) {
    return prctl(option, value, 0UL, 0UL, 0UL);
}

static inline int linux_process_option(int option) {
    return prctl(option, 0UL, 0UL, 0UL, 0UL);
}

// Names a file without opening it, and follows no link at its end if `follows` is 0.
static inline int linux_open_path(const char *path, int follows) {
    const int path_only = 010000000;
    return open(path, path_only | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW));
}

// Hidden as accept4 is.
extern int setresuid(uid_t, uid_t, uid_t);
extern int setresgid(gid_t, gid_t, gid_t);
extern int getresuid(uid_t *, uid_t *, uid_t *);
extern int getresgid(gid_t *, gid_t *, gid_t *);

// Gives a file away that linux_open_path has named, for which fchown is refused. The greatest number leaves user or group as it is.
static inline int linux_give_away(int descriptor, uid_t user, gid_t group) {
    const int empty_path = 0x1000;
    return fchownat(descriptor, "", user, group, empty_path);
}

// The capabilities that the calling thread has or could take, or all of them where that cannot be told.
static inline uint64_t linux_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &header, data) != 0) return ~(uint64_t)0;
    return (uint64_t)(data[1].effective | data[1].permitted) << 32 | data[0].effective | data[0].permitted;
}

// Landlock. The libraries have no functions for it, and the headers of older systems do not know all of it; the numbers are the
// same on every architecture. Unknown members that are 0 are no fault to an older kernel.
struct linux_landlock_ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

struct linux_landlock_path {
    uint64_t rights;
    int32_t descriptor;
} __attribute__((packed));

static inline int linux_landlock_version(void) {
    return (int)syscall(444, (void *)0, (size_t)0, 1U);
}

static inline int linux_landlock_make(uint64_t files, uint64_t network, uint64_t scopes) {
    struct linux_landlock_ruleset ruleset = {files, network, scopes};
    return (int)syscall(444, &ruleset, sizeof ruleset, 0U);
}

static inline int linux_landlock_allow(int ruleset, int descriptor, uint64_t rights) {
    struct linux_landlock_path path = {rights, descriptor};
    return (int)syscall(445, ruleset, 1, &path, 0U);
}

static inline int linux_landlock_restrict(int ruleset) {
    return (int)syscall(446, ruleset, 0U);
}

// One number for a time: 64 bits of nanoseconds reach to the year 2262.
static inline long long linux_clock_nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (long long)time.tv_sec * 1000000000LL + time.tv_nsec;
}

// Free pages inside the heap go back to the system, too, which free does for the end of the heap alone.
static inline void linux_release_free_memory(void) {
    malloc_trim(0);
}

// Of one loaded object: gives back the pages that are as they stand in its file. What is used again is read again.
static int linux_release_object(struct linux_loaded_object *object, size_t size, void *data) {
    (void)size;
    unsigned long mask = (unsigned long)sysconf(_SC_PAGESIZE) - 1;
    for (int index = 0; index < object->segment_count; index++) {
        const ElfW(Phdr) *segment = &object->segments[index];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        unsigned long start = (object->address + segment->p_vaddr) & ~mask;
        unsigned long end = (object->address + segment->p_vaddr + segment->p_memsz + mask) & ~mask;
        if (madvise((void *)start, end - start, MADV_DONTNEED) == 0) *(long *)data += (long)(end - start);
    }
    return 0;
}

static inline long linux_release_program_pages(void) {
    long count = 0;
    dl_iterate_phdr(linux_release_object, &count);
    return count;
}

#endif
