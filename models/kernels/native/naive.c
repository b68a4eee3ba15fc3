/* What the kernels are compared with: a multiplication, an addition, one after another, without vectors; and the clock. */
#include "kernels.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-vectorize", "no-tree-slp-vectorize")
#endif

void wrap_naive(const wrap_shape *shape, const uint8_t *input, const int8_t *weights, int32_t *output) {
  const int channels = shape->channels;
  for (int64_t flat = 0; flat < (int64_t)shape->images * shape->out_rows; flat++)
    for (int x = 0; x < shape->out_columns; x++)
      for (int filter = 0; filter < shape->filters; filter++) {
        uint32_t sum = 0;
        for (int ky = 0; ky < shape->kernel_rows; ky++)
          for (int kx = 0; kx < shape->kernel_columns; kx++) {
            const int64_t image = flat / shape->out_rows;
            const int64_t row = flat % shape->out_rows * shape->stride + ky - shape->padding;
            const int64_t column = (int64_t)x * shape->stride + kx - shape->padding;
            if (row < 0 || row >= shape->rows || column < 0 || column >= shape->columns) continue;
            const uint8_t *a = input + ((image * shape->rows + row) * shape->columns + column) * channels;
            const int8_t *w = weights + (((int64_t)filter * shape->kernel_rows + ky) * shape->kernel_columns + kx) * channels;
            for (int c = 0; c < channels; c++) sum += (uint32_t)(a[c] * w[c]);
          }
        output[(flat * shape->out_columns + x) * shape->filters + filter] = (int32_t)sum;
      }
}

/* Exclusive ors, since newer cores add constants while they rename registers, several in a cycle. */
int64_t wrap_count(int64_t rounds) {
  int64_t chain = 0, link = rounds;
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+r"(chain), "+r"(link)); /* neither left out nor done in one step */
    chain ^= link;
  }
  return chain;
}
