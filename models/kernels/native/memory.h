/* Scratch memory of a thread, and the size of the first-level cache. */
#ifndef WRAPMAC_MEMORY_H
#define WRAPMAC_MEMORY_H

#include <stddef.h>

/* Returns at least `bytes` of uninitialised memory, aligned to a page, or NULL. It grows as needed, lives until the
 * thread ends, and is the caller's until the thread's next call. */
void *wrap_scratch(size_t bytes);

/* Bytes of the first-level data cache that tables may take. */
size_t wrap_cache_bytes(void);

#endif
