// SPDX-License-Identifier: MIT
// The precision of a translation unit. Code that exists in f32 and in f64 is written once over
// `real` and compiled twice, with -DNB_BITS=32 and -DNB_BITS=64; NB_REAL(name) gives each copy its
// own symbol.
#ifndef NB_KERNELS_REAL_H
#define NB_KERNELS_REAL_H

#define NB_PASTE2(a, b) a##_##b
#define NB_PASTE(a, b) NB_PASTE2(a, b)

#if NB_BITS == 32
typedef float real;
#    define NB_SUFFIX f32
#elif NB_BITS == 64
typedef double real;
#    define NB_SUFFIX f64
#else
#    error "compile with -DNB_BITS=32 or -DNB_BITS=64"
#endif

#define NB_REAL(name) NB_PASTE(name, NB_SUFFIX)

#endif
