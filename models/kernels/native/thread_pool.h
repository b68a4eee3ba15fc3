/* A thread pool for short jobs. */
#ifndef WRAPMAC_THREAD_POOL_H
#define WRAPMAC_THREAD_POOL_H

#include <stdint.h>

/* Calls job(argument, i) for each i below `parts`, on up to `parts` threads, and returns when all are done.
 * While another caller uses the pool, the calling thread runs all parts itself. */
void wrap_in_parallel(void (*job)(void *argument, int part), void *argument, int parts);

/* Parts for a job of `pieces` that cannot be divided, of `numbers` numbers in all: few enough for each to be worth a
 * thread's waking. */
int wrap_parts(int64_t pieces, int64_t numbers, int threads);

#endif
