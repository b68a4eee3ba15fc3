/* Macros shared by the kernels.
 *
 * Units, here and in the .inc templates: names that end in _bytes or _BYTES count bytes, those that end in _lanes count
 * lanes, and everything else counts the things it is named after (rows, columns, pixels, channels, groups, filters,
 * blocks, tiles). Costs are in hundredths of a cycle.
 */
#ifndef WRAPMAC_COMMON_H
#define WRAPMAC_COMMON_H

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")
#define GLUE(a, b) GLUE_AS_IS(a, b)
#define GLUE_AS_IS(a, b) a##b
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define DIVIDE_UP(whole, part) (((whole) + (part) - 1) / (part))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define MOST_KERNEL_ROWS 64
#define MOST_KERNEL_COLUMNS 64

/* A table is built from partial sums of the low and of the high digits of its index. */
#define LOW_DIGITS ((GROUP + 1) / 2)
#define HIGH_DIGITS (GROUP / 2)
#define POWER_OF_THREE(digits) \
  ((digits) == 4 ? 81 : (digits) == 3 ? 27 : (digits) == 2 ? 9 : (digits) == 1 ? 3 : 1)
#define SUMS_OF(digits) (BASE == 2 ? 1 << (digits) : POWER_OF_THREE(digits))
#define LOW_SUMS SUMS_OF(LOW_DIGITS)
#define HIGH_SUMS SUMS_OF(HIGH_DIGITS)
#define SUMS (LOW_SUMS * HIGH_SUMS)

/* Tables are built for a batch of groups at a time. A register of partial sums has SIDES sides; each side holds the
 * partial sums of SIDE_BATCH groups. */
#define SIDE_LANES (PARTIAL_LANES / SIDES)
#define GROUP_PARTIALS (LOW_SUMS + HIGH_SUMS)
#define SIDE_BATCH MIN(SIDE_LANES / GROUP_PARTIALS, BATCH_CHANNELS / GROUP)
#define BATCH (SIDES * SIDE_BATCH)
#define BATCH_REGISTERS (SIDE_BATCH * TABLE_REGISTERS)
#define TABLE_BYTES ((int)sizeof(partial) / SIDES * TABLE_REGISTERS)
#define GAP_BYTES 64 /* between the tables of two groups */

#define TABLE_REGISTER_COST 200 /* to make one register of a table, on a core of 2024 */
#define TILE_COST 12000         /* to begin and finish a tile */
#define MOST_STRIP_TILES 64
#define SUMS_BYTES (256 << 10) /* of sums that wait for the next chunk of channels */

/* Thresholds held in registers for a whole tile: enough for activations of 3 bits, or of 4. */
#define FEW_THRESHOLDS 7
#define MANY_THRESHOLDS 15
#define WIDES (16 / LANE_BITS) /* registers of 16-bit lanes that one register of LANE_BITS widens to */
#define LARGEST_LANE ((LANE)((1u << (LANE_BITS - 1)) - 1))

#endif
