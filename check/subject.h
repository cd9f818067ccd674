// SPDX-License-Identifier: MIT
// What the tester must know of a kernel: its operands, how to call it, and what the results are.
// The families describe their kernels with it (check_*_tmpl.c); trial.c does the rest, alike for
// all of them.
#ifndef NB_CHECK_SUBJECT_H
#define NB_CHECK_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define NB_OPERANDS 13

// An extent of an operand, in the sizes of the call.
enum nb_extent { NB_ONE, NB_M, NB_N, NB_K, NB_M_BLOCKS };

// What fills an input. Only data meets the worst cases of enum nb_input.
enum nb_fill { NB_FILL_DATA, NB_PARAMETER, NB_POSITIVE, NB_MEAN, NB_LABELS, NB_BYTES };

struct nb_operand {
    const char *name;
    enum nb_extent rows, cols;
    enum nb_fill fill;
    uint32_t read, written; // bit i: in mode i. In a mode that does neither, the pointer is NULL
    int over;               // the operand that this output may be the same array as, or -1
    bool panels; // its rows are panels: as many of its `rows` as one is wide, of all `cols`
};

// Bytes of one element of an operand, where a `real` has `real_size`.
static inline size_t nb_operand_size(const struct nb_operand *operand, size_t real_size) {
    return operand->fill == NB_LABELS || operand->fill == NB_BYTES ? 1 : real_size;
}

// How many of `rows` a row of the operand has in each of its columns: more than one in panels.
static inline size_t nb_operand_panel(const struct nb_operand *operand, size_t real_size) {
    return operand->panels ? NB_PANEL(char) / real_size : 1;
}

#define NB_ALWAYS UINT32_MAX
#define NB_IN(name, rows, cols, fill) \
    { name, rows, cols, fill, NB_ALWAYS, 0, -1, false }
#define NB_PANELS(name, rows, cols, fill) \
    { name, rows, cols, fill, NB_ALWAYS, 0, -1, true }
#define NB_OUT(name, rows, cols) \
    { name, rows, cols, NB_FILL_DATA, 0, NB_ALWAYS, -1, false }
#define NB_OUT_OVER(name, rows, cols, over) \
    { name, rows, cols, NB_FILL_DATA, 0, NB_ALWAYS, over, false }
#define NB_INOUT(name, rows, cols, fill) \
    { name, rows, cols, fill, NB_ALWAYS, NB_ALWAYS, -1, false }

// One call of a kernel on matrices: element (i, j) of operand o is at[o][i * ld[o] + j].
struct nb_call {
    size_t m, n, k; // (m) or (m, n) is (rows, cols) of kernel_list.h
    size_t whole_m; // m of the call that this one is a piece of
    bool any_order; // the kernel's sums need not be in the order of the contract
    // Of others' kernels: their mean is the rounded sum / n and their variance sum (x - mean)^2 /
    // n, without the correction for the rounding of the mean; they make a given rstd again, as 1 /
    // sqrt(variance + eps); batch normalization is one product and one sum, x * scale + shift.
    bool plain_moments, from_variance, folded;
    size_t mode; // which of the subject's modes: an epilogue, a set of hyperparameters
    void *at[NB_OPERANDS];
    size_t ld[NB_OPERANDS];
};

// The result in exact arithmetic, and how far rounding may take a kernel from it. An infinite or
// NaN value asks for the same.
struct nb_expected {
    long double value, bound;
};

enum nb_shape { NB_VECTOR, NB_MATRIX, NB_PRODUCT };

// A way to cut a call into pieces that give the same bits: at multiples of `step` of one of its
// sizes.
struct nb_cut {
    enum nb_extent along;
    size_t step;
};

// A kernel that does a part of the work of another, on its operands; the next step begins when all
// pieces of this one are done.
struct nb_step {
    struct nb_cut cut;
    void (*call)(const void *table, const struct nb_call *call);
};

struct nb_subject {
    const char *kernel;
    enum nb_shape shape;
    size_t least_m, least_n; // the smallest sizes that the kernel allows
    size_t modes;
    const char *const *mode_names; // (modes), or NULL
    struct nb_cut cuts[2];
    struct nb_step steps[2]; // that do together what `call` does; or none
    struct nb_operand operands[NB_OPERANDS];

    void (*call)(const void *table, const struct nb_call *call);

    // The same operations in plain C, in the order of the contract: must give the same bits. May be
    // NULL.
    void (*textbook)(const struct nb_call *call);

    // Fills expected[o], (rows, cols) dense, of each written operand o. The operands of `given`
    // hold what the kernel gets.
    void (*reference)(const struct nb_call *given, struct nb_expected *const expected[]);
};

// The subjects of each family, ended by one without a name.
#define NB_FAMILY_LIST(F) \
    F(matmul)             \
    F(reduce) F(batchnorm) F(layernorm) F(relu) F(softmax_xent) F(pixel) F(optimizer) F(peak)

#define NB_FAMILY_SUBJECTS(family) \
    extern const struct nb_subject nb_check_##family##_f32[], nb_check_##family##_f64[];
NB_FAMILY_LIST(NB_FAMILY_SUBJECTS)
#undef NB_FAMILY_SUBJECTS

#endif
