#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define DEFAULT_CACHE_BYTES (32 << 10)
#define STREAM_BYTES (2 << 10) /* of the cache, for input and output on their way through */

typedef struct {
  void *start;
  size_t bytes;
} scratch;

static _Thread_local scratch mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void) { pthread_key_create(&key, free); }

void *wrap_scratch(size_t bytes) {
  if (bytes > mine.bytes) {
    pthread_once(&once, make_key);
    free(mine.start);
    bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    mine.start = aligned_alloc(PAGE_BYTES, bytes);
    mine.bytes = mine.start ? bytes : 0;
    pthread_setspecific(key, mine.start); /* freed when the thread ends */
  }
  return mine.start;
}

size_t wrap_cache_bytes(void) {
#ifdef _SC_LEVEL1_DCACHE_SIZE
  static _Atomic long bytes;
  if (!bytes) bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  if (bytes > STREAM_BYTES) return (size_t)bytes - STREAM_BYTES;
#endif
  return DEFAULT_CACHE_BYTES - STREAM_BYTES;
}
