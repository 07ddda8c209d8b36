#define _GNU_SOURCE
#include "CMemory.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Pages that were given back, for the next secrets: most fit one, and to map and lock a page takes microseconds.
enum { resting_max = 64 };
static void *resting[resting_max];
static int resting_count;
static bool is_taken;

static void lock(void) {
    while (__atomic_test_and_set(&is_taken, __ATOMIC_ACQUIRE)) {}
}

static void unlock(void) {
    __atomic_clear(&is_taken, __ATOMIC_RELEASE);
}

static size_t page(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *memory_guarded_make(size_t count) {
    void *memory = NULL;
    if (count <= page()) {
        lock();
        if (resting_count > 0) memory = resting[--resting_count];
        unlock();
    }
    if (memory != NULL) return memory;
    memory = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    // Each is for the better, and none is a reason to do without the memory.
    (void)madvise(memory, count, MADV_DONTDUMP);
    (void)madvise(memory, count, MADV_WIPEONFORK);
    (void)mlock(memory, count);
    return memory;
}

void memory_guarded_end(void *memory, size_t count) {
    explicit_bzero(memory, count);
    bool rests = false;
    if (count <= page()) {
        lock();
        rests = resting_count < resting_max;
        if (rests) resting[resting_count++] = memory;
        unlock();
    }
    if (!rests) (void)munmap(memory, count);
}

void memory_wipe(void *memory, size_t count) {
    explicit_bzero(memory, count);
}
