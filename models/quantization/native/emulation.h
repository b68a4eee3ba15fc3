/* Emulation of accumulators in training: wrap or cyclic function, scale and overflow penalty in one pass. */
#ifndef WRAPMAC_EMULATION_H
#define WRAPMAC_EMULATION_H

#include <stdint.h>

/* WRAP_INTERFACE_BEGIN: what Python sees */
typedef struct {
  int64_t outer, channels, inner; /* numbers of the axes before, of and after the channels */
  int kind;                       /* 0 wrap, 1 cyclic, 2 ReLU-like, 3 absolute */
  int bits;                       /* of the accumulator, 2 to 32 */
  float slope;                    /* k, of kinds 1 and 2 */
  int threads;
} wrap_emulation;

/* output = scale[channel] * function(sums); codes receives one byte per sum for the backward pass.
 * output may be the same array as sums. excess, unless NULL, receives the total by which magnitudes exceed 2^(bits-1),
 * exactly for integer sums. Returns 0, or -1 if memory runs out. */
int wrap_emulate(const wrap_emulation *emulation, const float *sums, const float *scale, float *output, int8_t *codes,
                 double *excess);

/* result = slope of the function * scale[channel] * gradient, plus `push`, with the sign of the sum, where it overflows. */
void wrap_emulate_backward(const wrap_emulation *emulation, const int8_t *codes, const float *scale,
                           const float *gradient, float push, float *result);
/* WRAP_INTERFACE_END */

#endif
