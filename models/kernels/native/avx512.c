/* AVX-512 with VBMI: 64 lanes of 8 bits, or 32 of 16; a table is a register, or two ("wide"), which is for layers with
 * many filters: it takes more time to make, and serves 4 ternary weights instead of 3. */
#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi2,prefer-vector-width=512")
#include <immintrin.h>

#include "common.h"

typedef __m512i vector;
typedef __m512i half;
typedef __m512i wide;
#define KEEP(value) __asm__("" : "+v"(value))
#define vector_zero _mm512_setzero_si512
#define vector_load(place) _mm512_loadu_si512(place)
#define vector_store(place, value) _mm512_storeu_si512(place, value)
#define vector_xor _mm512_xor_si512
#define half_store(place, distance, tables) _mm512_store_si512(place, tables)
#define SIDES 1
#define MOST_CHANNELS HALF_LANES
#define TILES(NARROW, WIDE) WIDE(8) WIDE(7) NARROW(16) NARROW(14) WIDE(4)
#define WIDEST 16
#define OVERHEAD 6
#define table GLUE(table_, PARTS)
#define table_load GLUE(load_table_, PARTS)
#define look_up GLUE(look_up_, PARTS)

/* Activations that make the sums of a digit: bytes, 0 where not used; lanes that count as negative. As a permutation of
 * the activations beside their negatives this would be one instruction, but one of three steps on some cores. */
typedef struct {
  __m512i byte;
  __mmask64 used, negative;
} half_digit;

typedef __m512i table_1;
typedef struct {
  __m512i low, high;
} table_2;

/* Bytes, in lanes of any width: words would take two steps on some cores. */
#define look_up_1(found, index) _mm512_permutexvar_epi8(index, found)
#define look_up_2(found, index) _mm512_permutex2var_epi8((found).low, index, (found).high)
#define half_choose(sums, pattern) _mm512_permutexvar_epi8(pattern, sums)

static ALWAYS_INLINE half half_load(const uint8_t *place, int count) {
  return _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, count), place);
}

/* In registers of their own: as operands in memory, tables would be read once for each use. */
static ALWAYS_INLINE table_1 load_table_1(const uint8_t *place) {
  __m512i value = _mm512_load_si512(place);
  KEEP(value);
  return value;
}

static ALWAYS_INLINE table_2 load_table_2(const uint8_t *place) {
  return (table_2){load_table_1(place), load_table_1(place + 64)};
}

static ALWAYS_INLINE wide wide_scale(wide value, wide multiplier, wide bias, int shift) {
  value = _mm512_adds_epi16(_mm512_mulhrs_epi16(value, multiplier), bias);
  return _mm512_sra_epi16(value, _mm_cvtsi32_si128(shift));
}

/* Lanes of 8 bits. */
#define LANE_BITS 8
#define lane int8_t
#define LANES 64
#define mask __mmask64
#define HALF_LANES 64
#define vector_of _mm512_set1_epi8
#define vector_add _mm512_add_epi8
#define vector_sub _mm512_sub_epi8
#define vector_lesser _mm512_min_epu8
#define vector_magnitude _mm512_abs_epi8
#define vector_load_bytes(place) _mm512_loadu_si512(place)
#define vector_store_bytes(place, value) _mm512_storeu_si512(place, value)
#define vector_positive_part(value) _mm512_max_epi8(value, _mm512_setzero_si512())
#define vector_shift_left(value, bits) (value) /* no narrower sums in lanes of 8 bits */
#define vector_shift_right(value, bits) (value)
#define vector_above _mm512_cmpgt_epi8_mask
#define vector_within _mm512_cmple_epu8_mask
#define vector_choose(where, chosen, others) _mm512_mask_mov_epi8(others, where, chosen)
#define vector_add_where(value, where, addend) _mm512_mask_add_epi8(value, where, value, addend)
#define wide_low(value) _mm512_unpacklo_epi8(_mm512_setzero_si512(), value)
#define wide_high(value) _mm512_unpackhi_epi8(_mm512_setzero_si512(), value)
#define wide_pack _mm512_packus_epi16
#define half_pick half_pick_8
#define half_add _mm512_add_epi8
#define write_pattern write_pattern_8
#define write_digit write_digit_8

static ALWAYS_INLINE half half_pick_8(half given, half_digit digit) {
  const half picked = _mm512_maskz_permutexvar_epi8(digit.used, digit.byte, given);
  return _mm512_mask_sub_epi8(picked, digit.negative, _mm512_setzero_si512(), picked);
}

static half write_pattern_8(const int *lanes) {
  uint8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)lanes[i];
  return _mm512_loadu_si512(bytes);
}

static half_digit write_digit_8(const int *channels, const int *signs) {
  half_digit digit = {.byte = write_pattern_8(channels)};
  for (int i = 0; i < 64; i++) {
    digit.used |= (__mmask64)(signs[i] != 0) << i;
    digit.negative |= (__mmask64)(signs[i] < 0) << i;
  }
  return digit;
}

#define NAME(x) binary8_##x
#define PARTS 1
#define BASE 2
#define SKIP_ZERO 0
#define GROUP 6
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary8_##x
#define PARTS 1
#define BASE 3
#define SKIP_ZERO 0
#define GROUP 3
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary8_wide_##x
#define PARTS 2
#define BASE 3
#define SKIP_ZERO 0
#define GROUP 4
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

/* Lanes of 16 bits. */
#include "undefine_lanes.inc"
#define LANE_BITS 16
#define lane int16_t
#define LANES 32
#define mask __mmask32
#define HALF_LANES 32
#define vector_of _mm512_set1_epi16
#define vector_add _mm512_add_epi16
#define vector_sub _mm512_sub_epi16
#define vector_lesser _mm512_min_epu16
#define vector_magnitude _mm512_abs_epi16
#define vector_load_bytes(place) _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(place)))
#define vector_store_bytes(place, value) _mm256_storeu_si256((__m256i *)(place), _mm512_cvtepi16_epi8(value))
#define vector_positive_part(value) _mm512_max_epi16(value, _mm512_setzero_si512())
#define vector_shift_left(value, bits) _mm512_sll_epi16(value, _mm_cvtsi32_si128(bits))
#define vector_shift_right(value, bits) _mm512_sra_epi16(value, _mm_cvtsi32_si128(bits))
#define vector_above _mm512_cmpgt_epi16_mask
#define vector_within _mm512_cmple_epu16_mask
#define vector_choose(where, chosen, others) _mm512_mask_mov_epi16(others, where, chosen)
#define vector_add_where(value, where, addend) _mm512_mask_add_epi16(value, where, value, addend)
#define half_pick half_pick_16
#define half_add _mm512_add_epi16
#define write_pattern write_pattern_16
#define write_digit write_digit_16

static ALWAYS_INLINE half half_pick_16(half given, half_digit digit) {
  const half picked = _mm512_maskz_permutexvar_epi8(digit.used, digit.byte, given);
  return _mm512_mask_sub_epi16(picked, (__mmask32)digit.negative, _mm512_setzero_si512(), picked);
}

static half write_pattern_16(const int *lanes) {
  uint8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)(2 * lanes[i / 2] + i % 2);
  return _mm512_loadu_si512(bytes);
}

static half_digit write_digit_16(const int *channels, const int *signs) {
  uint8_t bytes[64] = {0};
  half_digit digit = {0};
  for (int i = 0; i < 32; i++) {
    bytes[2 * i] = (uint8_t)channels[i]; /* the byte above it is 0 */
    digit.used |= (__mmask64)(signs[i] != 0) << 2 * i;
    digit.negative |= (__mmask64)(signs[i] < 0) << i;
  }
  digit.byte = _mm512_loadu_si512(bytes);
  return digit;
}

#define NAME(x) binary16_##x
#define PARTS 1
#define BASE 2
#define SKIP_ZERO 0
#define GROUP 5
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary16_##x
#define PARTS 1
#define BASE 3
#define SKIP_ZERO 0
#define GROUP 3
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

/* Costs in hundredths of a cycle. */
const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS] = {
    {2, 8, 200, 60, 0, {.group = 6, .lanes = 64, .index_bytes = 1, .interleaved = 1},
     binary8_run, binary8_look_up_alone},
    {3, 8, 200, 60, 0, {.group = 3, .lanes = 64, .index_bytes = 1, .interleaved = 1},
     ternary8_run, ternary8_look_up_alone},
    {3, 8, 480, 65, 1, {.group = 4, .lanes = 64, .index_bytes = 1, .interleaved = 1},
     ternary8_wide_run, ternary8_wide_look_up_alone},
    {2, 16, 200, 60, 0, {.group = 5, .lanes = 32, .index_bytes = 2},
     binary16_run, binary16_look_up_alone},
    {3, 16, 200, 60, 0, {.group = 3, .lanes = 32, .index_bytes = 2},
     ternary16_run, ternary16_look_up_alone},
};
#else
const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS];
#endif
