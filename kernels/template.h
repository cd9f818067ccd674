// SPDX-License-Identifier: MIT
// What every kernel source starts from. Kernels are compiled once per table with -DNB_ISA=<name of
// the ISA>, -DNB_TABLE=<suffix of the table's symbol> and -DNB_BITS=<32|64>.
#ifndef NB_KERNELS_TEMPLATE_H
#define NB_KERNELS_TEMPLATE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/contract.h"
#include "kernels/kernels.h"
#include "kernels/real.h"

typedef struct NB_REAL(nb_epilogue) epilogue;

#define TEXT2(name) #name
#define TEXT(name) TEXT2(name)

#define INLINE static inline __attribute__((always_inline, unused))
#ifdef __clang__
#    define UNROLL _Pragma("clang loop unroll(full)")
#    define UNROLL_BY(count) _Pragma(TEXT(clang loop unroll_count(count)))
#else
#    define UNROLL _Pragma("GCC unroll 32")
#    define UNROLL_BY(count) _Pragma(TEXT(GCC unroll count))
#endif
#define UNROLL_TWICE UNROLL_BY(2)

// Scalar forms: fma is an instruction where the flags allow one, else the C library's, equally
// rounded.
#if NB_BITS == 32
INLINE real r_fma(real a, real b, real c) { return fmaf(a, b, c); }
INLINE real r_sqrt(real a) { return sqrtf(a); }
#else
INLINE real r_fma(real a, real b, real c) { return fma(a, b, c); }
INLINE real r_sqrt(real a) { return sqrt(a); }
#endif

#endif
