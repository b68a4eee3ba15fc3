#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096
#define USUAL_CACHE (32 << 10)
#define STREAMS (2 << 10) /* of it, for input and output on their way */

typedef struct {
  void *start;
  size_t bytes;
} memory;

static _Thread_local memory mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void) { pthread_key_create(&key, free); }

void *wrap_memory(size_t bytes) {
  if (bytes > mine.bytes) {
    pthread_once(&once, make_key);
    free(mine.start);
    bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    mine.start = aligned_alloc(PAGE, bytes);
    mine.bytes = mine.start ? bytes : 0;
    pthread_setspecific(key, mine.start); /* freed when the thread ends */
  }
  return mine.start;
}

size_t wrap_first_cache(void) {
#ifdef _SC_LEVEL1_DCACHE_SIZE
  static _Atomic long bytes;
  if (!bytes) bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  if (bytes > STREAMS) return (size_t)bytes - STREAMS;
#endif
  return USUAL_CACHE - STREAMS;
}
