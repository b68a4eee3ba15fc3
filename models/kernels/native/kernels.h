/* Convolutions of bytes with weights in {-1, 1} or {-1, 0, 1}, accumulated modulo 2^8 or 2^16.
 *
 * Nothing here validates its arguments; the Python side does, before any memory is touched.
 */
#ifndef WRAPMAC_KERNELS_H
#define WRAPMAC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "spans.h"

/* WRAP_INTERFACE_BEGIN: Python sees everything from here to END. */
typedef struct {
  int32_t images, rows, columns, channels; /* of the input: bytes, in this order */
  int32_t filters, kernel_rows, kernel_columns, stride, padding;
  int32_t out_rows, out_columns;
} wrap_shape;

/* How sums become the layer's output.
 *
 * Sums wrap to `bits` bits, then pass the cyclic activation of `slope` (0: none); one_sided: negative values become 0.
 * levels > 0: the output is a byte, lowest[filter] plus the number of levels with above[level][filter] less than
 * value ^ flip[filter]; `above` rises from level to level.
 * levels == 0 and multiplier != NULL: the output is a byte, (value * 2^(16 - bits) * multiplier[filter] + 2^14) >> 15,
 * plus bias[filter], saturated to 16 bits, >> shift, clipped to 0..largest. Otherwise the output is the value, in a
 * lane.
 * Per-filter arrays are padded to whole blocks of wrap_layout.lanes filters. A lane is an int8_t or an int16_t.
 */
typedef struct {
  int32_t bits, slope, one_sided;
  int32_t levels;
  const void *above, *flip; /* lanes */
  const uint8_t *lowest;
  const int16_t *multiplier, *bias;
  int32_t shift, largest;
} wrap_finish;

/* How a kernel wants its weights packed.
 *
 * The weights of `group` neighbouring channels are the digits of one index in the kernel's base, least significant
 * first; -1 is digit 0 and 1 is digit base - 1. index_bytes: 1, or 2 for the bytes 2i and 2i + 1 of an index i.
 * skips_zero: the index of all-zero weights is 0x8080, and the indices above it are one less.
 * lanes: filters of a block. Indices are ordered [filters / lanes][kernel row][group][kernel column][lanes].
 * interleaved: of every 16 filters, multiplier and bias hold the first 8 in the first half of their block and the last
 * 8 in the second, which is how bytes widen into two registers of 16-bit lanes.
 */
typedef struct {
  int32_t group, lanes, index_bytes, skips_zero, interleaved;
} wrap_layout;

enum { WRAP_AVX512, WRAP_AVX2, WRAP_VECTOR, WRAP_SWAR, WRAP_PATHS };

/* Whether this machine can run a path. */
int wrap_available(int path);
/* The number of the path's fastest kernel for this shape; only its channels, filters and kernel size matter. */
int wrap_choose(int path, int base, int lane_bits, const wrap_shape *shape);
wrap_layout wrap_layout_of(int kernel);
/* Returns 0, or 1 if memory runs out. threads: upper bound, the calling thread included. */
int wrap_convolve(int kernel, const wrap_shape *shape, const uint8_t *input, const uint8_t *indices,
                  const wrap_finish *finish, void *output, int threads);

/* Exact sums of bytes, less a zero point, times weights of up to 8 bits; the padding consists of the zero point.
 *
 * How a kernel wants its weights packed: those of a kernel row lie one after another, filled up with zeros to whole
 * groups, and are ordered [filters / lanes][kernel row][group][lanes][within the group]; filters are filled up with
 * zeros to a multiple of 16, and the last block may have fewer lanes than the others. weight_bytes: 1 for int8_t, 2 for
 * int16_t. */
typedef struct {
  int32_t lanes, group, weight_bytes;
} wrap_wide_layout;
/* How sums of 32 bits become the layer's output.
 *
 * offset[filter], the zero point times the sum of the weights, is subtracted first. bits > 0: sums wrap to `bits` bits,
 * then pass the cyclic activation of `slope` (0: none); one_sided: negative values become 0.
 * levels > 0: the output is an integer of `output_bytes` (1 for uint8_t, 2 for int16_t), lowest plus the number of
 * thresholds[filter][level] that the value reaches, or minus the value where scale[filter] is negative; they rise from
 * level to level. The value in floats, times scale[filter], plus bias[filter], clipped to least[filter]..largest[filter]
 * and rounded, ties to even, is that integer wherever the rounding changes it by no more than limit[filter].
 * levels == 0: the output is the value, an int32_t.
 * pool_kernel > 0: the output is the level of the largest value of each square window, see wrap_max_pool_shape. Then
 * bits is 0, and levels rise with the values: no scale is negative.
 * Per-filter arrays are padded to a multiple of 16 filters. */
typedef struct {
  int32_t bits, slope, one_sided, output_bytes, levels, lowest;
  int32_t pool_kernel, pool_stride, pool_padding;
  const int32_t *offset, *thresholds;
  const float *scale, *bias, *least, *largest, *limit;
} wrap_wide_finish;
wrap_wide_layout wrap_wide_layout_of(int path);
/* Returns 0, or 1 if memory runs out. threads: upper bound, the calling thread included. */
int wrap_wide_convolve(int path, const wrap_shape *shape, int zero_point, const uint8_t *input, const void *weights,
                       const wrap_wide_finish *finish, void *output, int threads);

/* Requantization as a multiplication: (2 * value + subdivisions) * multiplier >> 16, clipped to 0..largest. The first
 * factor has to fit 16 bits. */
typedef struct {
  int16_t subdivisions, multiplier, largest;
} wrap_requantization;
/* Thresholds and what follows them where two branches join: max(least, level + other branch).
 *
 * scale != NULL: a level is the value times scale[channel], plus bias[channel], in floats, clipped to
 * lowest[channel]..highest[channel] and rounded, ties to even.
 * Else every channel has a table of `span` levels; its first is that of the value `smallest`.
 * value_bytes: 1 for int8_t values, 2 for int16_t. requantization: applied to each result as well, or NULL. */
typedef struct {
  int32_t value_bytes, channels, span, smallest, least;
  const int16_t *table;
  const float *scale, *bias, *lowest, *highest;
  const wrap_requantization *requantization;
} wrap_join;
/* other: the other branch, one number per value, or NULL. bytes: receives the requantized results, NULL without. */
void wrap_join_pixels(const wrap_join *join, int64_t pixels, const void *values, const int16_t *other, int16_t *output,
                      uint8_t *bytes, int threads);
void wrap_requantize(const wrap_requantization *requantization, int64_t count, const int16_t *values, uint8_t *output,
                     int threads);

/* Max pooling of maps (images, rows, columns, channels) over square windows; padding is less than the kernel.
 * value_bytes: 1 for uint8_t, 2 for int16_t, 4 for floats. */
typedef struct {
  int32_t images, rows, columns, channels, kernel, stride, padding, value_bytes;
} wrap_max_pool_shape;
void wrap_max_pool(const wrap_max_pool_shape *shape, const void *input, void *output, int threads);

/* Levels of values (pixels, filters), as wrap_wide_convolve finishes its sums. */
void wrap_wide_levels(int path, const wrap_wide_finish *finish, int32_t filters, int64_t pixels, const int32_t *values,
                      void *output, int threads);

/* The sums of maps (images, pixels, channels). value_bytes: 1 for uint8_t, 2 for int16_t. */
typedef struct {
  int32_t images, channels, value_bytes;
  int64_t pixels;
} wrap_sum_pool_shape;
void wrap_sum_pool(const wrap_sum_pool_shape *shape, const void *input, int32_t *output, int threads);

/* Every `stride`-th pixel of every `stride`-th row of maps (images, rows, columns, channels), each followed by zeros for
 * `padding` more channels. */
typedef struct {
  int32_t images, rows, columns, channels, stride, padding, value_bytes;
} wrap_shortcut_shape;
void wrap_shortcut(const wrap_shortcut_shape *shape, const void *input, void *output, int threads);

/* Transposes matrices (rows, columns), one after another. value_bytes: 1, 2 or 4. */
typedef struct {
  int64_t matrices, rows, columns;
  int32_t value_bytes;
} wrap_matrices;
void wrap_transpose(const wrap_matrices *shape, const void *input, void *output, int threads);

/* A call of one of the functions above.
 *
 * function: which one. The rest are its arguments, by their names above, but for these: `number` is the kernel or path,
 * `count` the pixels of joins and levels or the numbers to requantize, `shape` the structure that comes first,
 * `input` what the function reads, `second` the other branch, indices or weights, `bytes` a join's second output. */
enum {
  WRAP_CONVOLVE, WRAP_WIDE_CONVOLVE, WRAP_WIDE_LEVELS, WRAP_JOIN, WRAP_REQUANTIZE, WRAP_MAX_POOL, WRAP_SUM_POOL,
  WRAP_SHORTCUT, WRAP_TRANSPOSE
};
typedef struct {
  int32_t function, number, zero_point, filters;
  int64_t count;
  const void *shape, *input, *second, *finish;
  void *output, *bytes;
} wrap_call;
/* Makes calls one after another. Returns 0, or 1 if memory runs out. */
int wrap_run(const wrap_call *calls, int64_t count, int threads);

/* The naive loop: the same sums modulo 2^32, one multiplication at a time. weights: [filter][row][column][channel]. */
void wrap_naive(const wrap_shape *shape, const uint8_t *input, const int8_t *weights, int32_t *output);
/* For measurements: a chain of `rounds` dependent operations, one per cycle. */
int64_t wrap_count(int64_t rounds);
/* For measurements: look-ups and additions of `rounds` tiles, in registers alone. Returns the multiply-accumulates that
 * they stand for; 0 for kernels that do not look up in registers. */
int64_t wrap_look_up(int kernel, int64_t rounds);
/* WRAP_INTERFACE_END */

/* A part of a convolution: output rows, counted over all images, and blocks of filters. */
typedef struct {
  const wrap_shape *shape;
  const wrap_finish *finish;
  const uint8_t *input, *indices;
  void *output;
  wrap_span span;
  int32_t padded_filters; /* filters of all blocks, the padding of the last one included */
} wrap_part;

/* A kernel of a path, for one base and one width of lanes.
 *
 * Costs in hundredths of a cycle, about: table_cost to make a table, look_up_cost to look up one register of lanes and
 * add it. permutes_pairs: a look-up permutes a pair of registers, which some cores do in three steps.
 */
typedef struct {
  int base, lane_bits, table_cost, look_up_cost, permutes_pairs;
  wrap_layout layout;
  int (*run)(const wrap_part *part);       /* returns 0, or 1 if memory runs out */
  int64_t (*look_up_only)(int64_t rounds); /* as wrap_look_up, or NULL */
} wrap_kernel;

#define WRAP_MOST_KERNELS 8 /* of a path; unused entries have no `run` */
extern const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS], wrap_avx2_kernels[WRAP_MOST_KERNELS],
    wrap_vector_kernels[WRAP_MOST_KERNELS], wrap_swar_kernels[WRAP_MOST_KERNELS];

#endif
