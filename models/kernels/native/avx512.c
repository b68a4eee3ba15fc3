/* AVX-512 with VBMI: 64 lanes of 8 bits, or 32 of 16. A table is one register, or a pair ("wide"): a pair takes longer
 * to make and serves 4 ternary weights instead of 3, which pays for layers with many filters. */
#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi2,prefer-vector-width=512")
#include <immintrin.h>

#include "common.h"

typedef __m512i vector;
typedef __m512i partial;
typedef __m512i wide;
#define KEEP(value) __asm__("" : "+v"(value))
#define VECTOR_ZERO _mm512_setzero_si512
#define VECTOR_LOAD(place) _mm512_loadu_si512(place)
#define VECTOR_STORE(place, value) _mm512_storeu_si512(place, value)
#define VECTOR_XOR _mm512_xor_si512
#define PARTIAL_STORE(place, distance, tables) _mm512_store_si512(place, tables)
#define PARTIAL_LOAD load_masked
#define SIDES 1
#define BATCH_CHANNELS PARTIAL_LANES
#define TILES(ONE_BLOCK, TWO_BLOCKS) TWO_BLOCKS(8) TWO_BLOCKS(7) ONE_BLOCK(16) ONE_BLOCK(14) TWO_BLOCKS(4)
#define TILE_REGISTERS 16
#define TILE_OVERHEAD 6
#define TABLE GLUE(table_, TABLE_REGISTERS)
#define TABLE_LOAD GLUE(load_table_, TABLE_REGISTERS)
#define LOOK_UP GLUE(LOOK_UP_, TABLE_REGISTERS)

/* The term of a digit in each partial sum: which byte of the activations, the bytes that are used at all, and the lanes
 * that count negatively. One permutation of the activations and their negatives would do the same, but takes three
 * steps on some cores. */
typedef struct {
  __m512i byte;
  __mmask64 used, negative;
} digit_selector;

typedef __m512i table_1;
typedef struct {
  __m512i low, high;
} table_2;

/* Byte by byte, whatever the width of lanes: a permutation of 16-bit lanes takes two steps on some cores. */
#define LOOK_UP_1(found, index) _mm512_permutexvar_epi8(index, found)
#define LOOK_UP_2(found, index) _mm512_permutex2var_epi8((found).low, index, (found).high)
#define PARTIAL_PERMUTE(sums, pattern) _mm512_permutexvar_epi8(pattern, sums)

static ALWAYS_INLINE partial load_masked(const uint8_t *place, int count) {
  return _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, count), place);
}

/* Into a register: as a memory operand, the table would be read at every use. */
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

/* 8-bit lanes. */
#define LANE_BITS 8
#define LANE int8_t
#define LANES 64
#define MASK __mmask64
#define PARTIAL_LANES 64
#define VECTOR_SPLAT _mm512_set1_epi8
#define VECTOR_ADD _mm512_add_epi8
#define VECTOR_SUB _mm512_sub_epi8
#define VECTOR_MIN_UNSIGNED _mm512_min_epu8
#define VECTOR_ABS _mm512_abs_epi8
#define VECTOR_LOAD_BYTES(place) _mm512_loadu_si512(place)
#define VECTOR_STORE_BYTES(place, value) _mm512_storeu_si512(place, value)
#define VECTOR_RELU(value) _mm512_max_epi8(value, _mm512_setzero_si512())
#define VECTOR_SHIFT_LEFT(value, bits) (value) /* 8-bit lanes never hold narrower sums */
#define VECTOR_SHIFT_RIGHT(value, bits) (value)
#define VECTOR_GREATER _mm512_cmpgt_epi8_mask
#define VECTOR_WITHIN _mm512_cmple_epu8_mask
#define VECTOR_SELECT(where, chosen, others) _mm512_mask_mov_epi8(others, where, chosen)
#define VECTOR_ADD_WHERE(value, where, addend) _mm512_mask_add_epi8(value, where, value, addend)
#define WIDEN_LOW(value) _mm512_unpacklo_epi8(_mm512_setzero_si512(), value)
#define WIDEN_HIGH(value) _mm512_unpackhi_epi8(_mm512_setzero_si512(), value)
#define PACK_WIDE _mm512_packus_epi16
#define PARTIAL_PICK pick_8
#define PARTIAL_ADD _mm512_add_epi8
#define MAKE_PERMUTATION make_permutation_8
#define MAKE_SELECTOR make_selector_8

static ALWAYS_INLINE partial pick_8(partial given, digit_selector digit) {
  const partial picked = _mm512_maskz_permutexvar_epi8(digit.used, digit.byte, given);
  return _mm512_mask_sub_epi8(picked, digit.negative, _mm512_setzero_si512(), picked);
}

static partial make_permutation_8(const int *lanes) {
  uint8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)lanes[i];
  return _mm512_loadu_si512(bytes);
}

static digit_selector make_selector_8(const int *channels, const int *signs) {
  digit_selector digit = {.byte = make_permutation_8(channels)};
  for (int i = 0; i < 64; i++) {
    digit.used |= (__mmask64)(signs[i] != 0) << i;
    digit.negative |= (__mmask64)(signs[i] < 0) << i;
  }
  return digit;
}

#define NAME(x) binary8_##x
#define TABLE_REGISTERS 1
#define BASE 2
#define SKIP_ZERO 0
#define GROUP 6
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary8_##x
#define TABLE_REGISTERS 1
#define BASE 3
#define SKIP_ZERO 0
#define GROUP 3
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary8_wide_##x
#define TABLE_REGISTERS 2
#define BASE 3
#define SKIP_ZERO 0
#define GROUP 4
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

/* 16-bit lanes. */
#include "undefine_lanes.inc"
#define LANE_BITS 16
#define LANE int16_t
#define LANES 32
#define MASK __mmask32
#define PARTIAL_LANES 32
#define VECTOR_SPLAT _mm512_set1_epi16
#define VECTOR_ADD _mm512_add_epi16
#define VECTOR_SUB _mm512_sub_epi16
#define VECTOR_MIN_UNSIGNED _mm512_min_epu16
#define VECTOR_ABS _mm512_abs_epi16
#define VECTOR_LOAD_BYTES(place) _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(place)))
#define VECTOR_STORE_BYTES(place, value) _mm256_storeu_si256((__m256i *)(place), _mm512_cvtepi16_epi8(value))
#define VECTOR_RELU(value) _mm512_max_epi16(value, _mm512_setzero_si512())
#define VECTOR_SHIFT_LEFT(value, bits) _mm512_sll_epi16(value, _mm_cvtsi32_si128(bits))
#define VECTOR_SHIFT_RIGHT(value, bits) _mm512_sra_epi16(value, _mm_cvtsi32_si128(bits))
#define VECTOR_GREATER _mm512_cmpgt_epi16_mask
#define VECTOR_WITHIN _mm512_cmple_epu16_mask
#define VECTOR_SELECT(where, chosen, others) _mm512_mask_mov_epi16(others, where, chosen)
#define VECTOR_ADD_WHERE(value, where, addend) _mm512_mask_add_epi16(value, where, value, addend)
#define PARTIAL_PICK pick_16
#define PARTIAL_ADD _mm512_add_epi16
#define MAKE_PERMUTATION make_permutation_16
#define MAKE_SELECTOR make_selector_16

static ALWAYS_INLINE partial pick_16(partial given, digit_selector digit) {
  const partial picked = _mm512_maskz_permutexvar_epi8(digit.used, digit.byte, given);
  return _mm512_mask_sub_epi16(picked, (__mmask32)digit.negative, _mm512_setzero_si512(), picked);
}

static partial make_permutation_16(const int *lanes) {
  uint8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)(2 * lanes[i / 2] + i % 2);
  return _mm512_loadu_si512(bytes);
}

static digit_selector make_selector_16(const int *channels, const int *signs) {
  uint8_t bytes[64] = {0};
  digit_selector digit = {0};
  for (int i = 0; i < 32; i++) {
    bytes[2 * i] = (uint8_t)channels[i]; /* the byte above it is 0 */
    digit.used |= (__mmask64)(signs[i] != 0) << 2 * i;
    digit.negative |= (__mmask64)(signs[i] < 0) << i;
  }
  digit.byte = _mm512_loadu_si512(bytes);
  return digit;
}

#define NAME(x) binary16_##x
#define TABLE_REGISTERS 1
#define BASE 2
#define SKIP_ZERO 0
#define GROUP 5
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary16_##x
#define TABLE_REGISTERS 1
#define BASE 3
#define SKIP_ZERO 0
#define GROUP 3
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS] = {
    {.base = 2, .lane_bits = 8, .table_cost = 200, .look_up_cost = 60,
     .layout = {.group = 6, .lanes = 64, .index_bytes = 1, .interleaved = 1},
     .run = binary8_run, .look_up_only = binary8_look_up_only},
    {.base = 3, .lane_bits = 8, .table_cost = 200, .look_up_cost = 60,
     .layout = {.group = 3, .lanes = 64, .index_bytes = 1, .interleaved = 1},
     .run = ternary8_run, .look_up_only = ternary8_look_up_only},
    {.base = 3, .lane_bits = 8, .table_cost = 480, .look_up_cost = 65, .permutes_pairs = 1,
     .layout = {.group = 4, .lanes = 64, .index_bytes = 1, .interleaved = 1},
     .run = ternary8_wide_run, .look_up_only = ternary8_wide_look_up_only},
    {.base = 2, .lane_bits = 16, .table_cost = 200, .look_up_cost = 60,
     .layout = {.group = 5, .lanes = 32, .index_bytes = 2},
     .run = binary16_run, .look_up_only = binary16_look_up_only},
    {.base = 3, .lane_bits = 16, .table_cost = 200, .look_up_cost = 60,
     .layout = {.group = 3, .lanes = 32, .index_bytes = 2},
     .run = ternary16_run, .look_up_only = ternary16_look_up_only},
};
#else
const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS];
#endif
