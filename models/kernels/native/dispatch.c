/* Which paths this machine has, and how a convolution is divided among threads. */
#include "kernels.h"

#include <stdatomic.h>

#include "common.h"
#include "thread_pool.h"

static const wrap_kernel *const kernels[WRAP_PATHS] = {
    [WRAP_AVX512] = wrap_avx512_kernels,
    [WRAP_AVX2] = wrap_avx2_kernels,
    [WRAP_VECTOR] = wrap_vector_kernels,
    [WRAP_SWAR] = wrap_swar_kernels,
};

static const wrap_kernel *kernel_of(int number) {
  return &kernels[number / WRAP_MOST_KERNELS][number % WRAP_MOST_KERNELS];
}

/* Intel's cores permute a pair of registers in three steps, two of them on one port. */
static int look_up_cost(const wrap_kernel *kernel) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (kernel->permutes_pairs && __builtin_cpu_is("intel")) return 3 * kernel->look_up_cost;
#endif
  return kernel->look_up_cost;
}

static int64_t layer_cost(const wrap_kernel *kernel, const wrap_shape *shape) {
  const int64_t positions = (int64_t)shape->kernel_rows * shape->kernel_columns;
  const int64_t look_ups = positions * DIVIDE_UP(shape->filters, kernel->layout.lanes);
  return DIVIDE_UP(shape->channels, kernel->layout.group) * (kernel->table_cost + look_ups * look_up_cost(kernel));
}

int wrap_choose(int path, int base, int lane_bits, const wrap_shape *shape) {
  const wrap_kernel *best = NULL;
  for (const wrap_kernel *one = kernels[path]; one < kernels[path] + WRAP_MOST_KERNELS && one->run; one++)
    if (one->base == base && one->lane_bits == lane_bits &&
        (!best || layer_cost(one, shape) < layer_cost(best, shape)))
      best = one;
  return (int)(best - kernels[path]) + path * WRAP_MOST_KERNELS;
}

int wrap_available(int path) {
  if (!kernels[path][0].run) return 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (path == WRAP_AVX512)
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq");
  if (path == WRAP_AVX2) return !!__builtin_cpu_supports("avx2");
#endif
  return 1;
}

int64_t wrap_look_up(int kernel, int64_t rounds) {
  return kernel_of(kernel)->look_up_only ? kernel_of(kernel)->look_up_only(rounds) : 0;
}

wrap_layout wrap_layout_of(int kernel) { return kernel_of(kernel)->layout; }

typedef struct {
  const wrap_kernel *kernel;
  wrap_part whole;
  wrap_division division;
  atomic_int failed;
} job;

static void run_part(void *argument, int number) {
  job *all = argument;
  wrap_part part = all->whole;
  part.span = wrap_span_of(&all->division, number);
  if (!wrap_span_is_empty(&part.span) && all->kernel->run(&part)) atomic_store(&all->failed, 1);
}

/* The cost of a part, per group of channels and pixel of a row. */
static int64_t part_cost(const job *all, int64_t rows, int blocks) {
  const wrap_shape *shape = all->whole.shape;
  /* Neighbouring parts both make the tables of the rows that their windows share. */
  const int shared = shape->kernel_rows > shape->stride ? shape->kernel_rows - shape->stride : 0;
  const int64_t tables = rows * shape->stride + shared;
  const int64_t look_ups = rows * blocks * shape->kernel_rows * shape->kernel_columns;
  return tables * all->kernel->table_cost + look_ups * all->kernel->look_up_cost;
}

/* Divides the rows, the filters (every part then makes all tables), or both, so that the largest part costs least. */
static void divide(job *all, int threads) {
  const int64_t rows = all->division.rows;
  const int blocks = all->division.blocks;
  int64_t least = 0;
  for (int row_parts = 1; row_parts <= threads && row_parts <= rows; row_parts++) {
    const int block_parts = threads / row_parts < blocks ? threads / row_parts : blocks;
    const int64_t cost = part_cost(all, (rows + row_parts - 1) / row_parts, DIVIDE_UP(blocks, block_parts));
    if (row_parts > 1 && cost >= least) continue;
    least = cost;
    all->division.row_parts = row_parts;
    all->division.block_parts = block_parts;
  }
}

int wrap_convolve(int number, const wrap_shape *shape, const uint8_t *input, const uint8_t *indices,
                  const wrap_finish *finish, void *output, int threads) {
  const wrap_kernel *kernel = kernel_of(number);
  const int blocks = DIVIDE_UP(shape->filters, kernel->layout.lanes);
  job all = {.kernel = kernel};
  all.whole = (wrap_part){.shape = shape, .finish = finish, .input = input, .indices = indices, .output = output,
                          .padded_filters = blocks * kernel->layout.lanes};
  all.division = (wrap_division){.rows = (int64_t)shape->images * shape->out_rows, .blocks = blocks, .unit = 1};
  divide(&all, threads);
  wrap_in_parallel(run_part, &all, all.division.row_parts * all.division.block_parts);
  return atomic_load(&all.failed);
}
