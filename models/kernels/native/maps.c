/* Maps whose numbers are moved or added: sums of maps, shortcuts, other orders of axes. */
#include <string.h>

#include "kernels.h"

#include "clones.h"
#include "common.h"
#include "thread_pool.h"

#define TILE 32 /* rows and columns that are transposed together, so that cache lines are used whole */

#define ADD_PIXELS(NAME, VALUE)                                                                                   \
  WIDE_CLONES static void NAME(const VALUE *restrict values, int64_t pixels, int channels, int32_t *restrict sums) { \
    for (int64_t pixel = 0; pixel < pixels; pixel++, values += channels)                                          \
      for (int i = 0; i < channels; i++) sums[i] += values[i];                                                    \
  }
ADD_PIXELS(add_bytes, uint8_t)
ADD_PIXELS(add_shorts, int16_t)

typedef struct {
  const void *shape;
  const uint8_t *input;
  uint8_t *output;
  int64_t count; /* of what the parts share */
  int parts;
} moving;

static void sum_pool_part(void *argument, int part) {
  const moving *all = argument;
  const wrap_sum_pool_shape *shape = all->shape;
  const size_t numbers = (size_t)shape->pixels * shape->channels;
  for (int64_t image = all->count * part / all->parts; image < all->count * (part + 1) / all->parts; image++) {
    int32_t *sums = (int32_t *)all->output + (size_t)image * shape->channels;
    const uint8_t *values = all->input + (size_t)image * numbers * shape->value_bytes;
    memset(sums, 0, shape->channels * sizeof *sums);
    if (shape->value_bytes == 1) add_bytes(values, shape->pixels, shape->channels, sums);
    else add_shorts((const int16_t *)values, shape->pixels, shape->channels, sums);
  }
}

void wrap_sum_pool(const wrap_sum_pool_shape *shape, const void *input, int32_t *output, int threads) {
  const int64_t numbers = shape->images * shape->pixels * shape->channels;
  moving all = {.shape = shape, .input = input, .output = (uint8_t *)output, .count = shape->images,
                .parts = wrap_parts(shape->images, numbers, threads)};
  wrap_in_parallel(sum_pool_part, &all, all.parts);
}

static void shortcut_part(void *argument, int part) {
  const moving *all = argument;
  const wrap_shortcut_shape *shape = all->shape;
  const int out_rows = DIVIDE_UP(shape->rows, shape->stride), out_columns = DIVIDE_UP(shape->columns, shape->stride);
  const size_t given = (size_t)shape->channels * shape->value_bytes;
  const size_t zeros = (size_t)shape->padding * shape->value_bytes;
  const int64_t last = all->count * (part + 1) / all->parts;
  for (int64_t row = all->count * part / all->parts; row < last; row++) {
    const int64_t from = row / out_rows * shape->rows + row % out_rows * shape->stride;
    const uint8_t *values = all->input + (size_t)from * shape->columns * given;
    uint8_t *kept = all->output + (size_t)row * out_columns * (given + zeros);
    for (int column = 0; column < out_columns; column++, values += shape->stride * given, kept += given + zeros) {
      memcpy(kept, values, given);
      memset(kept + given, 0, zeros);
    }
  }
}

void wrap_shortcut(const wrap_shortcut_shape *shape, const void *input, void *output, int threads) {
  const int64_t rows = (int64_t)shape->images * DIVIDE_UP(shape->rows, shape->stride);
  const int64_t row_numbers = (int64_t)DIVIDE_UP(shape->columns, shape->stride) * (shape->channels + shape->padding);
  moving all = {.shape = shape, .input = input, .output = output, .count = rows,
                .parts = wrap_parts(rows, rows * row_numbers, threads)};
  wrap_in_parallel(shortcut_part, &all, all.parts);
}

/* Columns first to last of one matrix become rows. */
#define TRANSPOSE(NAME, VALUE)                                                                                        \
  static void NAME(const VALUE *restrict values, int64_t rows, int64_t columns, int64_t first, int64_t last,          \
                   VALUE *restrict output) {                                                                          \
    for (int64_t top = 0; top < rows; top += TILE)                                                                    \
      for (int64_t left = first; left < last; left += TILE) {                                                         \
        const int64_t bottom = top + TILE < rows ? top + TILE : rows, right = left + TILE < last ? left + TILE : last; \
        for (int64_t column = left; column < right; column++)                                                         \
          for (int64_t row = top; row < bottom; row++) output[column * rows + row] = values[row * columns + column];  \
      }                                                                                                               \
  }
TRANSPOSE(transpose_bytes, uint8_t)
TRANSPOSE(transpose_shorts, uint16_t)
TRANSPOSE(transpose_words, uint32_t)

/* Pictures: three rows of bytes. */
WIDE_CLONES static void interleave(const uint8_t *restrict values, int64_t columns, int64_t first, int64_t last,
                                   uint8_t *restrict output) {
  const uint8_t *restrict second = values + columns, *restrict third = second + columns;
  for (int64_t i = first; i < last; i++) {
    output[3 * i] = values[i];
    output[3 * i + 1] = second[i];
    output[3 * i + 2] = third[i];
  }
}

static void transpose_part(void *argument, int part) {
  const moving *all = argument;
  const wrap_matrices *shape = all->shape;
  const int64_t rows = shape->rows, columns = shape->columns, last = all->count * (part + 1) / all->parts;
  for (int64_t first = all->count * part / all->parts, end; first < last; first = end) {
    const int64_t matrix = first / columns, from = first % columns;
    const int64_t to = columns < from + last - first ? columns : from + last - first;
    const size_t start = (size_t)matrix * rows * columns * shape->value_bytes;
    const void *values = all->input + start;
    void *output = all->output + start;
    if (shape->value_bytes == 1 && rows == 3) interleave(values, columns, from, to, output);
    else if (shape->value_bytes == 1) transpose_bytes(values, rows, columns, from, to, output);
    else if (shape->value_bytes == 2) transpose_shorts(values, rows, columns, from, to, output);
    else transpose_words(values, rows, columns, from, to, output);
    end = first + to - from;
  }
}

void wrap_transpose(const wrap_matrices *shape, const void *input, void *output, int threads) {
  const int64_t columns = shape->matrices * shape->columns;
  moving all = {.shape = shape, .input = input, .output = output, .count = columns,
                .parts = wrap_parts(columns, columns * shape->rows, threads)};
  wrap_in_parallel(transpose_part, &all, all.parts);
}
