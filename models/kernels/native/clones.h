/* WIDE_CLONES before a function: the compiler makes one for each width of vectors, and the machine's widest is taken. */
#ifndef WRAPMAC_CLONES_H
#define WRAPMAC_CLONES_H

#include <stdint.h> /* says which C library it is */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* start too late for the choice */
#define WIDE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE_CLONES
#endif

#endif
