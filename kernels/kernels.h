// SPDX-License-Identifier: MIT
// The kernel library: one function table per ISA and precision, and the choice between them at run
// time. Kernels are single-threaded leaves; kernel_list.h documents each one: shapes, aliasing,
// errors, sources. Installed, this is <normbench/kernels.h>:
//
//   const struct nb_kernels_f32 *k = nb_isa_kernels_f32(nb_isa_best());
//   k->matmul_nn(m, n, p, a, p, b, n, c, n, NULL);        c (m, n) = a (m, p) . b (p, n)
//
// Every function here may be called by any thread at any time. None fails, allocates or sets errno;
// what they return is constant and lives as long as the library. An `isa` is below NB_ISA_COUNT.
// What may change without a new soname is in CONTRIBUTING.md.
#ifndef NB_KERNELS_KERNELS_H
#define NB_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "contract.h" // by the name alone: installed headers have another folder
#include "isa_list.h"
#include "kernel_list.h"

// What leaves the library; everything else in it is hidden.
#define NB_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// What a matmul does with each finished chain s of the output element c(i, j), in this order:
//   s += bias[j];  s = max(s, 0);  c = s        or, with sgd:  c = c - lr * (s + weight_decay * c)
// A weight_decay of 0 is none, as in PyTorch: it does not make NaN of an infinite parameter. What
// is not named in an initializer is 0, which is always the plain product.
struct nb_epilogue_f32 {
    bool accumulate;        // start the chain at c instead of at 0; not with sgd
    bool relu;              // a NaN stays
    bool sgd;               // c (m, n) holds parameters and s is their gradient; no bias, no relu
    const float *bias;      // (n), or NULL
    float lr, weight_decay; // of sgd
    // 0: c is one matrix. Else it lies in panels of ldc columns, each (m, ldc), one every
    // panel_stride elements; ldc is a multiple of NB_PANEL(float).
    size_t panel_stride;
};

struct nb_epilogue_f64 {
    bool accumulate, relu, sgd;
    const double *bias;
    double lr, weight_decay;
    size_t panel_stride;
};

// Columns of the widest register tile of any ISA: panels of c have as many, or a multiple.
#define NB_PANEL(real) (256 / sizeof(real))

// From this many bytes of x on, threads that share a batch normalization had better take the steps
// of kernel_list.h, with a wait between the two. Below, divide the columns of the whole: one wait.
#define NB_STEPS_BYTES ((size_t)64 << 10)

#define NB_FIELD(family, name, type, args) type(*name) args;

struct nb_kernels_f32 {
    const char *isa;   // the name of the ISA that this table's code was compiled for
    size_t lanes;      // elements in one register
    size_t mr, nr;     // the matmul's register tile: rows and columns of c
    double peak_flops; // of one round of peak_fma
    NB_KERNEL_LIST(NB_FIELD, float, struct nb_epilogue_f32)
};

struct nb_kernels_f64 {
    const char *isa;
    size_t lanes;
    size_t mr, nr;
    double peak_flops;
    NB_KERNEL_LIST(NB_FIELD, double, struct nb_epilogue_f64)
};

#undef NB_FIELD

// ISAs in rising order of preference.
enum nb_isa {
#define NB_ISA_ENUM(id, name, exact, about) NB_ISA_##id,
    NB_ISA_LIST(NB_ISA_ENUM)
#undef NB_ISA_ENUM
        NB_ISA_COUNT
};

NB_API const char *nb_isa_name(enum nb_isa isa);  // "avx2"
NB_API const char *nb_isa_about(enum nb_isa isa); // one phrase for people

// The ISA of that name, or NB_ISA_COUNT.
NB_API enum nb_isa nb_isa_by_name(const char *name);

// Whether it keeps docs/contract.md: the same bits as `scalar`.
NB_API bool nb_isa_exact(enum nb_isa isa);

NB_API bool nb_isa_built(enum nb_isa isa);  // compiled into this library
NB_API bool nb_isa_usable(enum nb_isa isa); // built, and this CPU and operating system can run it

NB_API enum nb_isa nb_isa_best(void); // the last usable one that is exact

// The tables of a usable ISA; NULL for one that is not. A product keeps up to 2 MB on the stack.
NB_API const struct nb_kernels_f32 *nb_isa_kernels_f32(enum nb_isa isa);
NB_API const struct nb_kernels_f64 *nb_isa_kernels_f64(enum nb_isa isa);

// The version of the library that runs, "0.1.0"; version.h has that of the headers.
NB_API const char *nb_version(void);

#ifdef __cplusplus
}
#endif

#endif
