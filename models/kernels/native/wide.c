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
  int row_parts, block_parts;
  atomic_int failed;
} division;

static void run_part(void *argument, int number) {
  division *all = argument;
  wrap_wide_part part = all->whole;
  const int64_t rows = all->whole.last_row, blocks = all->whole.last_block;
  const int row_part = number % all->row_parts, block_part = number / all->row_parts;
  part.first_row = rows * row_part / all->row_parts;
  part.last_row = rows * (row_part + 1) / all->row_parts;
  const int64_t wide = all->kernel->layout.lanes / WIDE_LANES; /* blocks whose weights lie together */
  const int64_t groups = (blocks + wide - 1) / wide;
  part.first_block = (int32_t)(groups * block_part / all->block_parts * wide);
  part.last_block = (int32_t)MIN(blocks, groups * (block_part + 1) / all->block_parts * wide);
  if (all->kernel->run(&part)) atomic_store(&all->failed, 1);
}

int wrap_wide_convolve(int path, const wrap_shape *shape, int zero_point, const uint8_t *input, const void *weights,
                       const wrap_wide_finish *finish, void *output, int threads) {
  const int64_t rows = (int64_t)shape->images * shape->out_rows;
  const int blocks = (shape->filters + WIDE_LANES - 1) / WIDE_LANES;
  division all = {.kernel = kernel_of(path)};
  all.whole = (wrap_wide_part){.shape = shape, .finish = finish, .input = input, .weights = weights, .output = output,
                               .zero_point = zero_point, .last_row = rows, .last_block = blocks};
  all.row_parts = rows < threads ? (int)rows : threads;
  all.block_parts = threads / all.row_parts < blocks ? threads / all.row_parts : blocks;
  wrap_in_parallel(run_part, &all, all.row_parts * all.block_parts);
  return atomic_load(&all.failed);
}
