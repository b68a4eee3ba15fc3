/* WIDE_CLONES: compile a function twice, the second time with vectors of 32 bytes for machines that have them. */
#ifndef WRAPMAC_CLONES_H
#define WRAPMAC_CLONES_H

#include <stdint.h> /* defines __GLIBC__ where there is one */

/* The sanitizers are not up yet when the clone is chosen. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_CLONES
#endif

#endif
