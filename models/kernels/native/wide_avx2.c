/* Exact sums with AVX2.
 *
 * Its products of bytes saturate at 16 bits: 255 * 127 * 2 does not fit. So activations and weights are widened to
 * words, whose products are added in 32 bits.
 */
#include "wide.h"

#include "common.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma GCC target("avx2")

#define KERNEL wrap_wide_avx2
#define ACTIVATION int16_t
#define GROUP 2
#define LANES 8
#define MOST_PIXELS 6
#define MOST_BLOCKS 1
#define AVAILABLE (__builtin_cpu_init(), __builtin_cpu_supports("avx2"))

#define ANY(mask) _mm256_movemask_epi8((__m256i)(mask))

typedef int32_t lanes __attribute__((vector_size(32)));

static ALWAYS_INLINE lanes multiply_add(lanes sums, const int16_t *group, const uint8_t *weights) {
  int32_t two;
  memcpy(&two, group, sizeof two);
  const __m256i factors = _mm256_loadu_si256((const __m256i *)weights);
  return (lanes)_mm256_add_epi32((__m256i)sums, _mm256_madd_epi16(_mm256_set1_epi32(two), factors));
}

#include "wide.inc"
#else
static int available(void) { return 0; }
const wrap_wide_kernel wrap_wide_avx2 = {.available = available};
#endif
