// SPDX-License-Identifier: MIT
// Every ISA that normbench knows, in rising order of preference: I(id, name, whether it gives the
// bits of docs/contract.md, what it is). kernels/meson.build holds the compiler flags of each,
// kernels/simd/ the operations of those that keep the contract. The one that does not is for
// comparison, and never chosen unasked.
#ifndef NB_KERNELS_ISA_LIST_H
#define NB_KERNELS_ISA_LIST_H

#define NB_ISA_LIST(I)                                                                  \
    I(AUTOVEC, "autovec", false, "plain loops left to the compiler; bits not promised") \
    I(SCALAR, "scalar", true, "one element at a time, never vectorised")                \
    I(NEON, "neon", true, "AArch64 NEON, 128 bits")                                     \
    I(AVX2, "avx2", true, "x86-64 AVX2 and FMA, 256 bits")                              \
    I(AVX512, "avx512", true, "x86-64 AVX-512 F, BW, DQ and VL, 512 bits")

#endif
