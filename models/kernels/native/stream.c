/* What lies between the convolutions of a network: channels' tables, sums of two branches, coarser steps. */
#include "kernels.h"

#include "pool.h"

#define PIECE 8192 /* numbers that are worth a thread's attention */

typedef struct {
  const wrap_join *join;
  int64_t pixels;
  const void *values;
  const int16_t *other;
  int16_t *output;
  int parts;
} joining;

#define AT_ONCE 4096 /* numbers: sums read what look-ups wrote, but not so soon that they would wait for it */

/* The entries of the channels' tables for a pixel. One after the other, as every channel has a table of its own. */
#define LOOK_UP(kind)                                                                                       \
  static void look_up_##kind(const wrap_join *join, const kind *restrict values, int16_t *restrict output) { \
    const int16_t *restrict table = join->table - join->smallest;                                            \
    const int64_t span = join->span;                                                                         \
    const int channels = join->channels;                                                                     \
    _Pragma("GCC unroll 8") for (int i = 0; i < channels; i++, table += span) output[i] = table[values[i]];   \
  }
LOOK_UP(int8_t)
LOOK_UP(int16_t)

static void look_up_pixels(const joining *all, int64_t first, int64_t last) {
  const int channels = all->join->channels;
  for (int64_t at = first * channels; at < last * channels; at += channels)
    if (all->join->value_bytes == 1)
      look_up_int8_t(all->join, (const int8_t *)all->values + at, all->output + at);
    else
      look_up_int16_t(all->join, (const int16_t *)all->values + at, all->output + at);
}

/* In vectors, by the compiler. */
static void add(int64_t count, const int16_t *restrict other, int16_t *restrict output) {
  for (int64_t i = 0; i < count; i++) output[i] = (int16_t)(output[i] + other[i]);
}

static void raise_to(int16_t least, int64_t count, int16_t *output) {
  for (int64_t i = 0; i < count; i++) output[i] = output[i] > least ? output[i] : least;
}

static void join_part(void *argument, int part) {
  const joining *all = argument;
  const int channels = all->join->channels, pixels = AT_ONCE / channels + 1;
  const int64_t last = all->pixels * (part + 1) / all->parts;
  for (int64_t first = all->pixels * part / all->parts, end; first < last; first = end) {
    end = first + pixels < last ? first + pixels : last;
    const int64_t at = first * channels, count = (end - first) * channels;
    look_up_pixels(all, first, end);
    if (all->other) add(count, all->other + at, all->output + at);
    if (all->join->least > INT16_MIN) raise_to((int16_t)all->join->least, count, all->output + at);
  }
}

static int parts_for(int64_t numbers, int threads) {
  const int64_t most = numbers / PIECE + 1;
  return most < threads ? (int)most : threads;
}

void wrap_join_pixels(const wrap_join *join, int64_t pixels, const void *values, const int16_t *other, int16_t *output,
                      int threads) {
  joining all = {join, pixels, values, other, output, parts_for(pixels * join->channels, threads)};
  wrap_in_parallel(join_part, &all, all.parts);
}

typedef struct {
  const wrap_step *step;
  int64_t count;
  const int16_t *values;
  uint8_t *output;
  int parts;
} stepping;

static void step_part(void *argument, int part) {
  const stepping *all = argument;
  const wrap_step step = *all->step;
  const int64_t first = all->count * part / all->parts, count = all->count * (part + 1) / all->parts - first;
  const int16_t *restrict values = all->values + first;
  uint8_t *restrict output = all->output + first;
  for (int64_t at = 0; at < count; at++) { /* in vectors, by the compiler */
    const int16_t twice = (int16_t)(2 * values[at] + step.subdivisions);
    const int16_t whole = (int16_t)((twice * step.multiplier) >> 16);
    const int16_t positive = whole < 0 ? 0 : whole;
    output[at] = (uint8_t)(positive > step.largest ? step.largest : positive);
  }
}

void wrap_step_all(const wrap_step *step, int64_t count, const int16_t *values, uint8_t *output, int threads) {
  stepping all = {step, count, values, output, parts_for(count, threads)};
  wrap_in_parallel(step_part, &all, all.parts);
}
