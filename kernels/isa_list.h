// SPDX-License-Identifier: MIT
// Every ISA that normbench knows, in rising order of preference: I(id, name, what it is).
// kernels/meson.build holds the compiler flags of each, kernels/simd/ its operations.
#ifndef NB_KERNELS_ISA_LIST_H
#define NB_KERNELS_ISA_LIST_H

#define NB_ISA_LIST(I)                                                                             \
    I(SCALAR, "scalar", "one element at a time, never vectorised")                                 \
    I(AVX2, "avx2", "x86-64 AVX2 and FMA, 256 bits")

#endif
