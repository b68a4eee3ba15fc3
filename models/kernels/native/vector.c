/* Any machine with vectors of 16 bytes, in the vector extensions of GCC and Clang: SSE2, NEON, AltiVec. */
#include "kernels.h"

#include "common.h"
#include "planes.h"

#define TILE_WORDS 8
#define WORD_LOAD(place) (*(const UNALIGNED_WORD *)(place))
#define WORD_STORE(place, word) (*(UNALIGNED_WORD *)(place) = (word))
#define WORD_ADD(a, b) ((a) + (b))
#define WORD_ZERO ((WORD){0})
#define WORD_SETTLE(word) (word) /* lanes are as wide as the sums */
#define WORD_NEGATE(word) (-(word))
#define MOST_ADDITIONS INT32_MAX

typedef uint8_t word_8 __attribute__((vector_size(16), aligned(16)));
typedef uint8_t unaligned_8 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint16_t word_16 __attribute__((vector_size(16), aligned(16)));
typedef uint16_t unaligned_16 __attribute__((vector_size(16), aligned(2), may_alias));

#define SUM_BITS 8
#define LANE uint8_t
#define SIGNED_LANE int8_t
#define WORD word_8
#define UNALIGNED_WORD unaligned_8
#define WORD_LANES 16

#include "plane_kinds.inc"

#undef SUM_BITS
#undef LANE
#undef SIGNED_LANE
#undef WORD
#undef UNALIGNED_WORD
#undef WORD_LANES
#define SUM_BITS 16
#define LANE uint16_t
#define SIGNED_LANE int16_t
#define WORD word_16
#define UNALIGNED_WORD unaligned_16
#define WORD_LANES 8

#include "plane_kinds.inc"

const wrap_kernel wrap_vector_kernels[WRAP_MOST_KERNELS] = PLANE_KERNELS;
