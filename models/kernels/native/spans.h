/* How a convolution is divided among threads: into spans of output rows, of blocks of filters, or of both. */
#ifndef WRAPMAC_SPANS_H
#define WRAPMAC_SPANS_H

#include <stdint.h>

typedef struct {
  int64_t first_row, last_row; /* output rows, counted over all images */
  int32_t first_block, last_block;
} wrap_span;

/* unit: blocks of filters that stay together. */
typedef struct {
  int64_t rows;
  int blocks, unit, row_parts, block_parts;
} wrap_division;

/* Span `number` of row_parts * block_parts, which may be empty. */
static inline wrap_span wrap_span_of(const wrap_division *all, int number) {
  const int row_part = number % all->row_parts, block_part = number / all->row_parts;
  const int64_t units = (all->blocks + all->unit - 1) / all->unit;
  const int64_t first = units * block_part / all->block_parts * all->unit;
  const int64_t last = units * (block_part + 1) / all->block_parts * all->unit;
  return (wrap_span){.first_row = all->rows * row_part / all->row_parts,
                     .last_row = all->rows * (row_part + 1) / all->row_parts,
                     .first_block = (int32_t)first,
                     .last_block = (int32_t)(last < all->blocks ? last : all->blocks)};
}

static inline int wrap_span_is_empty(const wrap_span *span) {
  return span->first_row >= span->last_row || span->first_block >= span->last_block;
}

#endif
