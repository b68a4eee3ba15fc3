/* Working memory of a thread: grows as needed, is kept until the thread ends. */
#ifndef WRAPMAC_MEMORY_H
#define WRAPMAC_MEMORY_H

#include <stddef.h>

/* At least `bytes`, aligned to a page, with any content; NULL if there is none. A later call of the thread ends its use. */
void *wrap_memory(size_t bytes);

#endif
