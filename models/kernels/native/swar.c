/* No vectors at all: several pixels in a word of 64 bits, in lanes twice as wide as the sums.
 *
 * A settled lane takes 256 additions of values below 2^bits before it could run over into the next; then the upper halves of
 * all lanes are cleared, which is the wrap.
 */
#include "kernels.h"

#include "common.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-vectorize", "no-tree-slp-vectorize")
#endif

typedef uint64_t word;

#define WORDS 8
#define word_store(place, value) (memcpy(place, &(word){value}, sizeof(word)))
#define word_add(a, b) ((a) + (b))
#define word_zero 0
#define MOST_ADDITIONS 255

static ALWAYS_INLINE word load_word(const void *place) {
  word value;
  memcpy(&value, place, sizeof value);
  return value;
}
#define word_load load_word

#define BITS 8
#define lane uint16_t
#define value int8_t
#define WORD_LANES 4
#define word_settle(value) ((value) & 0x00ff00ff00ff00ff)
#define word_negate(value) word_settle(0x0100010001000100 * GROUP - (value))

#include "plane_kinds.inc"

#undef BITS
#undef lane
#undef value
#undef WORD_LANES
#undef word_settle
#undef word_negate
#define BITS 16
#define lane uint32_t
#define value int16_t
#define WORD_LANES 2
#define word_settle(value) ((value) & 0x0000ffff0000ffff)
#define word_negate(value) word_settle(0x0001000000010000 * GROUP - (value))

#include "plane_kinds.inc"

const wrap_kernel wrap_swar_kernels[WRAP_MOST_KERNELS] = PLANE_KERNELS;
