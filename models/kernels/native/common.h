/* What the kernels share. */
#ifndef WRAPMAC_COMMON_H
#define WRAPMAC_COMMON_H

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")
#define MOST_KERNEL_ROWS 64
#define MOST_KERNEL_COLUMNS 64

/* Of a kernel's tables: digits of the low and the high half, and how many sums they have. */
#define LOW_DIGITS ((GROUP + 1) / 2)
#define HIGH_DIGITS (GROUP / 2)
#define SUMS_OF(digits) (BASE == 2 ? 1 << (digits) : (digits) == 3 ? 27 : (digits) == 2 ? 9 : (digits) == 1 ? 3 : 1)
#define LOW_SUMS SUMS_OF(LOW_DIGITS)
#define HIGH_SUMS SUMS_OF(HIGH_DIGITS)
#define SUMS (LOW_SUMS * HIGH_SUMS)
/* Groups whose tables are made at once: as many as one register holds the activations, and the halves' sums, of. */
#define BATCH LESSER(HALF_LANES / (LOW_SUMS + HIGH_SUMS), HALF_CHANNELS / GROUP)
#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define TABLE_BYTES ((int)sizeof(half))
#define GAP 64

#endif
