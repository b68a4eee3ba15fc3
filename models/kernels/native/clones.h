/* WIDE_CLONES before a function: the compiler makes it twice, with vectors of 32 bytes for machines that have them. */
#ifndef WRAPMAC_CLONES_H
#define WRAPMAC_CLONES_H

#include <stdint.h> /* says which C library it is */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which do not work yet when the choice is made */
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_CLONES
#endif

#endif
