/* What wide.c and its kernels for exact sums share. */
#ifndef WRAPMAC_WIDE_H
#define WRAPMAC_WIDE_H

#include "kernels.h"

#define WIDE_LANES 16 /* filters of a block */

/* A part of a convolution: output rows, counted over all images, and blocks of filters. */
typedef struct {
  const wrap_shape *shape;
  const wrap_wide_finish *finish;
  const uint8_t *input;
  const void *weights;
  void *output;
  int32_t zero_point;
  int32_t pooled_rows, pooled_columns; /* of the output: those of `shape` without a pool */
  wrap_span span;                      /* rows after the pool */
} wrap_wide_part;

typedef struct {
  wrap_wide_layout layout;
  int (*available)(void);
  int (*run)(const wrap_wide_part *part); /* returns 0, or 1 if memory runs out */
  /* What becomes of the values (pixels, filters). */
  void (*finish)(const wrap_wide_finish *finish, int filters, int64_t pixels, const int32_t *values, uint8_t *output);
} wrap_wide_kernel;

extern const wrap_wide_kernel wrap_wide_avx512, wrap_wide_avx2, wrap_wide_plain;

#endif
