/* The baseline of the bench: one multiplication and addition at a time, without vectors. */
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
            const int64_t pixel = (image * shape->rows + row) * shape->columns + column;
            const int64_t position = ((int64_t)filter * shape->kernel_rows + ky) * shape->kernel_columns + kx;
            const uint8_t *a = input + pixel * channels;
            const int8_t *w = weights + position * channels;
            for (int c = 0; c < channels; c++) sum += (uint32_t)(a[c] * w[c]);
          }
        output[(flat * shape->out_columns + x) * shape->filters + filter] = (int32_t)sum;
      }
}
