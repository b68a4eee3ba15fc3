/* Exact sums without further instructions: with SSE2, which every x86-64 processor has, or what the compiler makes of
 * vectors of 16 bytes. */
#include "wide.h"

#include "common.h"

#define KERNEL wrap_wide_plain
#define ACTIVATION int16_t
#define LANES 4
#define MOST_BLOCKS 1
#define AVAILABLE 1

typedef int32_t lanes __attribute__((vector_size(16)));

#ifdef __SSE2__
#include <emmintrin.h>
#define GROUP 2
#define MOST_PIXELS 3
#define ANY(mask) _mm_movemask_epi8((__m128i)(mask))

static ALWAYS_INLINE lanes multiply_add(lanes sums, const int16_t *group, const uint8_t *weights) {
  int32_t two;
  memcpy(&two, group, sizeof two);
  const __m128i factors = _mm_loadu_si128((const __m128i *)weights);
  return (lanes)_mm_add_epi32((__m128i)sums, _mm_madd_epi16(_mm_set1_epi32(two), factors));
}
#else
#define GROUP 1
#define MOST_PIXELS 2
#define ANY(mask) ((mask)[0] | (mask)[1] | (mask)[2] | (mask)[3])

typedef int16_t words __attribute__((vector_size(8)));

static ALWAYS_INLINE lanes multiply_add(lanes sums, const int16_t *group, const uint8_t *weights) {
  words factors;
  memcpy(&factors, weights, sizeof factors);
  const words same = (words){0} + *group;
  return sums + __builtin_convertvector(same, lanes) * __builtin_convertvector(factors, lanes);
}
#endif

#include "wide.inc"
