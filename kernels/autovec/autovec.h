// SPDX-License-Identifier: MIT
// The autovec tables by the ISA that they are compiled for: what a table of ours is held against
// that is not the best of this CPU.
#ifndef NB_KERNELS_AUTOVEC_AUTOVEC_H
#define NB_KERNELS_AUTOVEC_AUTOVEC_H

#include "kernels/kernels.h"

// Those of the last ISA up to `most`, in the order of enum nb_isa, for which they were built and
// that this machine can run; never NULL. NB_ISA_COUNT: those of nb_isa_kernels.
const struct nb_kernels_f32 *nb_autovec_kernels_f32(enum nb_isa most);
const struct nb_kernels_f64 *nb_autovec_kernels_f64(enum nb_isa most);

#endif
