/* Convolutions whose sums wrap around in 8 or 16 bits, of bytes with weights in {-1, 1} or {-1, 0, 1}.
 *
 * Nothing here checks what it is given; the Python side does, before any memory is touched.
 */
#ifndef WRAPMAC_KERNELS_H
#define WRAPMAC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* WRAP_INTERFACE_BEGIN: what follows up to END is also what Python sees. */
typedef struct {
  int32_t images, rows, columns, channels; /* of the input, bytes in this order */
  int32_t filters, kernel_rows, kernel_columns, stride, padding;
  int32_t out_rows, out_columns;
} wrap_shape;

/* What becomes of the sums.
 *
 * They wrap to `bits`. slope: of the cyclic activation, 0 for none; one_sided: what is below 0 becomes 0.
 * levels > 0: a byte, lowest[filter] and 1 more for each level whose above[level][filter] is less than
 * value ^ flip[filter]; above rises from level to level.
 * levels == 0 and multiplier: a byte, (value * 2^(16 - bits) * multiplier[filter] + 2^14) >> 15, plus bias[filter],
 * saturated to 16 bits, >> shift, clipped to 0 to largest. Otherwise: the value, in a lane.
 * Arrays of a number for each filter are as long as whole blocks of wrap_layout.lanes; lanes are int8_t or int16_t.
 */
typedef struct {
  int32_t bits, slope, one_sided;
  int32_t levels;
  const void *above, *flip; /* lanes */
  const uint8_t *lowest;
  const int16_t *multiplier, *bias;
  int32_t shift, largest;
} wrap_finish;

/* How a path takes weights: `group` weights of neighbouring channels become one index, their digits in `base`
 * (-1 is 0, and 1 is base - 1), the first the least. index_bytes: 1; or 2, the bytes 2i and 2i + 1 of an index i.
 * skips_zero: the index of nothing but zeros is 0x8080, and those above it are 1 less.
 * lanes: filters that stand side by side: [filters / lanes][kernel row][group][kernel column][lanes].
 * interleaved: of every 16 filters, multiplier and bias have the first 8 in the first half of their block, the others in
 * the second, as bytes turn into two registers of 16-bit lanes. */
typedef struct {
  int32_t group, lanes, index_bytes, skips_zero, interleaved;
} wrap_layout;

enum { WRAP_AVX512, WRAP_AVX2, WRAP_VECTOR, WRAP_SWAR, WRAP_PATHS };

int wrap_available(int path);
/* The number of the path's fastest kernel for layers of such a shape, of which sides and strides do not matter. */
int wrap_choose(int path, int base, int lane_bits, const wrap_shape *shape);
wrap_layout wrap_layout_of(int kernel);
/* 0, or 1 if there is not enough memory. threads: at most so many, the calling one among them. */
int wrap_convolve(int kernel, const wrap_shape *shape, const uint8_t *input, const uint8_t *indices,
                  const wrap_finish *finish, void *output, int threads);
/* (2 * value + subdivisions) * multiplier >> 16, from 0 to largest; the first factor has to fit 16 bits. */
typedef struct {
  int16_t subdivisions, multiplier, largest;
} wrap_step;
/* The greater of `least` and a sum: the entry of the channel's table for a value, and a number of the other branch.
 * value_bytes: 1, int8_t, or 2, int16_t; span: entries of a channel, the first for the value `smallest`.
 * step: NULL, or what is made of each sum as well. */
typedef struct {
  int32_t value_bytes, channels, span, smallest, least;
  const int16_t *table;
  const wrap_step *step;
} wrap_join;
/* other: NULL, or a number for each value. bytes: of the step, else NULL. */
void wrap_join_pixels(const wrap_join *join, int64_t pixels, const void *values, const int16_t *other, int16_t *output,
                      uint8_t *bytes, int threads);
void wrap_step_all(const wrap_step *step, int64_t count, const int16_t *values, uint8_t *output, int threads);
/* The largest of each square window; float (images, rows, columns, channels). Windows have less padding than their size. */
typedef struct {
  int32_t images, rows, columns, channels, kernel, stride, padding;
} wrap_pool;
void wrap_max_pool(const wrap_pool *pool, const float *input, float *output, int threads);
/* The naive loop of the same sums modulo 2^32, one multiplication after another. weights: [filter][row][column][channel]. */
void wrap_naive(const wrap_shape *shape, const uint8_t *input, const int8_t *weights, int32_t *output);
/* To measure with: a chain of `rounds` operations, one a cycle; and as many look-ups and additions in registers alone as
 * make `rounds` tiles. wrap_look_up returns how many multiply-accumulates they are worth, 0 for paths without. */
int64_t wrap_count(int64_t rounds);
int64_t wrap_look_up(int kernel, int64_t rounds);
/* WRAP_INTERFACE_END */

/* A part of the work: output rows, counted over all images, and blocks of filters. */
typedef struct {
  const wrap_shape *shape;
  const wrap_finish *finish;
  const uint8_t *input, *indices;
  void *output;
  int64_t first_row, last_row;
  int32_t first_block, last_block;
  int32_t padded_filters; /* a whole number of blocks */
} wrap_part;

/* A kernel. run: 0, or 1 without memory. look_up: as wrap_look_up, or NULL. Costs, in any unit: of a table, and of a
 * look-up in it with all lanes; they choose between kernels that do the same. pairs: whether look-ups permute two
 * registers, which takes three steps instead of one on some cores. */
typedef struct {
  int base, lane_bits, table_cost, look_up_cost, pairs;
  wrap_layout layout;
  int (*run)(const wrap_part *part);
  int64_t (*look_up)(int64_t rounds);
} wrap_kernel;

#define WRAP_MOST_KERNELS 8 /* of a path; those that are not there have no `run` */
extern const wrap_kernel wrap_avx512_kernels[WRAP_MOST_KERNELS], wrap_avx2_kernels[WRAP_MOST_KERNELS],
    wrap_vector_kernels[WRAP_MOST_KERNELS], wrap_swar_kernels[WRAP_MOST_KERNELS];

#endif
