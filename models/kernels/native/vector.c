/* Any machine with vectors of 16 bytes, as GCC and Clang write them: SSE2, NEON, AltiVec; one lane is one pixel. */
#include "kernels.h"

#include "common.h"

#define WORDS 8
#define word_load(place) (*(const unaligned *)(place))
#define word_store(place, value) (*(unaligned *)(place) = (value))
#define word_add(a, b) ((a) + (b))
#define word_zero ((word){0})
#define word_settle(value) (value) /* lanes are as wide as the sums */
#define word_negate(value) (-(value))
#define MOST_ADDITIONS INT32_MAX

typedef uint8_t word_8 __attribute__((vector_size(16), aligned(16)));
typedef uint8_t unaligned_8 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint16_t word_16 __attribute__((vector_size(16), aligned(16)));
typedef uint16_t unaligned_16 __attribute__((vector_size(16), aligned(2), may_alias));

#define BITS 8
#define lane uint8_t
#define value int8_t
#define word word_8
#define unaligned unaligned_8
#define WORD_LANES 16

#include "plane_kinds.inc"

#undef BITS
#undef lane
#undef value
#undef word
#undef unaligned
#undef WORD_LANES
#define BITS 16
#define lane uint16_t
#define value int16_t
#define word word_16
#define unaligned unaligned_16
#define WORD_LANES 8

#include "plane_kinds.inc"

const wrap_kernel wrap_vector_kernels[WRAP_MOST_KERNELS] = PLANE_KERNELS;
