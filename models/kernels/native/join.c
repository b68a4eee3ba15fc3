/* Between the convolutions of a network: thresholds, sums of two branches, requantization. */
#include "kernels.h"

#include "clones.h"
#include "rounding.h"
#include "thread_pool.h"

/* Each operation reads what the previous one wrote, but not so soon that it would wait for the stores. */
#define BLOCK_NUMBERS 4096

/* The compiler vectorises these loops. */
WIDE_CLONES static void requantize(const wrap_requantization *requantization, int64_t count,
                                   const int16_t *restrict values, uint8_t *restrict output) {
  const wrap_requantization with = *requantization;
  for (int64_t i = 0; i < count; i++) {
    const int16_t twice = (int16_t)(2 * values[i] + with.subdivisions);
    const int16_t whole = (int16_t)((twice * with.multiplier) >> 16);
    const int16_t positive = whole < 0 ? 0 : whole;
    output[i] = (uint8_t)(positive > with.largest ? with.largest : positive);
  }
}

WIDE_CLONES static void add(int64_t count, const int16_t *restrict other, int16_t *restrict output) {
  for (int64_t i = 0; i < count; i++) output[i] = (int16_t)(output[i] + other[i]);
}

WIDE_CLONES static void raise_to(int16_t least, int64_t count, int16_t *output) {
  for (int64_t i = 0; i < count; i++) output[i] = output[i] > least ? output[i] : least;
}

/* One entry at a time, as every channel has its own table. */
#define LOOK_UP(kind)                                                                                         \
  static void look_up_##kind(const wrap_join *join, int pixels, const kind *restrict values,                  \
                             int16_t *restrict output) {                                                      \
    const int64_t span = join->span;                                                                          \
    const int channels = join->channels;                                                                      \
    for (int pixel = 0; pixel < pixels; pixel++, values += channels, output += channels) {                    \
      const int16_t *restrict table = join->table - join->smallest;                                           \
      _Pragma("GCC unroll 8") for (int i = 0; i < channels; i++, table += span) output[i] = table[values[i]]; \
    }                                                                                                         \
  }
LOOK_UP(int8_t)
LOOK_UP(int16_t)

#define SCALE(kind)                                                                                           \
  WIDE_CLONES static void scale_##kind(const wrap_join *join, int pixels, const kind *restrict values,        \
                                       int16_t *restrict output) {                                            \
    const float *restrict scale = join->scale, *restrict bias = join->bias;                                   \
    const float *restrict lowest = join->lowest, *restrict highest = join->highest;                           \
    const int channels = join->channels;                                                                      \
    for (int pixel = 0; pixel < pixels; pixel++, values += channels, output += channels)                      \
      for (int i = 0; i < channels; i++) {                                                                    \
        float exact = (float)values[i] * scale[i] + bias[i];                                                  \
        exact = exact < lowest[i] ? lowest[i] : exact;                                                        \
        exact = exact > highest[i] ? highest[i] : exact;                                                      \
        output[i] = (int16_t)(int32_t)((exact + ROUNDER) - ROUNDER);                                          \
      }                                                                                                       \
  }
SCALE(int8_t)
SCALE(int16_t)

typedef struct {
  const wrap_join *join;
  int64_t pixels;
  const void *values;
  const int16_t *other;
  int16_t *output;
  uint8_t *bytes;
  int parts;
} joining;

static void find_levels(const joining *all, int64_t at, int pixels) {
  const int8_t *bytes = (const int8_t *)all->values + at;
  const int16_t *shorts = (const int16_t *)all->values + at;
  const int in_bytes = all->join->value_bytes == 1;
  if (all->join->scale && in_bytes) scale_int8_t(all->join, pixels, bytes, all->output + at);
  else if (all->join->scale) scale_int16_t(all->join, pixels, shorts, all->output + at);
  else if (in_bytes) look_up_int8_t(all->join, pixels, bytes, all->output + at);
  else look_up_int16_t(all->join, pixels, shorts, all->output + at);
}

static void join_part(void *argument, int part) {
  const joining *all = argument;
  const wrap_join *join = all->join;
  const int channels = join->channels, block_pixels = BLOCK_NUMBERS / channels + 1;
  const int64_t last = all->pixels * (part + 1) / all->parts;
  for (int64_t first = all->pixels * part / all->parts, end; first < last; first = end) {
    end = first + block_pixels < last ? first + block_pixels : last;
    const int64_t at = first * channels, count = (end - first) * channels;
    find_levels(all, at, (int)(end - first));
    if (all->other) add(count, all->other + at, all->output + at);
    if (join->least > INT16_MIN) raise_to((int16_t)join->least, count, all->output + at);
    if (join->requantization) requantize(join->requantization, count, all->output + at, all->bytes + at);
  }
}

void wrap_join_pixels(const wrap_join *join, int64_t pixels, const void *values, const int16_t *other, int16_t *output,
                      uint8_t *bytes, int threads) {
  joining all = {.join = join, .pixels = pixels, .values = values, .other = other, .output = output, .bytes = bytes,
                 .parts = wrap_parts(pixels, pixels * join->channels, threads)};
  wrap_in_parallel(join_part, &all, all.parts);
}

typedef struct {
  const wrap_requantization *requantization;
  int64_t count;
  const int16_t *values;
  uint8_t *output;
  int parts;
} requantizing;

static void requantize_part(void *argument, int part) {
  const requantizing *all = argument;
  const int64_t first = all->count * part / all->parts, last = all->count * (part + 1) / all->parts;
  requantize(all->requantization, last - first, all->values + first, all->output + first);
}

void wrap_requantize(const wrap_requantization *requantization, int64_t count, const int16_t *values, uint8_t *output,
                     int threads) {
  requantizing all = {.requantization = requantization, .count = count, .values = values, .output = output,
                      .parts = wrap_parts(count, count, threads)};
  wrap_in_parallel(requantize_part, &all, all.parts);
}
