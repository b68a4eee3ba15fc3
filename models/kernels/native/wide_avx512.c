/* Exact sums with AVX-512 VNNI: one instruction multiplies four bytes of 16 filters and adds the products in 32 bits. */
#include "wide.h"

#include "common.h"

/* WRAP_EMULATE_VNNI: the instruction in plain C, to test what surrounds it on machines without it. */
#if defined(__x86_64__) && !defined(WRAP_EMULATE_VNNI)
#include <immintrin.h>
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")
#endif

#if defined(__x86_64__)

#define KERNEL wrap_wide_avx512
#define ACTIVATION uint8_t
#define GROUP 4
#define LANES 16
#define MOST_PIXELS 6
#define MOST_BLOCKS 4

typedef int32_t lanes __attribute__((vector_size(64)));

#ifdef WRAP_EMULATE_VNNI
#pragma GCC diagnostic ignored "-Wpsabi" /* no other file calls functions that take vectors */
#define AVAILABLE 1
#define ANY(mask) any_lane(mask)

static __attribute__((noinline)) int any_lane(lanes mask) {
  int any = 0;
  for (int lane = 0; lane < LANES; lane++) any |= mask[lane];
  return any;
}

static __attribute__((noinline)) lanes multiply_add(lanes sums, const uint8_t *group, const uint8_t *weights) {
  for (int lane = 0; lane < LANES; lane++)
    for (int i = 0; i < GROUP; i++) sums[lane] += group[i] * (int8_t)weights[lane * GROUP + i];
  return sums;
}
#else
#define AVAILABLE \
  (__builtin_cpu_init(), __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && \
                             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))

#define ANY(mask) _mm512_test_epi32_mask((__m512i)(mask), (__m512i)(mask))

static ALWAYS_INLINE lanes multiply_add(lanes sums, const uint8_t *group, const uint8_t *weights) {
  int32_t four;
  memcpy(&four, group, sizeof four);
  return (lanes)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32(four), _mm512_loadu_si512(weights));
}
#endif

#include "wide.inc"
#else
static int available(void) { return 0; }
const wrap_wide_kernel wrap_wide_avx512 = {.available = available};
#endif
