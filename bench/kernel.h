// SPDX-License-Identifier: MIT
// The kernels as the benchmark sees them: the kernel tester's description of each (how to call it,
// what it reads and writes), and what a call costs by the formula.
#ifndef NB_BENCH_KERNEL_H
#define NB_BENCH_KERNEL_H

#include <stddef.h>

#include "check/layout.h"
#include "src/settings.h"

struct nb_sizes {
    size_t m, n, k; // as in struct nb_call; a size that the shape does not have is 1
};

#define NB_DTYPES 2 // of enum nb_dtype

size_t nb_dtype_size(enum nb_dtype dtype); // bytes of a real

struct nb_kernel {
    const char *family, *name;
    enum nb_shape shape;
    size_t least_m; // rows that a problem needs
    size_t mode;    // which of the subject's modes is timed
    const struct nb_subject *subject[NB_DTYPES];
    double (*flops)(const struct nb_sizes *sizes, double round_flops);
};

// How many sizes a descriptor of that shape has: n, m x n, m x n x k.
size_t nb_shape_sizes(enum nb_shape shape);

// All kernels of kernels/kernel_list.h, in its order, ended by one without a name. NULL with
// NB_FAILED in *error when a kernel has no subject in check.
const struct nb_kernel *nb_kernel_all(struct nb_error *error);

// Floating-point operations of one call: every addition, multiplication, division, square root,
// exp and comparison of the formula in kernel_list.h is one, an FMA two; what happens once per row
// or column is left out. `round_flops` is the table's peak_flops, for peak_fma.
double nb_kernel_flops(const struct nb_kernel *kernel, const struct nb_sizes *sizes,
                       double round_flops);

// The least traffic of one call: every operand that the kernel reads is read once, every operand
// that it writes is written once. A written line that is first fetched is not counted.
struct nb_traffic {
    double read, written; // bytes
};
struct nb_traffic nb_kernel_traffic(const struct nb_kernel *kernel, enum nb_dtype dtype,
                                    const struct nb_sizes *sizes);

// Rows or columns of an operand in a call of these sizes.
size_t nb_extent_of(enum nb_extent extent, const struct nb_sizes *sizes);

#endif
