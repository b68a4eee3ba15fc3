/* Every operation is the one that torch does on each sum, in its order, so results equal torch's bit for bit. */
#include "emulation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/native/clones.h"
#include "../../kernels/native/thread_pool.h"

#define CHUNK 4096 /* sums at a time: what one loop leaves is still in the cache for the next */
#define LANES 4    /* partial sums */
#define SMALL 8192 /* sums that are not worth waking a second thread for */

/* A code: the slope of the function in the low two bits, the direction of an overflow above. */
enum { FLAT = 0, RISING = 1, FOLDED = 2, FALLING = 3, ABOVE = 4, BELOW = 8, SLOPES = 3 };
enum { WRAP, CYCLIC, RELU_LIKE, ABSOLUTE };

typedef struct {
  const wrap_emulation *emulation;
  const float *sums, *scale, *gradient;
  float *output;
  int8_t *codes;
  double *excess; /* of each part, or NULL */
  float push;
  int64_t rows, length; /* rows of sums that share a scale, or whose scales lie side by side */
  int parts;
} job;

/* The representative of x in [-period / 2, period / 2). */
static inline float wrapped_down(float x, float period) { return x - floorf((x + period / 2) / period) * period; }

/* The representative nearest to 0: half a period keeps either sign. */
static inline float wrapped_nearest(float x, float period) { return x - rintf(x / period) * period; }

static inline float smaller(float a, float b) { return a < b ? a : b; }

/* Functions and slopes of `count` sums; scale[i * stride] is the scale of number i. */
#define FOLD(name, ...)                                                                                               \
  WIDE_CLONES static void name(int64_t count, const wrap_emulation *emulation, const float *sums, const float *scale, \
                               int64_t stride, float *output, int8_t *codes) {                                        \
    const float half = ldexpf(1, emulation->bits - 1), period = 2 * half, slope = emulation->slope;                   \
    const float threshold = (float)((double)slope * half / ((double)slope + 1));                                      \
    const float below = half * (1 - 0x1p-24f);                                                                        \
    (void)slope, (void)threshold;                                                                                     \
    _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) {                                                        \
      const float x = sums[i];                                                                                        \
      float y;                                                                                                        \
      int code;                                                                                                       \
      __VA_ARGS__;                                                                                                    \
      codes[i] = (int8_t)(code | (x > below ? ABOVE : 0) | (x < -below ? BELOW : 0));                                 \
      output[i] = scale[i * stride] * y;                                                                              \
    }                                                                                                                 \
  }

FOLD(fold_wrap, {
  y = wrapped_down(x, period);
  code = RISING;
})

FOLD(fold_cyclic, {
  const float wrapped = wrapped_nearest(x, period), magnitude = fabsf(wrapped);
  y = copysignf(smaller(magnitude, (half - magnitude) * slope), wrapped);
  code = magnitude > threshold ? FOLDED : RISING;
})

FOLD(fold_relu_like, {
  const float wrapped = wrapped_down(x, period);
  y = smaller(wrapped < 0 ? 0 : wrapped, (half - wrapped) * slope);
  code = wrapped > threshold ? FOLDED : wrapped >= 0 ? RISING : FLAT;
})

FOLD(fold_absolute, {
  const float wrapped = wrapped_down(x, period);
  y = fabsf(wrapped);
  code = wrapped > 0 ? RISING : wrapped < 0 ? FALLING : FLAT;
})

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t masks __attribute__((vector_size(4 * LANES)));
typedef double doubles __attribute__((vector_size(8 * LANES)));

/* Total by which magnitudes exceed `half`, added up in doubles; NaN stays NaN. */
WIDE_CLONES static double total_excess(int64_t count, const float *sums, float half) {
  doubles lanes = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    masks bits;
    memcpy(&bits, sums + i, sizeof bits);
    const floats beyond = (floats)(bits & INT32_MAX) - half;
    lanes += __builtin_convertvector((floats)((masks)beyond & ~(beyond < 0)), doubles);
  }
  double total = 0;
  for (int lane = 0; lane < LANES; lane++) total += lanes[lane];
  for (; i < count; i++) {
    const float beyond = fabsf(sums[i]) - half;
    total += beyond < 0 ? 0 : beyond;
  }
  return total;
}

WIDE_CLONES static void push_back(int64_t count, float folded, const int8_t *codes, const float *scale, int64_t stride,
                                  const float *gradient, float push, float *result) {
  _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) {
    const int code = codes[i], kind = code & SLOPES;
    const float slope = kind == RISING ? 1 : kind == FOLDED ? folded : kind == FALLING ? -1.0f : 0;
    const float direction = (float)((code >> 2 & 1) - (code >> 3 & 1)); /* ABOVE, BELOW */
    result[i] = slope * (gradient[i] * scale[i * stride]) + direction * push;
  }
}

WIDE_CLONES static void push_back_alone(int64_t count, float folded, const int8_t *codes, const float *scale,
                                        int64_t stride, const float *gradient, float *result) {
  _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) {
    const int kind = codes[i] & SLOPES;
    const float slope = kind == RISING ? 1 : kind == FOLDED ? folded : kind == FALLING ? -1.0f : 0;
    result[i] = slope * (gradient[i] * scale[i * stride]);
  }
}

static void fold(int64_t count, const wrap_emulation *emulation, const float *sums, const float *scale, int64_t stride,
                 float *output, int8_t *codes) {
  switch (emulation->kind) {
    case CYCLIC: fold_cyclic(count, emulation, sums, scale, stride, output, codes); break;
    case RELU_LIKE: fold_relu_like(count, emulation, sums, scale, stride, output, codes); break;
    case ABSOLUTE: fold_absolute(count, emulation, sums, scale, stride, output, codes); break;
    default: fold_wrap(count, emulation, sums, scale, stride, output, codes);
  }
}

/* Scales of a row: one for all, or, where nothing follows the channels, one for each number. */
static const float *scales_of(const job *all, int64_t row, int64_t *stride) {
  *stride = all->emulation->inner == 1;
  return *stride ? all->scale : all->scale + row % all->emulation->channels;
}

static void forward_part(void *argument, int part) {
  const job *all = argument;
  const float half = ldexpf(1, all->emulation->bits - 1);
  double excess = 0;
  for (int64_t row = all->rows * part / all->parts; row < all->rows * (part + 1) / all->parts; row++) {
    int64_t stride;
    const float *scale = scales_of(all, row, &stride);
    for (int64_t first = 0; first < all->length; first += CHUNK) {
      const int64_t at = row * all->length + first, rest = all->length - first, count = rest < CHUNK ? rest : CHUNK;
      if (all->excess) excess += total_excess(count, all->sums + at, half); /* before the output takes their place */
      fold(count, all->emulation, all->sums + at, scale + first * stride, stride, all->output + at, all->codes + at);
    }
  }
  if (all->excess) all->excess[part] = excess;
}

static void backward_part(void *argument, int part) {
  const job *all = argument;
  for (int64_t row = all->rows * part / all->parts; row < all->rows * (part + 1) / all->parts; row++) {
    int64_t stride;
    const float *scale = scales_of(all, row, &stride);
    const int64_t at = row * all->length;
    if (all->push)
      push_back(all->length, -all->emulation->slope, all->codes + at, scale, stride, all->gradient + at, all->push,
                all->output + at);
    else
      push_back_alone(all->length, -all->emulation->slope, all->codes + at, scale, stride, all->gradient + at,
                      all->output + at);
  }
}

static job job_of(const wrap_emulation *emulation) {
  const int together = emulation->inner == 1;
  job all = {.emulation = emulation};
  all.rows = together ? emulation->outer : emulation->outer * emulation->channels;
  all.length = together ? emulation->channels : emulation->inner;
  const int threads = all.rows * all.length < SMALL ? 1 : emulation->threads;
  all.parts = all.rows < threads ? (int)all.rows : threads;
  return all;
}

int wrap_emulate(const wrap_emulation *emulation, const float *sums, const float *scale, float *output, int8_t *codes,
                 double *excess) {
  job all = job_of(emulation);
  all.sums = sums;
  all.scale = scale;
  all.output = output;
  all.codes = codes;
  if (excess && !(all.excess = malloc(sizeof *all.excess * (size_t)all.parts))) return -1;
  wrap_in_parallel(forward_part, &all, all.parts);
  if (excess) {
    *excess = 0;
    for (int part = 0; part < all.parts; part++) *excess += all.excess[part];
    free(all.excess);
  }
  return 0;
}

void wrap_emulate_backward(const wrap_emulation *emulation, const int8_t *codes, const float *scale,
                           const float *gradient, float push, float *result) {
  job all = job_of(emulation);
  all.codes = (int8_t *)codes;
  all.scale = scale;
  all.gradient = gradient;
  all.push = push;
  all.output = result;
  wrap_in_parallel(backward_part, &all, all.parts);
}
