/* What the kernels share. */
#ifndef WRAPMAC_COMMON_H
#define WRAPMAC_COMMON_H

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define GLUE(a, b) GLUE_AS_IS(a, b)
#define GLUE_AS_IS(a, b) a##b
#define UNROLL _Pragma("GCC unroll 64")
/* The kernels of a path that makes planes: a table costs as many additions as it has sums. */
#define PLANE_KERNELS                                                                   \
  {                                                                                     \
    {2, 8, 64, 1, 0, {.group = 6, .lanes = 1, .index_bytes = 1}, binary8_run, NULL},    \
    {3, 8, 27, 1, 0, {.group = 3, .lanes = 1, .index_bytes = 1}, ternary8_run, NULL},   \
    {2, 16, 64, 1, 0, {.group = 6, .lanes = 1, .index_bytes = 1}, binary16_run, NULL},  \
    {3, 16, 27, 1, 0, {.group = 3, .lanes = 1, .index_bytes = 1}, ternary16_run, NULL}, \
  }
#define MOST_KERNEL_ROWS 64
#define MOST_KERNEL_COLUMNS 64

/* Of a kernel's tables: digits of the low and the high half, and how many sums they have. */
#define LOW_DIGITS ((GROUP + 1) / 2)
#define HIGH_DIGITS (GROUP / 2)
#define SUMS_OF(digits) (BASE == 2 ? 1 << (digits) : (digits) == 4 ? 81 : (digits) == 3 ? 27 : (digits) == 2 ? 9 : (digits) == 1 ? 3 : 1)
#define LOW_SUMS SUMS_OF(LOW_DIGITS)
#define HIGH_SUMS SUMS_OF(HIGH_DIGITS)
#define SUMS (LOW_SUMS * HIGH_SUMS)
/* While tables are made: lanes of a side of a register, sums that a group takes of them, groups whose sums fit, groups of
 * a register; and registers of tables that come of it. */
#define SIDE_LANES (HALF_LANES / SIDES)
#define SUMS_MADE (LOW_SUMS + HIGH_SUMS)
#define SIDE_BATCH LESSER(SIDE_LANES / SUMS_MADE, MOST_CHANNELS / GROUP)
#define BATCH (SIDES * SIDE_BATCH)
#define BATCH_PARTS (SIDE_BATCH * PARTS)
#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define TABLE_BYTES ((int)sizeof(half) / SIDES * PARTS)
#define GAP 64

/* About what it costs to make a register of a table, and to begin and end a tile: cycles of a core of 2024. */
#define CYCLES_OF_TABLE 2
#define CYCLES_OF_TILE 120
#define MOST_TILES 64            /* of a strip */
#define SUMS_BYTES (256 << 10)   /* that wait for the next channels */

/* Thresholds that are read once for a tile: of 3 bits, or of 4. */
#define FEW_KEPT 7
#define MOST_KEPT 15
#define WIDES (16 / LANE_BITS) /* registers of 16-bit lanes for one of LANE_BITS */
#define LARGEST_LANE ((lane)((1u << (LANE_BITS - 1)) - 1))

#endif
