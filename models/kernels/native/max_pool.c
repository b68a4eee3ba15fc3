/* Max pooling of maps whose channels are contiguous. */
#include "kernels.h"

#include "clones.h"
#include "thread_pool.h"

typedef struct {
  const wrap_max_pool_shape *shape;
  const uint8_t *input;
  uint8_t *output;
  int64_t rows, columns; /* of the output; rows of all images */
  int parts;
} pooling;

static int clip(int64_t position, int limit) { return position < 0 ? 0 : position > limit ? limit : (int)position; }

/* Every window reaches past the padding, so that the padding never wins. */
#define POOL_PIXEL(NAME, VALUE)                                                                                    \
  WIDE_CLONES static void NAME(const wrap_max_pool_shape *shape, const void *map, int64_t top, int64_t left,       \
                               void *output) {                                                                     \
    const int first_row = clip(top, shape->rows), last_row = clip(top + shape->kernel, shape->rows);               \
    const int first = clip(left, shape->columns), last = clip(left + shape->kernel, shape->columns);               \
    const size_t channels = (size_t)shape->channels;                                                               \
    VALUE *restrict largest = output;                                                                              \
    for (int row = first_row; row < last_row; row++)                                                               \
      for (int column = first; column < last; column++) {                                                          \
        const VALUE *restrict values = (const VALUE *)map + ((size_t)row * shape->columns + column) * channels;    \
        const int begins = row == first_row && column == first;                                                    \
        for (size_t i = 0; i < channels; i++) largest[i] = begins || values[i] > largest[i] ? values[i] : largest[i]; \
      }                                                                                                            \
  }

POOL_PIXEL(pool_bytes, uint8_t)
POOL_PIXEL(pool_shorts, int16_t)
POOL_PIXEL(pool_floats, float)

static void pool_pixel(const wrap_max_pool_shape *shape, const void *map, int64_t top, int64_t left, void *output) {
  if (shape->value_bytes == 1) pool_bytes(shape, map, top, left, output);
  else if (shape->value_bytes == 2) pool_shorts(shape, map, top, left, output);
  else pool_floats(shape, map, top, left, output);
}

static void pool_part(void *argument, int part) {
  const pooling *all = argument;
  const wrap_max_pool_shape *shape = all->shape;
  const int64_t image_rows = all->rows / shape->images;
  const size_t pixel_bytes = (size_t)shape->channels * shape->value_bytes;
  for (int64_t row = all->rows * part / all->parts; row < all->rows * (part + 1) / all->parts; row++) {
    const uint8_t *image = all->input + (size_t)(row / image_rows) * shape->rows * shape->columns * pixel_bytes;
    uint8_t *largest = all->output + (size_t)row * all->columns * pixel_bytes;
    for (int64_t column = 0; column < all->columns; column++, largest += pixel_bytes)
      pool_pixel(shape, image, row % image_rows * shape->stride - shape->padding,
                 column * shape->stride - shape->padding, largest);
  }
}

static int64_t windows(const wrap_max_pool_shape *shape, int size) {
  return (size + 2 * shape->padding - shape->kernel) / shape->stride + 1;
}

void wrap_max_pool(const wrap_max_pool_shape *shape, const void *input, void *output, int threads) {
  const int64_t rows = windows(shape, shape->rows) * shape->images;
  const int64_t columns = windows(shape, shape->columns);
  pooling all = {.shape = shape, .input = input, .output = output, .rows = rows, .columns = columns,
                 .parts = wrap_parts(rows, rows * columns * shape->channels, threads)};
  wrap_in_parallel(pool_part, &all, all.parts);
}
