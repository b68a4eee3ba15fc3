/* AVX2: 32 lanes of 8 bits, or 16 of 16. A table is 16 bytes, held in both halves of a register. */
#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx2")
#include <immintrin.h>

#include "common.h"

typedef __m256i vector;
typedef __m256i partial;
typedef __m256i wide;

#define KEEP(value) __asm__("" : "+x"(value))
#define VECTOR_ZERO _mm256_setzero_si256
#define VECTOR_LOAD(place) _mm256_loadu_si256((const __m256i *)(place))
#define VECTOR_STORE(place, value) _mm256_storeu_si256((__m256i *)(place), value)
#define VECTOR_XOR _mm256_xor_si256
#define PARTIAL_LOAD(place, count) load_bytes(place, count, BATCH * GROUP)
#define PARTIAL_STORE store_halves
#define SIDES 2
#define BATCH_CHANNELS 16
#define TILES(ONE_BLOCK, TWO_BLOCKS) ONE_BLOCK(8) ONE_BLOCK(7) TWO_BLOCKS(4)
#define TILE_REGISTERS 8
#define TILE_OVERHEAD 3
#define TABLE __m256i
#define TABLE_LOAD load_table
#define LOOK_UP(found, index) _mm256_shuffle_epi8(found, index)
#define PARTIAL_PERMUTE _mm256_shuffle_epi8

static ALWAYS_INLINE TABLE load_table(const uint8_t *place) {
  TABLE value = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)place));
  KEEP(value);
  return value;
}

/* The term of a digit in each partial sum: which byte of the activations, and its factor, 1, 0 or -1. */
typedef struct {
  __m256i byte, sign;
} digit_selector;

/* `count` bytes, in both halves. Away from the last channels, count is `most`, a constant. */
static ALWAYS_INLINE partial load_bytes(const uint8_t *place, int count, const int most) {
  uint64_t bytes[2] = {0, 0};
  if (count == 16) return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)place));
  if (count == most && most == 6) { /* in two loads: a copy through memory would stall */
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

static ALWAYS_INLINE void store_halves(uint8_t *place, size_t distance, partial tables) {
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

/* 8-bit lanes. */
#define LANE_BITS 8
#define LANE int8_t
#define LANES 32
#define MASK __m256i
#define PARTIAL_LANES 32
#define VECTOR_SPLAT _mm256_set1_epi8
#define VECTOR_ADD _mm256_add_epi8
#define VECTOR_SUB _mm256_sub_epi8
#define VECTOR_MIN_UNSIGNED _mm256_min_epu8
#define VECTOR_ABS _mm256_abs_epi8
#define VECTOR_LOAD_BYTES(place) VECTOR_LOAD(place)
#define VECTOR_STORE_BYTES(place, value) VECTOR_STORE(place, value)
#define VECTOR_RELU(value) _mm256_max_epi8(value, _mm256_setzero_si256())
#define VECTOR_SHIFT_LEFT(value, bits) (value) /* 8-bit lanes never hold narrower sums */
#define VECTOR_SHIFT_RIGHT(value, bits) (value)
#define VECTOR_GREATER _mm256_cmpgt_epi8
#define VECTOR_WITHIN(magnitude, bound) _mm256_cmpeq_epi8(VECTOR_MIN_UNSIGNED(magnitude, bound), magnitude)
#define VECTOR_SELECT(where, chosen, others) _mm256_blendv_epi8(others, chosen, where)
#define VECTOR_ADD_WHERE(value, where, addend) _mm256_add_epi8(value, _mm256_and_si256(where, addend))
#define WIDEN_LOW(value) _mm256_unpacklo_epi8(_mm256_setzero_si256(), value)
#define WIDEN_HIGH(value) _mm256_unpackhi_epi8(_mm256_setzero_si256(), value)
#define PACK_WIDE _mm256_packus_epi16
#define PARTIAL_PICK(given, digit) _mm256_sign_epi8(_mm256_shuffle_epi8(given, (digit).byte), (digit).sign)
#define PARTIAL_ADD _mm256_add_epi8
#define MAKE_PERMUTATION make_permutation_8
#define MAKE_SELECTOR make_selector_8

static partial make_permutation_8(const int *lanes) {
  uint8_t bytes[32];
  for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)lanes[i];
  return VECTOR_LOAD(bytes);
}

static digit_selector make_selector_8(const int *channels, const int *signs) {
  return (digit_selector){make_permutation_8(channels), make_permutation_8(signs)};
}

#define NAME(x) binary8_##x
#define TABLE_REGISTERS 1
#define BASE 2
#define GROUP 4
#define SKIP_ZERO 0
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary8_##x
#define TABLE_REGISTERS 1
#define BASE 3
#define GROUP 2
#define SKIP_ZERO 0
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

/* 16-bit lanes. */
#include "undefine_lanes.inc"
#define LANE_BITS 16
#define LANE int16_t
#define LANES 16
#define MASK __m256i
#define PARTIAL_LANES 16
#define VECTOR_SPLAT _mm256_set1_epi16
#define VECTOR_ADD _mm256_add_epi16
#define VECTOR_SUB _mm256_sub_epi16
#define VECTOR_MIN_UNSIGNED _mm256_min_epu16
#define VECTOR_ABS _mm256_abs_epi16
#define VECTOR_LOAD_BYTES(place) _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(place)))
#define VECTOR_STORE_BYTES(place, value) store_narrowed(place, value)
#define VECTOR_RELU(value) _mm256_max_epi16(value, _mm256_setzero_si256())
#define VECTOR_SHIFT_LEFT(value, bits) _mm256_sll_epi16(value, _mm_cvtsi32_si128(bits))
#define VECTOR_SHIFT_RIGHT(value, bits) _mm256_sra_epi16(value, _mm_cvtsi32_si128(bits))
#define VECTOR_GREATER _mm256_cmpgt_epi16
#define VECTOR_WITHIN(magnitude, bound) _mm256_cmpeq_epi16(VECTOR_MIN_UNSIGNED(magnitude, bound), magnitude)
#define VECTOR_SELECT(where, chosen, others) _mm256_blendv_epi8(others, chosen, where)
#define VECTOR_ADD_WHERE(value, where, addend) _mm256_add_epi16(value, _mm256_and_si256(where, addend))
#define PARTIAL_PICK(given, digit) _mm256_sign_epi16(_mm256_shuffle_epi8(given, (digit).byte), (digit).sign)
#define PARTIAL_ADD _mm256_add_epi16
#define MAKE_PERMUTATION make_permutation_16
#define MAKE_SELECTOR make_selector_16

static partial make_permutation_16(const int *lanes) {
  uint8_t bytes[32];
  for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(2 * lanes[i / 2] + i % 2);
  return VECTOR_LOAD(bytes);
}

static digit_selector make_selector_16(const int *channels, const int *signs) {
  uint8_t bytes[32];
  int16_t words[16];
  for (int i = 0; i < 32; i++) bytes[i] = i % 2 ? 0x80 : (uint8_t)channels[i / 2];
  for (int i = 0; i < 16; i++) words[i] = (int16_t)signs[i];
  return (digit_selector){VECTOR_LOAD(bytes), VECTOR_LOAD(words)};
}

#define NAME(x) binary16_##x
#define TABLE_REGISTERS 1
#define BASE 2
#define GROUP 3
#define SKIP_ZERO 0
#include "finish.inc"
#include "lookup.inc"
#include "undefine.inc"

#define NAME(x) ternary16_##x
#define TABLE_REGISTERS 1
#define BASE 3
#define GROUP 2
#define SKIP_ZERO 1 /* a table holds 8 of the 9 sums */
#include "finish.inc"
#include "lookup.inc"

const wrap_kernel wrap_avx2_kernels[WRAP_MOST_KERNELS] = {
    {.base = 2, .lane_bits = 8, .table_cost = 400, .look_up_cost = 100,
     .layout = {.group = 4, .lanes = 32, .index_bytes = 1, .interleaved = 1},
     .run = binary8_run, .look_up_only = binary8_look_up_only},
    {.base = 3, .lane_bits = 8, .table_cost = 400, .look_up_cost = 100,
     .layout = {.group = 2, .lanes = 32, .index_bytes = 1, .interleaved = 1},
     .run = ternary8_run, .look_up_only = ternary8_look_up_only},
    {.base = 2, .lane_bits = 16, .table_cost = 400, .look_up_cost = 100,
     .layout = {.group = 3, .lanes = 16, .index_bytes = 2},
     .run = binary16_run, .look_up_only = binary16_look_up_only},
    {.base = 3, .lane_bits = 16, .table_cost = 400, .look_up_cost = 100,
     .layout = {.group = 2, .lanes = 16, .index_bytes = 2, .skips_zero = 1},
     .run = ternary16_run, .look_up_only = ternary16_look_up_only},
};
#else
const wrap_kernel wrap_avx2_kernels[WRAP_MOST_KERNELS];
#endif
