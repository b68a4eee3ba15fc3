/* A pool of threads for short jobs. */
#ifndef WRAPMAC_POOL_H
#define WRAPMAC_POOL_H

/* Calls job(argument, i) for each i below `parts`, in up to `parts` threads; returns when all are done.
 * While another caller uses the pool, the calling thread does all itself. */
void wrap_in_parallel(void (*job)(void *argument, int part), void *argument, int parts);

#endif
