/* Idle threads poll for a job for some microseconds, since layers follow one another closely, then sleep.
 *
 * The number of a job and the count of its parts that nobody has taken share one atomic word, so that a late thread
 * cannot take a part of a job that it has not seen.
 */
#define _GNU_SOURCE
#include "thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define MOST_THREADS 256
#define POLLING_NS 50000   /* before a thread sleeps */
#define POLLS_PER_CLOCK 64 /* polls between two readings of the clock */
#define PART_NUMBERS 8192  /* worth waking a thread for */

static pthread_mutex_t in_use = PTHREAD_MUTEX_INITIALIZER; /* held by the caller whose job runs */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static atomic_uint_fast64_t open_parts; /* number of the job << 32 | parts that nobody has taken */
static atomic_int unfinished;           /* parts that are taken or open */
static atomic_int sleepers;
static int started; /* threads of the pool; callers bring their own */
static void (*job)(void *, int);
static void *job_argument;

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Takes and runs parts of the job until none is open. */
static void work(void) {
  uint_fast64_t seen = atomic_load(&open_parts);
  while ((uint32_t)seen) {
    if (!atomic_compare_exchange_weak(&open_parts, &seen, seen - 1)) continue;
    job(job_argument, (int)(uint32_t)seen - 1);
    atomic_fetch_sub(&unfinished, 1);
    seen = atomic_load(&open_parts);
  }
}

static int has_work(void) { return (uint32_t)atomic_load(&open_parts) != 0; }

static void wait_for_work(void) {
  for (int64_t end = now_ns() + POLLING_NS; now_ns() < end;)
    for (int poll = 0; poll < POLLS_PER_CLOCK; poll++) {
      if (has_work()) return;
      relax();
    }
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&sleepers, 1);
  while (!has_work()) pthread_cond_wait(&wake, &lock);
  atomic_fetch_sub(&sleepers, 1);
  pthread_mutex_unlock(&lock);
}

static void *live(void *nothing) {
  for (;;) {
    wait_for_work();
    work();
  }
  return nothing;
}

/* A forked child inherits none of its parent's threads. */
static void forget_threads(void) {
  started = 0;
  atomic_store(&sleepers, 0);
  atomic_store(&open_parts, 0);
  pthread_mutex_init(&in_use, NULL);
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&wake, NULL);
}

static void start_threads(int wanted) {
  static int watching;
  if (!watching) watching = !pthread_atfork(NULL, NULL, forget_threads);
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  for (pthread_t thread; started < wanted && started < MOST_THREADS; started++)
    if (pthread_create(&thread, &detached, live, NULL)) break; /* the other threads run its parts */
  pthread_attr_destroy(&detached);
}

void wrap_in_parallel(void (*todo)(void *, int), void *argument, int parts) {
  if (parts < 2 || pthread_mutex_trylock(&in_use)) {
    for (int part = 0; part < parts; part++) todo(argument, part);
    return;
  }
  start_threads(parts - 1);
  job = todo;
  job_argument = argument;
  atomic_store(&unfinished, parts);
  uint_fast64_t number = (atomic_load(&open_parts) >> 32) + 1;
  atomic_store(&open_parts, number << 32 | (uint32_t)parts);
  if (atomic_load(&sleepers)) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
  }
  work();
  while (atomic_load(&unfinished)) relax();
  pthread_mutex_unlock(&in_use);
}

int wrap_parts(int64_t pieces, int64_t numbers, int threads) {
  int64_t parts = numbers / PART_NUMBERS + 1;
  if (parts > pieces) parts = pieces;
  return parts < threads ? (int)parts : threads;
}
