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
#define half_digit half
#define half_store(place, distance, tables) _mm512_store_si512(place, tables)
#define SIDES 1
#define MOST_CHANNELS (HALF_LANES - 1) /* the last lane remains 0, for digits that are */
#define TILES(NARROW, WIDE) WIDE(8) WIDE(7) NARROW(16) NARROW(14) WIDE(4)
#define WIDEST 16
#define OVERHEAD 6
#define table GLUE(table_, PARTS)
#define table_load GLUE(load_table_, PARTS)
#define look_up GLUE(look_up_, PARTS)

typedef __m512i table_1;
typedef struct {
  __m512i low, high;
} table_2;

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
#define half_pick(given, digit) \
  _mm512_permutex2var_epi8(given, digit, _mm512_sub_epi8(_mm512_setzero_si512(), given))
#define half_choose(sums, pattern) _mm512_permutexvar_epi8(pattern, sums)
#define half_add _mm512_add_epi8

static ALWAYS_INLINE half half_load_8(const uint8_t *place, int count) {
  return _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, count), place);
}
static half write_pattern_8(const int *lanes) {
  uint8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)lanes[i];
  return _mm512_loadu_si512(bytes);
}

static half write_digit_8(const int *channels, const int *signs) {
  int lanes[64];
  for (int i = 0; i < 64; i++) lanes[i] = signs[i] > 0 ? channels[i] : signs[i] < 0 ? 64 + channels[i] : 63;
  return write_pattern_8(lanes);
}
#define half_load half_load_8
#define write_pattern write_pattern_8
#define write_digit write_digit_8

#define look_up_1(found, index) _mm512_permutexvar_epi8(index, found)
#define look_up_2(found, index) _mm512_permutex2var_epi8((found).low, index, (found).high)

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
#define half_pick(given, digit) \
  _mm512_permutex2var_epi16(given, digit, _mm512_sub_epi16(_mm512_setzero_si512(), given))
#define half_choose(sums, pattern) _mm512_permutexvar_epi16(pattern, sums)
#define half_add _mm512_add_epi16

static ALWAYS_INLINE half half_load_16(const uint8_t *place, int count) {
  return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(_bzhi_u32(~0u, count), place));
}
static half write_pattern_16(const int *lanes) {
  uint16_t words[32];
  for (int i = 0; i < 32; i++) words[i] = (uint16_t)lanes[i];
  return _mm512_loadu_si512(words);
}

static half write_digit_16(const int *channels, const int *signs) {
  int lanes[32];
  for (int i = 0; i < 32; i++) lanes[i] = signs[i] > 0 ? channels[i] : signs[i] < 0 ? 32 + channels[i] : 31;
  return write_pattern_16(lanes);
}
#undef half_load
#define half_load half_load_16
#define write_pattern write_pattern_16
#define write_digit write_digit_16

#define look_up_1(found, index) _mm512_permutexvar_epi16(index, found)

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
    {2, 8, 200, 60, {6, 64, 1, 1}, binary8_run, binary8_look_up_alone},
    {3, 8, 200, 60, {3, 64, 1, 1}, ternary8_run, ternary8_look_up_alone},
    {3, 8, 480, 65, {4, 64, 1, 1}, ternary8_wide_run, ternary8_wide_look_up_alone},
    {2, 16, 200, 60, {5, 32, 2, 0}, binary16_run, binary16_look_up_alone},
    {3, 16, 200, 60, {3, 32, 2, 0}, ternary16_run, ternary16_look_up_alone},
};
#else
const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS];
#endif
