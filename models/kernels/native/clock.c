#include "kernels.h"

/* Exclusive ors, since newer cores fold several additions of constants into one cycle while they rename registers. */
int64_t wrap_count(int64_t rounds) {
  int64_t chain = 0, link = rounds;
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+r"(chain), "+r"(link)); /* keeps every round, one after the other */
    chain ^= link;
  }
  return chain;
}
