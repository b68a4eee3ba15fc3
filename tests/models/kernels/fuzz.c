/* Random layers on every path of this machine against the naive loop, and random operations between layers. Built with
 * sanitizers, and for other processors.
 *
 * Every array has its exact size, so that sanitizers see any access beyond it. Two threads call at a time, as those of
 * a program may.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define MOST_LEVELS 20
#define MOST_SKIPPED 20 /* outputs of exact sums between two that are checked */

#define CALLERS 2
#define MOST_THREADS 4

static _Thread_local uint64_t state;

/* A number from 0 to limit - 1 (xorshift). */
static int below(int limit) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (int)(state % (uint64_t)limit);
}

/* Writes an index as wrap_layout describes it. */
static void encode(uint8_t *place, const wrap_layout *layout, int base, int index) {
  int all = 1;
  for (int i = 0; i < layout->group; i++) all *= base;
  if (layout->index_bytes == 1) {
    place[0] = (uint8_t)index;
  } else if (layout->skips_zero && index == all / 2) {
    place[0] = place[1] = 0x80;
  } else {
    if (layout->skips_zero && index > all / 2) index--;
    place[0] = (uint8_t)(2 * index), place[1] = (uint8_t)(2 * index + 1);
  }
}

static uint8_t *pack(const wrap_shape *shape, const int8_t *weights, const wrap_layout *layout, int base) {
  const int groups = (shape->channels + layout->group - 1) / layout->group;
  const int blocks = (shape->filters + layout->lanes - 1) / layout->lanes;
  const int bytes = layout->index_bytes;
  const int window = shape->kernel_rows * shape->kernel_columns;
  uint8_t *packed = malloc((size_t)blocks * layout->lanes * window * groups * bytes), *place = packed;
  for (int block = 0; block < blocks; block++)
    for (int row = 0; row < shape->kernel_rows; row++)
      for (int group = 0; group < groups; group++)
        for (int column = 0; column < shape->kernel_columns; column++)
          for (int lane = 0; lane < layout->lanes; lane++, place += bytes) {
            const int filter = block * layout->lanes + lane;
            int index = 0;
            for (int digit = layout->group - 1; digit >= 0; digit--) {
              const int channel = group * layout->group + digit;
              const int known = filter < shape->filters && channel < shape->channels;
              const int position = (filter * shape->kernel_rows + row) * shape->kernel_columns + column;
              const int weight = known ? weights[position * shape->channels + channel] : -1;
              index = index * base + (weight + 1) / (base == 2 ? 2 : 1);
            }
            encode(place, layout, base, index);
          }
  return packed;
}

static int wrapped(int64_t sum, int bits) {
  const int64_t period = (int64_t)1 << bits;
  const int64_t rest = ((sum % period) + period) % period;
  return (int)(rest >= period / 2 ? rest - period : rest);
}

static int folded(int value, const wrap_finish *finish) {
  const int half = 1 << (finish->bits - 1);
  int magnitude = abs(value);
  if (finish->slope && (int64_t)(finish->slope + 1) * magnitude > (int64_t)finish->slope * half)
    magnitude = finish->slope * (half - magnitude);
  if (finish->slope) value = value < 0 ? -magnitude : magnitude;
  return finish->one_sided && value < 0 ? 0 : value;
}

static int number(const void *lanes, int lane_bits, size_t at) {
  return lane_bits == 8 ? ((const int8_t *)lanes)[at] : ((const int16_t *)lanes)[at];
}

static int expected(int value, const wrap_finish *finish, int lane_bits, int filter, int padded) {
  value = folded(wrapped(value, finish->bits), finish);
  if (finish->levels) {
    int level = finish->lowest[filter];
    for (int i = 0; i < finish->levels; i++)
      level += (value ^ number(finish->flip, lane_bits, filter)) >
               number(finish->above, lane_bits, (size_t)i * padded + filter);
    return (uint8_t)level;
  }
  if (!finish->multiplier) return value;
  int64_t scaled = ((int64_t)value * (1 << (16 - finish->bits)) * finish->multiplier[filter] + (1 << 14)) >> 15;
  scaled += finish->bias[filter];
  scaled = (scaled > 32767 ? 32767 : scaled < -32768 ? -32768 : scaled) >> finish->shift;
  return (int)(scaled < 0 ? 0 : scaled > finish->largest ? finish->largest : scaled);
}

static void *random_bytes(size_t count) {
  uint8_t *bytes = malloc(count);
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)below(256);
  return bytes;
}

/* Lanes [level][filter] that rise from level to level, some up to the largest lane. */
static void *rising_bounds(int lane_bits, int levels, int padded) {
  uint8_t *bounds = malloc((size_t)levels * padded * (lane_bits / 8));
  const int largest = (1 << (lane_bits - 1)) - 1, most_more = 1 + 3 * largest / levels;
  for (int filter = 0; filter < padded; filter++) {
    int bound = -largest - 1 + below(most_more);
    for (int level = 0; level < levels; level++) {
      const int16_t wide = (int16_t)bound;
      const int8_t narrow = (int8_t)bound;
      memcpy(bounds + ((size_t)level * padded + filter) * (lane_bits / 8),
             lane_bits == 8 ? (const void *)&narrow : (const void *)&wide, lane_bits / 8);
      bound += below(most_more);
      if (bound > largest) bound = largest;
    }
  }
  return bounds;
}

/* A finish with arrays for `padded` filters; the caller frees them. */
static wrap_finish random_finish(int lane_bits, int padded) {
  wrap_finish finish = {.bits = lane_bits == 8 ? 8 : 2 + below(15), .one_sided = below(2)};
  const int steepest = (1 << (finish.bits - 1)) - 1;
  finish.slope = below(2) ? 1 + below(steepest) : 0;
  switch (below(3)) {
    case 0:
      finish.levels = 1 + below(MOST_LEVELS);
      finish.above = rising_bounds(lane_bits, finish.levels, padded);
      finish.lowest = random_bytes(padded);
      int8_t *flip = malloc((size_t)padded * (lane_bits / 8));
      for (int i = 0; i < padded; i++) {
        const int8_t all = below(2) ? -1 : 0;
        for (int byte = 0; byte < lane_bits / 8; byte++) flip[i * (lane_bits / 8) + byte] = all;
      }
      for (int i = 0; i < padded; i++) ((uint8_t *)finish.lowest)[i] %= 256 - MOST_LEVELS;
      finish.flip = flip;
      break;
    case 1:
      finish.multiplier = random_bytes((size_t)padded * 2);
      finish.bias = random_bytes((size_t)padded * 2);
      for (int i = 0; i < padded; i++)
        if (finish.multiplier[i] == INT16_MIN) ((int16_t *)finish.multiplier)[i] = 0;
      finish.shift = below(16);
      finish.largest = below(256);
      break;
  }
  return finish;
}

/* The array in the order of interleaved kernels; NULL for NULL. */
static int16_t *interleaved(const int16_t *array, int padded, int lanes) {
  if (!array) return NULL;
  int16_t *result = malloc((size_t)padded * sizeof *result);
  for (int i = 0; i < padded; i++) {
    const int block = i / lanes * lanes, within = i % lanes;
    result[block + within / 8 % 2 * (lanes / 2) + within / 16 * 8 + within % 8] = array[i];
  }
  return result;
}

static const wrap_kernel *const kernels[WRAP_PATHS] = {
    [WRAP_AVX512] = wrap_avx512_kernels,
    [WRAP_AVX2] = wrap_avx2_kernels,
    [WRAP_VECTOR] = wrap_vector_kernels,
    [WRAP_SWAR] = wrap_swar_kernels,
};

/* The number of any kernel of a path, even one that this machine would not choose. */
static int random_kernel(int path) {
  int count = 0;
  while (count < WRAP_MOST_KERNELS && kernels[path][count].run) count++;
  return path * WRAP_MOST_KERNELS + below(count);
}

static int differs(int number_of_kernel, const wrap_shape *shape) {
  const wrap_kernel *kernel = &kernels[number_of_kernel / WRAP_MOST_KERNELS][number_of_kernel % WRAP_MOST_KERNELS];
  const wrap_layout layout = kernel->layout;
  const int base = kernel->base, lane_bits = kernel->lane_bits;
  const int padded = (shape->filters + layout.lanes - 1) / layout.lanes * layout.lanes;
  const size_t inputs = (size_t)shape->images * shape->rows * shape->columns * shape->channels;
  const size_t count = (size_t)shape->filters * shape->kernel_rows * shape->kernel_columns * shape->channels;
  const size_t outputs = (size_t)shape->images * shape->out_rows * shape->out_columns * shape->filters;
  uint8_t *input = random_bytes(inputs);
  int8_t *weights = malloc(count);
  for (size_t i = 0; i < count; i++) weights[i] = (int8_t)(base == 2 ? 2 * below(2) - 1 : below(3) - 1);
  uint8_t *indices = pack(shape, weights, &layout, base);
  wrap_finish finish = random_finish(lane_bits, padded);
  const int bytes = finish.levels || finish.multiplier;
  void *output = malloc(outputs * (bytes ? 1 : lane_bits / 8));
  int32_t *sums = malloc(outputs * sizeof(int32_t));
  wrap_naive(shape, input, weights, sums);
  wrap_finish given = finish;
  if (layout.interleaved) {
    given.multiplier = interleaved(finish.multiplier, padded, layout.lanes);
    given.bias = interleaved(finish.bias, padded, layout.lanes);
  }
  int wrong = wrap_convolve(number_of_kernel, shape, input, indices, &given, output, 1 + below(MOST_THREADS));
  if (layout.interleaved) free((void *)given.multiplier), free((void *)given.bias);
  for (size_t i = 0; i < outputs && !wrong; i++)
    wrong = expected(sums[i], &finish, lane_bits, (int)(i % shape->filters), padded) !=
            (bytes ? ((uint8_t *)output)[i] : number(output, lane_bits, i));
  free(input), free(weights), free(indices), free(output), free(sums);
  free((void *)finish.above), free((void *)finish.flip), free((void *)finish.lowest);
  free((void *)finish.multiplier), free((void *)finish.bias);
  return wrong;
}

/* Weights [filter][row][taps] as wrap_wide_layout describes them. */
static void *pack_wide(const wrap_shape *shape, const int8_t *weights, const wrap_wide_layout *layout) {
  const int taps = shape->kernel_columns * shape->channels, groups = (taps + layout->group - 1) / layout->group;
  const int padded = (shape->filters + 15) / 16 * 16;
  const size_t count = (size_t)padded * shape->kernel_rows * groups * layout->group;
  int8_t *packed = malloc(count * layout->weight_bytes);
  size_t place = 0;
  for (int block = 0; block < padded; block += layout->lanes)
    for (int row = 0; row < shape->kernel_rows; row++)
      for (int group = 0; group < groups; group++)
        for (int filter = block; filter < block + layout->lanes && filter < padded; filter++)
          for (int tap = group * layout->group; tap < (group + 1) * layout->group; tap++, place++) {
            const int known = filter < shape->filters && tap < taps;
            const int16_t weight = known ? weights[(filter * shape->kernel_rows + row) * taps + tap] : 0;
            if (layout->weight_bytes == 1) packed[place] = (int8_t)weight;
            else memcpy(packed + 2 * place, &weight, 2);
          }
  return packed;
}

/* Numbers from -reach to reach, in quarters. */
static float *random_floats(size_t count, int reach) {
  float *numbers = malloc(count * sizeof *numbers);
  for (size_t i = 0; i < count; i++) numbers[i] = (float)(below(8 * reach + 1) - 4 * reach) / 4;
  return numbers;
}

/* A finish with arrays for `padded` filters; the caller frees them. */
static wrap_wide_finish random_wide_finish(int padded) {
  wrap_wide_finish finish = {0};
  if (below(2)) {
    finish.bits = 2 + below(15), finish.one_sided = below(2);
    finish.slope = below(2) ? 1 + below((1 << (finish.bits - 1)) - 1) : 0;
  }
  int32_t *offset = malloc((size_t)padded * sizeof *offset);
  for (int i = 0; i < padded; i++) offset[i] = below(200000) - 100000;
  finish.offset = offset;
  if (!below(3)) return finish;
  finish.output_bytes = 1 + below(2), finish.levels = 1 + below(50);
  finish.lowest = finish.output_bytes == 1 ? below(200) : below(30000) - 30000;
  float *scale = random_floats(padded, 8), *least = malloc((size_t)padded * sizeof *least);
  float *largest = malloc((size_t)padded * sizeof *largest), *limit = malloc((size_t)padded * sizeof *limit);
  int32_t *thresholds = malloc((size_t)padded * finish.levels * sizeof *thresholds);
  for (int i = 0; i < padded; i++) {
    scale[i] /= (float)(1 + below(5000));
    least[i] = (float)(finish.output_bytes == 1 ? below(200) : below(30000) - 30000);
    largest[i] = least[i] + (float)below(56);
    limit[i] = (float)(8 - below(4)) / 16;
    for (int level = 0; level < finish.levels; level++)
      thresholds[i * finish.levels + level] = (level ? thresholds[i * finish.levels + level - 1] : -9000) + below(700);
  }
  finish.scale = scale, finish.bias = random_floats(padded, 100), finish.thresholds = thresholds;
  finish.least = least, finish.largest = largest, finish.limit = limit;
  return finish;
}

static int expected_wide(int64_t sum, const wrap_wide_finish *finish, int filter) {
  int value = (int)(sum - finish->offset[filter]);
  if (finish->bits) {
    const wrap_finish fold = {.bits = finish->bits, .slope = finish->slope, .one_sided = finish->one_sided};
    value = folded(wrapped(value, finish->bits), &fold);
  }
  if (!finish->levels) return value;
  const float scaled = (float)value * finish->scale[filter];
  const float sum_and_bias = scaled + finish->bias[filter];
  const float least = finish->least[filter], largest = finish->largest[filter];
  const float level = sum_and_bias < least ? least : sum_and_bias > largest ? largest : sum_and_bias;
  if (fabsf(level - rintf(level)) <= finish->limit[filter]) return (int)rintf(level);
  int reached = finish->lowest;
  for (int i = 0; i < finish->levels; i++)
    reached += (finish->scale[filter] < 0 ? -value : value) >= finish->thresholds[filter * finish->levels + i];
  return reached;
}

static int64_t wide_sum(const wrap_shape *shape, int zero_point, const uint8_t *input, const int8_t *weights,
                        size_t output) {
  const int filter = (int)(output % shape->filters), column = (int)(output / shape->filters % shape->out_columns);
  const size_t rows = output / shape->filters / shape->out_columns;
  const int row = (int)(rows % shape->out_rows), image = (int)(rows / shape->out_rows);
  int64_t sum = 0;
  for (int i = 0; i < shape->kernel_rows; i++)
    for (int j = 0; j < shape->kernel_columns; j++) {
      const int y = row * shape->stride - shape->padding + i, x = column * shape->stride - shape->padding + j;
      const int inside = y >= 0 && y < shape->rows && x >= 0 && x < shape->columns;
      const uint8_t *pixel =
          inside ? input + (((size_t)image * shape->rows + y) * shape->columns + x) * shape->channels : NULL;
      const int8_t *factors =
          weights + (((size_t)filter * shape->kernel_rows + i) * shape->kernel_columns + j) * shape->channels;
      for (int c = 0; c < shape->channels; c++) sum += (pixel ? pixel[c] : zero_point) * factors[c];
    }
  return sum;
}

static int finished(const void *output, const wrap_wide_finish *finish, size_t at) {
  const int bytes = finish->levels ? finish->output_bytes : 4;
  return bytes == 1 ? ((uint8_t *)output)[at] : bytes == 2 ? ((int16_t *)output)[at] : ((int32_t *)output)[at];
}

static int pooled_size(const wrap_wide_finish *finish, int size) {
  const int room = size + 2 * finish->pool_padding - finish->pool_kernel;
  return room < 0 ? 0 : room / finish->pool_stride + 1;
}

/* Levels of values that come from elsewhere. */
static int levels_differ(int path, int filters, const wrap_wide_finish *finish) {
  if (!finish->levels) return 0;
  const int pixels = 1 + below(300);
  const size_t count = (size_t)pixels * filters;
  int32_t *values = malloc(count * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = below(400000) - 200000;
  void *output = malloc(count * finish->output_bytes);
  const wrap_call call = {.function = WRAP_WIDE_LEVELS, .number = path, .filters = filters, .count = pixels,
                          .input = values, .finish = finish, .output = output};
  int wrong = wrap_run(&call, 1, 1 + below(MOST_THREADS));
  for (size_t i = 0; i < count; i++)
    wrong |= finished(output, finish, i) != expected_wide(values[i], finish, (int)(i % filters));
  free(values), free(output);
  return wrong;
}

/* The output of a pool, found from the sums of its window. */
static int pooled_level(const wrap_shape *shape, const wrap_wide_finish *finish, const int32_t *sums, size_t at) {
  const int columns = pooled_size(finish, shape->out_columns), rows = pooled_size(finish, shape->out_rows);
  const int filter = (int)(at % shape->filters), column = (int)(at / shape->filters % columns);
  const int row = (int)(at / shape->filters / columns % rows), image = (int)(at / shape->filters / columns / rows);
  int64_t largest = INT64_MIN;
  for (int i = 0; i < finish->pool_kernel; i++)
    for (int j = 0; j < finish->pool_kernel; j++) {
      const int y = row * finish->pool_stride - finish->pool_padding + i;
      const int x = column * finish->pool_stride - finish->pool_padding + j;
      if (y < 0 || y >= shape->out_rows || x < 0 || x >= shape->out_columns) continue;
      const size_t pixel = ((size_t)image * shape->out_rows + y) * shape->out_columns + x;
      const int64_t sum = sums[pixel * shape->filters + filter];
      if (sum > largest) largest = sum;
    }
  return expected_wide(largest, finish, filter);
}

/* The same convolution with a pool after it; sums: those without, before anything else. */
static int pool_differs(int path, const wrap_shape *shape, int zero_point, const uint8_t *input, const void *packed,
                        wrap_wide_finish finish, const int32_t *sums) {
  if (!finish.levels) return 0;
  finish.bits = 0;
  for (int i = 0; i < (shape->filters + 15) / 16 * 16; i++) ((float *)finish.scale)[i] = fabsf(finish.scale[i]);
  finish.pool_kernel = 1 + below(4), finish.pool_stride = 1 + below(4);
  finish.pool_padding = below(finish.pool_kernel / 2 + 1);
  if (pooled_size(&finish, shape->out_rows) < 1 || pooled_size(&finish, shape->out_columns) < 1) return 0;
  const size_t outputs = (size_t)shape->images * pooled_size(&finish, shape->out_rows) *
                         pooled_size(&finish, shape->out_columns) * shape->filters;
  void *output = malloc(outputs * finish.output_bytes);
  const wrap_call call = {.function = WRAP_WIDE_CONVOLVE, .number = path, .shape = shape, .zero_point = zero_point,
                          .input = input, .second = packed, .finish = &finish, .output = output};
  int wrong = wrap_run(&call, 1, 1 + below(MOST_THREADS));
  for (size_t i = 0; i < outputs && !wrong; i += 1 + below(MOST_SKIPPED))
    wrong = finished(output, &finish, i) != pooled_level(shape, &finish, sums, i);
  free(output);
  return wrong;
}

/* Exact sums on a path against one product after another. */
static int wide_differs(int path, const wrap_shape *shape) {
  const wrap_wide_layout layout = wrap_wide_layout_of(path);
  const int padded = (shape->filters + 15) / 16 * 16, zero_point = below(256);
  const size_t count = (size_t)shape->filters * shape->kernel_rows * shape->kernel_columns * shape->channels;
  const size_t outputs = (size_t)shape->images * shape->out_rows * shape->out_columns * shape->filters;
  uint8_t *input = random_bytes((size_t)shape->images * shape->rows * shape->columns * shape->channels);
  int8_t *weights = random_bytes(count);
  void *packed = pack_wide(shape, weights, &layout);
  const wrap_wide_finish finish = random_wide_finish(padded);
  const int bytes = finish.levels ? finish.output_bytes : 4;
  void *output = malloc(outputs * bytes);
  int wrong = wrap_wide_convolve(path, shape, zero_point, input, packed, &finish, output, 1 + below(MOST_THREADS));
  for (size_t i = 0; i < outputs && !wrong; i += 1 + below(MOST_SKIPPED)) {
    const int64_t sum = wide_sum(shape, zero_point, input, weights, i);
    wrong = finished(output, &finish, i) != expected_wide(sum, &finish, (int)(i % shape->filters));
  }
  wrong |= levels_differ(path, shape->filters, &finish);
  int32_t *sums = malloc(outputs * sizeof *sums), *nothing = calloc(padded, sizeof *nothing);
  const wrap_wide_finish plain = {.offset = nothing};
  wrong |= wrap_wide_convolve(path, shape, zero_point, input, packed, &plain, sums, 1);
  for (size_t i = 0; i < outputs && !wrong; i += 1 + below(MOST_SKIPPED))
    wrong = sums[i] != wide_sum(shape, zero_point, input, weights, i);
  wrong |= pool_differs(path, shape, zero_point, input, packed, finish, sums);
  free(sums), free(nothing);
  free(input), free(weights), free(packed), free(output);
  free((void *)finish.offset), free((void *)finish.scale), free((void *)finish.bias);
  free((void *)finish.least), free((void *)finish.largest), free((void *)finish.limit);
  free((void *)finish.thresholds);
  return wrong;
}

static wrap_shape random_shape(void) {
  return (wrap_shape){.images = 1 + below(2), .rows = 1 + below(20), .columns = 1 + below(40),
                      .channels = 1 + below(below(4) ? 70 : 300), .filters = 1 + below(140),
                      .kernel_rows = 1 + below(5), .kernel_columns = 1 + below(5), .stride = 1 + below(3),
                      .padding = below(4)};
}

static wrap_shape read_shape(char **numbers) {
  return (wrap_shape){.images = atoi(numbers[0]), .rows = atoi(numbers[1]), .columns = atoi(numbers[2]),
                      .channels = atoi(numbers[3]), .filters = atoi(numbers[4]), .kernel_rows = atoi(numbers[5]),
                      .kernel_columns = atoi(numbers[6]), .stride = atoi(numbers[7]), .padding = atoi(numbers[8])};
}

static int16_t *random_shorts(size_t count, int reach) {
  int16_t *numbers = malloc(count * sizeof *numbers);
  for (size_t i = 0; i < count; i++) numbers[i] = (int16_t)(below(2 * reach + 1) - reach);
  return numbers;
}

static wrap_requantization random_requantization(void) {
  return (wrap_requantization){.subdivisions = (int16_t)(1 + below(500)), .multiplier = (int16_t)below(32768),
                               .largest = (int16_t)below(256)};
}

static int requantized(const wrap_requantization *with, int value) {
  const int whole = ((2 * value + with->subdivisions) * with->multiplier) >> 16;
  return whole < 0 ? 0 : whole > with->largest ? with->largest : whole;
}

/* Tables of channels, sums with another branch, and their requantization. */
static int join_differs(void) {
  const int channels = 1 + below(300), pixels = 1 + below(200), bytes = 1 + below(2);
  const int smallest = -below(bytes == 1 ? 129 : 2000), span = 1 - smallest + below(100);
  const size_t count = (size_t)pixels * channels;
  int16_t *table = random_shorts((size_t)channels * span, 7000), *output = malloc(count * sizeof *output);
  int16_t *other = below(2) ? random_shorts(count, 7000) : NULL;
  void *values = malloc(count * bytes);
  for (size_t i = 0; i < count; i++) {
    const int value = smallest + below(span);
    if (bytes == 1) ((int8_t *)values)[i] = (int8_t)(value > 127 ? 127 : value);
    else ((int16_t *)values)[i] = (int16_t)value;
  }
  const wrap_requantization requantization = random_requantization();
  uint8_t *coarse = below(2) ? malloc(count) : NULL;
  wrap_join join = {.value_bytes = bytes, .channels = channels, .span = span, .smallest = smallest,
                    .least = below(2) ? 0 : INT16_MIN, .table = table,
                    .requantization = coarse ? &requantization : NULL};
  float *scale = NULL, *bias = NULL, *lowest = NULL, *highest = NULL;
  if (below(2)) {
    join.scale = scale = random_floats(channels, 3), join.bias = bias = random_floats(channels, 100);
    join.lowest = lowest = random_floats(channels, 500), join.highest = highest = random_floats(channels, 500);
    for (int i = 0; i < channels; i++) lowest[i] = rintf(lowest[i]), highest[i] = lowest[i] + (float)below(500);
  }
  wrap_join_pixels(&join, pixels, values, other, output, coarse, 1 + below(MOST_THREADS));
  int wrong = 0;
  for (size_t i = 0; i < count; i++) {
    const int value = number(values, 8 * bytes, i), channel = (int)(i % channels);
    int level = table[channel * span + value - smallest];
    if (scale) level = (int)rintf(fminf(fmaxf((float)value * scale[channel] + bias[channel], lowest[channel]),
                                        highest[channel]));
    const int entry = level + (other ? other[i] : 0);
    wrong |= output[i] != (entry > join.least ? entry : join.least);
    if (coarse) wrong |= coarse[i] != requantized(&requantization, output[i]);
  }
  free(table), free(output), free(other), free(values), free(coarse);
  free(scale), free(bias), free(lowest), free(highest);
  return wrong;
}

static int requantization_differs(void) {
  const wrap_requantization requantization = random_requantization();
  const size_t count = 1 + below(50000);
  int16_t *values = random_shorts(count, 16000);
  uint8_t *output = malloc(count);
  wrap_requantize(&requantization, (int64_t)count, values, output, 1 + below(MOST_THREADS));
  int wrong = 0;
  for (size_t i = 0; i < count; i++) wrong |= output[i] != requantized(&requantization, values[i]);
  free(values), free(output);
  return wrong;
}

static double map_value(const void *map, int value_bytes, size_t at) {
  return value_bytes == 1 ? ((const uint8_t *)map)[at]
         : value_bytes == 2 ? ((const int16_t *)map)[at]
                            : (double)((const float *)map)[at];
}

/* Against the largest of each window, found one by one. */
static int max_pool_differs(void) {
  const int kernel = 1 + below(5), value_bytes = 1 << below(3);
  const wrap_max_pool_shape pool = {.images = 1 + below(3), .rows = kernel + below(12), .columns = kernel + below(12),
                                    .channels = 1 + below(70), .kernel = kernel, .stride = 1 + below(4),
                                    .padding = below(kernel), .value_bytes = value_bytes};
  const int rows = (pool.rows + 2 * pool.padding - kernel) / pool.stride + 1;
  const int columns = (pool.columns + 2 * pool.padding - kernel) / pool.stride + 1;
  const size_t inputs = (size_t)pool.images * pool.rows * pool.columns * pool.channels;
  const size_t outputs = (size_t)pool.images * rows * columns * pool.channels;
  void *input = random_bytes(inputs * value_bytes), *output = malloc(outputs * value_bytes);
  for (size_t i = 0; i < inputs && value_bytes == 4; i++) ((float *)input)[i] = (float)(below(2001) - 1000) / 8;
  wrap_max_pool(&pool, input, output, 1 + below(MOST_THREADS));
  int wrong = 0;
  for (size_t i = 0; i < outputs; i++) {
    const int channel = (int)(i % pool.channels), column = (int)(i / pool.channels % columns);
    const int row = (int)(i / pool.channels / columns % rows), image = (int)(i / pool.channels / columns / rows);
    double largest = -1e9;
    for (int y = row * pool.stride - pool.padding; y < row * pool.stride - pool.padding + kernel; y++)
      for (int x = column * pool.stride - pool.padding; x < column * pool.stride - pool.padding + kernel; x++) {
        if (y < 0 || y >= pool.rows || x < 0 || x >= pool.columns) continue;
        const size_t at = (((size_t)image * pool.rows + y) * pool.columns + x) * pool.channels + channel;
        const double value = map_value(input, value_bytes, at);
        if (value > largest) largest = value;
      }
    wrong |= map_value(output, value_bytes, i) != largest;
  }
  free(input), free(output);
  return wrong;
}

/* Against sums one by one. */
static int sum_pool_differs(void) {
  const wrap_sum_pool_shape shape = {.images = 1 + below(4), .channels = 1 + below(100), .value_bytes = 1 + below(2),
                                     .pixels = 1 + below(200)};
  const size_t outputs = (size_t)shape.images * shape.channels, count = outputs * shape.pixels;
  void *input = random_bytes(count * shape.value_bytes);
  int32_t *output = malloc(outputs * sizeof *output);
  const wrap_call call = {.function = WRAP_SUM_POOL, .shape = &shape, .input = input, .output = output};
  int wrong = wrap_run(&call, 1, 1 + below(MOST_THREADS));
  for (size_t i = 0; i < outputs; i++) {
    int sum = 0;
    for (int64_t pixel = 0; pixel < shape.pixels; pixel++)
      sum += (int)map_value(input, shape.value_bytes,
                            (i / shape.channels * shape.pixels + pixel) * shape.channels + i % shape.channels);
    wrong |= output[i] != sum;
  }
  free(input), free(output);
  return wrong;
}

/* Every kept pixel by its place, and the zeros after it. */
static int shortcut_differs(void) {
  const wrap_shortcut_shape shape = {.images = 1 + below(3), .rows = 1 + below(20), .columns = 1 + below(20),
                                     .channels = 1 + below(70), .stride = 1 + below(3), .padding = below(70),
                                     .value_bytes = 1 << below(2)};
  const int rows = (shape.rows + shape.stride - 1) / shape.stride, kept = shape.channels + shape.padding;
  const int columns = (shape.columns + shape.stride - 1) / shape.stride;
  const size_t outputs = (size_t)shape.images * rows * columns * kept;
  void *input = random_bytes((size_t)shape.images * shape.rows * shape.columns * shape.channels * shape.value_bytes);
  void *output = malloc(outputs * shape.value_bytes);
  const wrap_call call = {.function = WRAP_SHORTCUT, .shape = &shape, .input = input, .output = output};
  int wrong = wrap_run(&call, 1, 1 + below(MOST_THREADS));
  for (size_t i = 0; i < outputs; i++) {
    const int channel = (int)(i % kept);
    const size_t pixel = i / kept, row = pixel / columns % rows * shape.stride, column = pixel % columns * shape.stride;
    const size_t from = (pixel / columns / rows * shape.rows + row) * shape.columns + column;
    const double expected =
        channel < shape.channels ? map_value(input, shape.value_bytes, from * shape.channels + channel) : 0;
    wrong |= map_value(output, shape.value_bytes, i) != expected;
  }
  free(input), free(output);
  return wrong;
}

/* Every number by its place. */
static int transposition_differs(void) {
  const wrap_matrices shape = {.matrices = 1 + below(4), .rows = below(2) ? 3 : 1 + below(100),
                               .columns = 1 + below(below(2) ? 100 : 9000), .value_bytes = 1 << below(3)};
  const size_t size = (size_t)(shape.rows * shape.columns), count = size * shape.matrices, width = shape.value_bytes;
  uint8_t *input = random_bytes(count * width), *output = malloc(count * width);
  const wrap_call call = {.function = WRAP_TRANSPOSE, .shape = &shape, .input = input, .output = output};
  int wrong = wrap_run(&call, 1, 1 + below(MOST_THREADS));
  for (size_t i = 0; i < count; i++) {
    const size_t from = i / size * size + i % shape.rows * shape.columns + i % size / shape.rows;
    wrong |= memcmp(output + i * width, input + from * width, width) != 0;
  }
  free(input), free(output);
  return wrong;
}

typedef struct {
  uint64_t seed;
  int layers;
  const wrap_shape *only; /* the shape of every layer, or NULL for random ones */
} task;

static atomic_int done[WRAP_PATHS];
static atomic_int wrong;

static void fuzz_layer(const task *all, int layer, const wrap_shape *shape) {
  for (int path = 0; path < WRAP_PATHS; path++) {
    if (!wrap_available(path)) continue;
    const int kernel = random_kernel(path);
    atomic_fetch_add(&done[path], 1);
    if (!differs(kernel, shape)) continue;
    printf("path %d, kernel %d, layer %d of seed %llu is wrong\n", path, kernel, layer, (unsigned long long)all->seed);
    atomic_store(&wrong, 1);
  }
  const int path = below(WRAP_PATHS);
  if (wide_differs(path, shape)) {
    printf("exact sums on path %d, layer %d of seed %llu are wrong\n", path, layer, (unsigned long long)all->seed);
    atomic_store(&wrong, 1);
  }
}

static void *call(void *argument) {
  const task *all = argument;
  state = all->seed * 2 + 1;
  for (int layer = 0; layer < all->layers && !atomic_load(&wrong);) {
    wrap_shape shape = all->only ? *all->only : random_shape();
    const int free_rows = shape.rows + 2 * shape.padding - shape.kernel_rows;
    const int free_columns = shape.columns + 2 * shape.padding - shape.kernel_columns;
    if (free_rows < 0 || free_columns < 0) continue;
    shape.out_rows = free_rows / shape.stride + 1, shape.out_columns = free_columns / shape.stride + 1;
    fuzz_layer(all, layer++, &shape);
    if (join_differs() | requantization_differs() | max_pool_differs() | sum_pool_differs() | shortcut_differs() |
        transposition_differs()) {
      printf("an operation between layers is wrong, after layer %d of seed %llu\n", layer,
             (unsigned long long)all->seed);
      atomic_store(&wrong, 1);
    }
  }
  return NULL;
}

/* fuzz SEED LAYERS: random shapes, LAYERS per caller. fuzz SEED SHAPE...: one layer, its shape in nine numbers. */
int main(int count, char **arguments) {
  if (count != 3 && count != 11) return 2;
  wrap_shape shape;
  if (count == 11) shape = read_shape(arguments + 2);
  pthread_t callers[CALLERS];
  task tasks[CALLERS];
  for (int i = 0; i < CALLERS; i++) {
    const uint64_t seed = strtoull(arguments[1], NULL, 10) + (uint64_t)i;
    tasks[i] = (task){seed, count == 3 ? atoi(arguments[2]) : 1, count == 3 ? NULL : &shape};
    if (pthread_create(&callers[i], NULL, call, &tasks[i])) return 2;
  }
  for (int i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
  printf("avx512 %d avx2 %d vector %d swar %d layers done\n", done[0], done[1], done[2], done[3]);
  return wrong;
}
