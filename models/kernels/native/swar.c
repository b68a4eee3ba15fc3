/* No vectors at all: several pixels in a word of 64 bits, in lanes twice as wide as the sums.
 *
 * A settled lane absorbs 255 additions of values below 2^bits before it could overflow into the next. Clearing the
 * upper half of every lane then wraps the sums.
 */
#include "kernels.h"

#include "common.h"
#include "planes.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-vectorize", "no-tree-slp-vectorize")
#endif

#define WORD uint64_t
#define TILE_WORDS 8
#define WORD_LOAD load_word
#define WORD_STORE(place, word) (memcpy(place, &(WORD){word}, sizeof(WORD)))
#define WORD_ADD(a, b) ((a) + (b))
#define WORD_ZERO 0
#define MOST_ADDITIONS 255

static ALWAYS_INLINE WORD load_word(const void *place) {
  WORD word;
  memcpy(&word, place, sizeof word);
  return word;
}

#define SUM_BITS 8
#define LANE uint16_t
#define SIGNED_LANE int8_t
#define WORD_LANES 4
#define WORD_SETTLE(word) ((word) & 0x00ff00ff00ff00ff)
#define WORD_NEGATE(word) WORD_SETTLE(0x0100010001000100 * GROUP - (word))

#include "plane_kinds.inc"

#undef SUM_BITS
#undef LANE
#undef SIGNED_LANE
#undef WORD_LANES
#undef WORD_SETTLE
#undef WORD_NEGATE
#define SUM_BITS 16
#define LANE uint32_t
#define SIGNED_LANE int16_t
#define WORD_LANES 2
#define WORD_SETTLE(word) ((word) & 0x0000ffff0000ffff)
#define WORD_NEGATE(word) WORD_SETTLE(0x0001000000010000 * GROUP - (word))

#include "plane_kinds.inc"

const wrap_kernel wrap_swar_kernels[WRAP_MOST_KERNELS] = PLANE_KERNELS;
