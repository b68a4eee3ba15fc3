/* Calls that were written down: a whole network is one call of wrap_run. */
#include "kernels.h"

static int run(const wrap_call *call, int threads) {
  switch (call->function) {
  case WRAP_CONVOLVE:
    return wrap_convolve(call->number, call->shape, call->input, call->second, call->finish, call->output, threads);
  case WRAP_WIDE_CONVOLVE:
    return wrap_wide_convolve(call->number, call->shape, call->zero_point, call->input, call->second, call->finish,
                              call->output, threads);
  case WRAP_WIDE_LEVELS:
    wrap_wide_levels(call->number, call->finish, call->filters, call->count, call->input, call->output, threads);
    return 0;
  case WRAP_JOIN:
    wrap_join_pixels(call->shape, call->count, call->input, call->second, call->output, call->bytes, threads);
    return 0;
  case WRAP_REQUANTIZE: wrap_requantize(call->shape, call->count, call->input, call->output, threads); return 0;
  case WRAP_MAX_POOL: wrap_max_pool(call->shape, call->input, call->output, threads); return 0;
  case WRAP_SUM_POOL: wrap_sum_pool(call->shape, call->input, call->output, threads); return 0;
  case WRAP_SHORTCUT: wrap_shortcut(call->shape, call->input, call->output, threads); return 0;
  case WRAP_TRANSPOSE: wrap_transpose(call->shape, call->input, call->output, threads); return 0;
  }
  return 0;
}

int wrap_run(const wrap_call *calls, int64_t count, int threads) {
  for (int64_t i = 0; i < count; i++)
    if (run(&calls[i], threads)) return 1;
  return 0;
}
