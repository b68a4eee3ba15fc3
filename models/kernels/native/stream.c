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

#define AT_ONCE 256 /* channels */

/* The entries of the tables of some channels. Scalar, as every channel has a table of its own. */
#define LOOK_UP(kind)                                                                                       \
  static void look_up_##kind(const int16_t *restrict table, int64_t span, const kind *restrict values, int count, \
                             int16_t *restrict found) {                                                     \
    _Pragma("GCC unroll 8") for (int i = 0; i < count; i++, table += span) found[i] = table[values[i]];      \
  }
LOOK_UP(int8_t)
LOOK_UP(int16_t)

static void join_pixel(const wrap_join *join, const void *values, const int16_t *restrict other,
                       int16_t *restrict output) {
  const int16_t least = (int16_t)join->least;
  for (int done = 0, count; done < join->channels; done += count) {
    const int16_t *table = join->table + (int64_t)done * join->span - join->smallest;
    int16_t found[AT_ONCE];
    count = join->channels - done < AT_ONCE ? join->channels - done : AT_ONCE;
    if (join->value_bytes == 1)
      look_up_int8_t(table, join->span, (const int8_t *)values + done, count, found);
    else
      look_up_int16_t(table, join->span, (const int16_t *)values + done, count, found);
    for (int i = 0; i < count; i++) {
      const int16_t sum = (int16_t)(found[i] + (other ? other[done + i] : 0));
      output[done + i] = sum > least ? sum : least;
    }
  }
}

static void join_part(void *argument, int part) {
  const joining *all = argument;
  const int channels = all->join->channels;
  const int64_t first = all->pixels * part / all->parts, last = all->pixels * (part + 1) / all->parts;
  for (int64_t at = first * channels; at < last * channels; at += channels)
    join_pixel(all->join, (const uint8_t *)all->values + at * all->join->value_bytes,
               all->other ? all->other + at : NULL, all->output + at);
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
