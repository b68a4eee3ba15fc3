/* The largest of each square window of maps of floats whose channels lie side by side. */
#include "kernels.h"

#include "clones.h"
#include "thread_pool.h"

typedef struct {
  const wrap_pool *pool;
  const float *input;
  float *output;
  int64_t rows, columns; /* of the output; rows of all images */
  int parts;
} pooling;

static int within(int64_t place, int limit) { return place < 0 ? 0 : place > limit ? limit : (int)place; }

/* The padding, of which every window has less than its size, never wins. */
WIDE_CLONES static void pool_pixel(const wrap_pool *pool, const float *image, int64_t top, int64_t left,
                                   float *restrict largest) {
  const int first_row = within(top, pool->rows), last_row = within(top + pool->kernel, pool->rows);
  const int first = within(left, pool->columns), last = within(left + pool->kernel, pool->columns);
  const size_t channels = (size_t)pool->channels;
  for (int row = first_row; row < last_row; row++)
    for (int column = first; column < last; column++) {
      const float *restrict values = image + ((size_t)row * pool->columns + column) * channels;
      const int begins = row == first_row && column == first;
      for (size_t i = 0; i < channels; i++) largest[i] = begins || values[i] > largest[i] ? values[i] : largest[i];
    }
}

static void pool_part(void *argument, int part) {
  const pooling *all = argument;
  const wrap_pool *pool = all->pool;
  const int64_t image_rows = all->rows / pool->images;
  for (int64_t row = all->rows * part / all->parts; row < all->rows * (part + 1) / all->parts; row++) {
    const float *image = all->input + (size_t)(row / image_rows) * pool->rows * pool->columns * pool->channels;
    float *largest = all->output + (size_t)row * all->columns * pool->channels;
    for (int64_t column = 0; column < all->columns; column++, largest += pool->channels)
      pool_pixel(pool, image, row % image_rows * pool->stride - pool->padding, column * pool->stride - pool->padding,
                 largest);
  }
}

static int64_t windows(const wrap_pool *pool, int size) {
  return (size + 2 * pool->padding - pool->kernel) / pool->stride + 1;
}

void wrap_max_pool(const wrap_pool *pool, const float *input, float *output, int threads) {
  const int64_t rows = windows(pool, pool->rows) * pool->images;
  pooling all = {pool, input, output, rows, windows(pool, pool->columns), rows < threads ? (int)rows : threads};
  wrap_in_parallel(pool_part, &all, all.parts);
}
