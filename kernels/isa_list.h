// SPDX-License-Identifier: MIT
// Every ISA that normbench knows, in rising order of preference: I(id, name, what it is).
// kernels/meson.build holds the compiler flags of each, kernels/simd/ its operations.
#ifndef NB_KERNELS_ISA_LIST_H
#define NB_KERNELS_ISA_LIST_H

#define NB_ISA_LIST(I)                                             \
    I(SCALAR, "scalar", "one element at a time, never vectorised") \
    I(NEON, "neon", "AArch64 NEON, 128 bits")                      \
    I(AVX2, "avx2", "x86-64 AVX2 and FMA, 256 bits")               \
    I(AVX512, "avx512", "x86-64 AVX-512 F, BW, DQ and VL, 512 bits")

#endif
