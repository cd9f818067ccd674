// SPDX-License-Identifier: MIT
// What this machine can do at most: arithmetic in registers and bandwidth of memory. Each takes a
// fraction of a second.
#ifndef NB_SRC_PEAK_H
#define NB_SRC_PEAK_H

#include <stddef.h>

#include "kernels/kernels.h"

// Floating-point operations per second of independent FMA chains, on `threads` threads of a usable
// ISA.
double nb_peak_flops_f32(enum nb_isa isa, size_t threads);
double nb_peak_flops_f64(enum nb_isa isa, size_t threads);

// Bytes per second of a = b + s * c over arrays of `bytes` each, counted as STREAM does: two reads
// and one write. NaN when memory is short.
double nb_peak_bandwidth(enum nb_isa isa, size_t threads, size_t bytes);

#endif
