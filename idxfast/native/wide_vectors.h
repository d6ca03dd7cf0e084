/* Compile a function for wider vectors, too, where the platform can choose at run time. */
#ifndef IDXFAST_WIDE_VECTORS_H
#define IDXFAST_WIDE_VECTORS_H

#if defined(__GNUC__) && defined(__x86_64__) && defined(__GLIBC__)
#define BUILD_FOR_WIDE_VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define BUILD_FOR_WIDE_VECTORS
#endif

#endif
