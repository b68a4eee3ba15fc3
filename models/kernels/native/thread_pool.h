/* A thread pool for short jobs. */
#ifndef WRAPMAC_THREAD_POOL_H
#define WRAPMAC_THREAD_POOL_H

#include <stdint.h>

/* Calls job(argument, i) for each i below `parts`, on up to `parts` threads, and returns when all are done.
 * While another caller uses the pool, the calling thread runs all parts itself. */
void wrap_in_parallel(void (*job)(void *argument, int part), void *argument, int parts);

/* How many parts a job of `pieces`, all of them `numbers`, is worth: so many that waking a thread for one pays. */
int wrap_parts(int64_t pieces, int64_t numbers, int threads);

#endif
