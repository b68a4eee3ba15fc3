/* Working memory of a thread, which grows as needed and is kept until the thread ends; and the cache. */
#ifndef WRAPMAC_MEMORY_H
#define WRAPMAC_MEMORY_H

#include <stddef.h>

/* At least `bytes`, aligned to a page, with any content; NULL if there is none. A later call of the thread ends its use. */
void *wrap_memory(size_t bytes);

/* Bytes of the first-level cache that tables may take. */
size_t wrap_first_cache(void);

#endif
