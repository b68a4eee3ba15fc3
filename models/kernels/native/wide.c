/* Exact sums: which kernel a path has, and how a convolution is divided among threads. */
#include "wide.h"

#include <stdatomic.h>

#include "common.h"
#include "thread_pool.h"

static const wrap_wide_kernel *kernel_of(int path) {
  if (path == WRAP_AVX512 && wrap_wide_avx512.available()) return &wrap_wide_avx512;
  if (path <= WRAP_AVX2 && wrap_wide_avx2.available()) return &wrap_wide_avx2;
  return &wrap_wide_plain;
}

wrap_wide_layout wrap_wide_layout_of(int path) { return kernel_of(path)->layout; }

typedef struct {
  const wrap_wide_kernel *kernel;
  wrap_wide_part whole;
  wrap_division division;
  atomic_int failed;
} job;

static void run_part(void *argument, int number) {
  job *all = argument;
  wrap_wide_part part = all->whole;
  part.span = wrap_span_of(&all->division, number);
  if (!wrap_span_is_empty(&part.span) && all->kernel->run(&part)) atomic_store(&all->failed, 1);
}

static int pooled(const wrap_wide_finish *finish, int size) {
  return finish->pool_kernel ? (size + 2 * finish->pool_padding - finish->pool_kernel) / finish->pool_stride + 1 : size;
}

int wrap_wide_convolve(int path, const wrap_shape *shape, int zero_point, const uint8_t *input, const void *weights,
                       const wrap_wide_finish *finish, void *output, int threads) {
  const wrap_wide_kernel *kernel = kernel_of(path);
  job all = {.kernel = kernel};
  all.whole = (wrap_wide_part){.shape = shape, .finish = finish, .input = input, .weights = weights, .output = output,
                               .zero_point = zero_point, .pooled_rows = pooled(finish, shape->out_rows),
                               .pooled_columns = pooled(finish, shape->out_columns)};
  /* Rows first: parts that share rows would both pad them. */
  const int64_t rows = (int64_t)shape->images * all.whole.pooled_rows;
  const int blocks = DIVIDE_UP(shape->filters, WIDE_LANES), unit = kernel->layout.lanes / WIDE_LANES;
  const int row_parts = (int)MIN(rows, threads);
  all.division = (wrap_division){.rows = rows, .blocks = blocks, .unit = unit, .row_parts = row_parts,
                                 .block_parts = MIN(threads / row_parts, blocks)};
  wrap_in_parallel(run_part, &all, row_parts * all.division.block_parts);
  return atomic_load(&all.failed);
}

typedef struct {
  const wrap_wide_kernel *kernel;
  const wrap_wide_finish *finish;
  const int32_t *values;
  uint8_t *output;
  int64_t pixels;
  int filters, parts;
} finishing;

static void finish_part(void *argument, int part) {
  const finishing *all = argument;
  const int64_t first = all->pixels * part / all->parts, last = all->pixels * (part + 1) / all->parts;
  const size_t start = (size_t)first * all->filters;
  all->kernel->finish(all->finish, all->filters, last - first, all->values + start,
                      all->output + start * all->finish->output_bytes);
}

void wrap_wide_levels(int path, const wrap_wide_finish *finish, int32_t filters, int64_t pixels, const int32_t *values,
                      void *output, int threads) {
  finishing all = {.kernel = kernel_of(path), .finish = finish, .values = values, .output = output, .pixels = pixels,
                   .filters = filters, .parts = wrap_parts(pixels, pixels * filters, threads)};
  wrap_in_parallel(finish_part, &all, all.parts);
}
