/* AVX2: 32 lanes of 8 bits, or 16 of 16; a table is 16 bytes, in both halves of a register. */
#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx2")
#include <immintrin.h>

#include "common.h"

typedef __m256i vector;
typedef __m256i half;
typedef __m256i wide;

#define KEEP(value) __asm__("" : "+x"(value))
#define vector_zero _mm256_setzero_si256
#define vector_load(place) _mm256_loadu_si256((const __m256i *)(place))
#define vector_store(place, value) _mm256_storeu_si256((__m256i *)(place), value)
#define vector_xor _mm256_xor_si256
#define half_load(place, count) load_bytes(place, count, BATCH * GROUP)
#define SIDES 2
#define MOST_CHANNELS 16
#define TILES(NARROW, WIDE) NARROW(8) NARROW(7) WIDE(4)
#define WIDEST 8
#define OVERHEAD 3
#define table __m256i
#define table_load load_table
#define look_up(found, index) _mm256_shuffle_epi8(found, index)
#define half_choose _mm256_shuffle_epi8

static ALWAYS_INLINE table load_table(const uint8_t *place) {
  table value = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)place));
  KEEP(value);
  return value;
}

/* Activations that make the sums of a digit: which byte, and 1, 0 or -1. */
typedef struct {
  __m256i byte, sign;
} half_digit;

/* `count` bytes in both sides. They are `most`, a constant, except at the end. */
static ALWAYS_INLINE half load_bytes(const uint8_t *place, int count, const int most) {
  uint64_t bytes[2] = {0, 0};
  if (count == 16) return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)place));
  if (count == most && most == 6) { /* in two parts, as copying them in memory would stall */
    uint32_t low;
    uint16_t high;
    memcpy(&low, place, sizeof low);
    memcpy(&high, place + sizeof low, sizeof high);
    bytes[0] = low | (uint64_t)high << 32;
  } else if (count == most) {
    memcpy(bytes, place, most);
  } else {
    memcpy(bytes, place, count);
  }
  return _mm256_broadcastsi128_si256(_mm_set_epi64x((long long)bytes[1], (long long)bytes[0]));
}

static ALWAYS_INLINE void half_store(uint8_t *place, size_t distance, half tables) {
  _mm_store_si128((__m128i *)place, _mm256_castsi256_si128(tables));
  _mm_store_si128((__m128i *)(place + distance), _mm256_extracti128_si256(tables, 1));
}

static ALWAYS_INLINE void store_narrowed(uint8_t *place, __m256i bytes_in_16_bits) {
  __m256i packed = _mm256_packus_epi16(bytes_in_16_bits, bytes_in_16_bits);
  _mm_storeu_si128((__m128i *)place, _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 8)));
}

static ALWAYS_INLINE wide wide_scale(wide value, wide multiplier, wide bias, int shift) {
  value = _mm256_adds_epi16(_mm256_mulhrs_epi16(value, multiplier), bias);
  return _mm256_sra_epi16(value, _mm_cvtsi32_si128(shift));
}

/* Lanes of 8 bits. */
#define LANE_BITS 8
#define lane int8_t
#define LANES 32
#define mask __m256i
#define HALF_LANES 32
#define vector_of _mm256_set1_epi8
#define vector_add _mm256_add_epi8
#define vector_sub _mm256_sub_epi8
#define vector_lesser _mm256_min_epu8
#define vector_magnitude _mm256_abs_epi8
#define vector_load_bytes(place) vector_load(place)
#define vector_store_bytes(place, value) vector_store(place, value)
#define vector_positive_part(value) _mm256_max_epi8(value, _mm256_setzero_si256())
#define vector_shift_left(value, bits) (value) /* no narrower sums in lanes of 8 bits */
#define vector_shift_right(value, bits) (value)
#define vector_above _mm256_cmpgt_epi8
#define vector_within(magnitude, bound) _mm256_cmpeq_epi8(vector_lesser(magnitude, bound), magnitude)
#define vector_choose(where, chosen, others) _mm256_blendv_epi8(others, chosen, where)
#define vector_add_where(value, where, addend) _mm256_add_epi8(value, _mm256_and_si256(where, addend))
#define wide_low(value) _mm256_unpacklo_epi8(_mm256_setzero_si256(), value)
#define wide_high(value) _mm256_unpackhi_epi8(_mm256_setzero_si256(), value)
#define wide_pack _mm256_packus_epi16
#define half_pick(given, digit) _mm256_sign_epi8(_mm256_shuffle_epi8(given, (digit).byte), (digit).sign)
#define half_add _mm256_add_epi8
#define write_pattern write_pattern_8
#define write_digit write_digit_8

static half write_pattern_8(const int *lanes) {
  uint8_t bytes[32];
  for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)lanes[i];
  return vector_load(bytes);
}

static half_digit write_digit_8(const int *channels, const int *signs) {
  return (half_digit){write_pattern_8(channels), write_pattern_8(signs)};
}

#define NAME(x) binary8_##x
#define PARTS 1
#define BASE 2
#define GROUP 4
#define SKIP_ZERO 0
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary8_##x
#define PARTS 1
#define BASE 3
#define GROUP 2
#define SKIP_ZERO 0
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

/* Lanes of 16 bits. */
#include "undefine_lanes.inc"
#define LANE_BITS 16
#define lane int16_t
#define LANES 16
#define mask __m256i
#define HALF_LANES 16
#define vector_of _mm256_set1_epi16
#define vector_add _mm256_add_epi16
#define vector_sub _mm256_sub_epi16
#define vector_lesser _mm256_min_epu16
#define vector_magnitude _mm256_abs_epi16
#define vector_load_bytes(place) _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(place)))
#define vector_store_bytes(place, value) store_narrowed(place, value)
#define vector_positive_part(value) _mm256_max_epi16(value, _mm256_setzero_si256())
#define vector_shift_left(value, bits) _mm256_sll_epi16(value, _mm_cvtsi32_si128(bits))
#define vector_shift_right(value, bits) _mm256_sra_epi16(value, _mm_cvtsi32_si128(bits))
#define vector_above _mm256_cmpgt_epi16
#define vector_within(magnitude, bound) _mm256_cmpeq_epi16(vector_lesser(magnitude, bound), magnitude)
#define vector_choose(where, chosen, others) _mm256_blendv_epi8(others, chosen, where)
#define vector_add_where(value, where, addend) _mm256_add_epi16(value, _mm256_and_si256(where, addend))
#define half_pick(given, digit) _mm256_sign_epi16(_mm256_shuffle_epi8(given, (digit).byte), (digit).sign)
#define half_add _mm256_add_epi16
#define write_pattern write_pattern_16
#define write_digit write_digit_16

static half write_pattern_16(const int *lanes) {
  uint8_t bytes[32];
  for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(2 * lanes[i / 2] + i % 2);
  return vector_load(bytes);
}

static half_digit write_digit_16(const int *channels, const int *signs) {
  uint8_t bytes[32];
  int16_t words[16];
  for (int i = 0; i < 32; i++) bytes[i] = i % 2 ? 0x80 : (uint8_t)channels[i / 2];
  for (int i = 0; i < 16; i++) words[i] = (int16_t)signs[i];
  return (half_digit){vector_load(bytes), vector_load(words)};
}

#define NAME(x) binary16_##x
#define PARTS 1
#define BASE 2
#define GROUP 3
#define SKIP_ZERO 0
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary16_##x
#define PARTS 1
#define BASE 3
#define GROUP 2
#define SKIP_ZERO 1 /* 8 sums fit, and there are 9 */
#include "finish.inc"
#include "lookup.inc"

const wrap_kernel wrap_avx2_kernels[WRAP_MOST_KERNELS] = {
    {2, 8, 4, 1, 0, {.group = 4, .lanes = 32, .index_bytes = 1, .interleaved = 1},
     binary8_run, binary8_look_up_alone},
    {3, 8, 4, 1, 0, {.group = 2, .lanes = 32, .index_bytes = 1, .interleaved = 1},
     ternary8_run, ternary8_look_up_alone},
    {2, 16, 4, 1, 0, {.group = 3, .lanes = 16, .index_bytes = 2},
     binary16_run, binary16_look_up_alone},
    {3, 16, 4, 1, 0, {.group = 2, .lanes = 16, .index_bytes = 2, .skips_zero = 1},
     ternary16_run, ternary16_look_up_alone},
};
#else
const wrap_kernel wrap_avx2_kernels[WRAP_MOST_KERNELS];
#endif
