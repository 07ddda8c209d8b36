// Memory for what nobody may find. Nothing else of the system is here.
#ifndef BEARERPROXY_CMEMORY_H
#define BEARERPROXY_CMEMORY_H

#include <stddef.h>

// Zeroed memory of its own pages: in no core file, zero again in a process that is forked off, and never in the swap as far as
// RLIMIT_MEMLOCK allows. NULL when there is none. `count` is not 0.
void *memory_guarded_make(size_t count);

// Overwrites such memory and gives it back. `count` is what it was made with.
void memory_guarded_end(void *memory, size_t count);

// Overwrites memory with zeros, whatever the compiler thinks of it.
void memory_wipe(void *memory, size_t count);

#endif
