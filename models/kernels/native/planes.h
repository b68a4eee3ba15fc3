/* The kernels of a path that includes plane_kinds.inc for both widths of sums. */
#ifndef WRAPMAC_PLANES_H
#define WRAPMAC_PLANES_H

/* One addition of a word per cycle, about: a look-up is one, and a table takes one for each of its sums. */
#define PLANE_KERNEL(kernel_base, bits, digits, sums, name)                                             \
  {                                                                                                     \
    .base = kernel_base, .lane_bits = bits, .table_cost = 100 * (sums), .look_up_cost = 100,            \
    .layout = {.group = digits, .lanes = 1, .index_bytes = 1}, .run = name##_run, .look_up_only = NULL, \
  }
#define PLANE_KERNELS                         \
  {                                           \
      PLANE_KERNEL(2, 8, 6, 64, binary8),     \
      PLANE_KERNEL(3, 8, 3, 27, ternary8),    \
      PLANE_KERNEL(2, 16, 6, 64, binary16),   \
      PLANE_KERNEL(3, 16, 3, 27, ternary16),  \
  }

#endif
