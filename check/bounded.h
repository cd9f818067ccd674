// SPDX-License-Identifier: MIT
// Arithmetic for references: a value in higher precision, with a bound of how far the same
// computation in `real` may be from it, carried along through every operation (running error
// analysis: Higham, Accuracy and Stability of Numerical Algorithms, section 3.3). A reference
// written in it follows the formulas of kernel_list.h and yields its own derived bounds:
//
//   a kernel's operand is v + d with |d| <= e, and each operation adds one rounding, (1 + r) with
//   |r| <= u = 2^-p, and an absolute error of at most half the smallest subnormal where a product
//   or quotient is rounded below the normal numbers; a sum of n terms in any order in which no term
//   passes more than h additions is sum v(i) (1 + r(i)), |r(i)| <= gamma(h) = h u / (1 - h u).
//
// A kernel that fuses a product and an addition rounds once where two roundings are charged here,
// so it stays inside. The reference's own rounding is charged as well: `wide` has 29 (f32) or 11
// (f64) more bits, and u is taken 1 + 2^-9 times as large, which covers two wide roundings for each
// of the kernel's; sums of n terms charge n of them.
#ifndef NB_CHECK_BOUNDED_H
#define NB_CHECK_BOUNDED_H

#include <tgmath.h>

#include "kernels/real.h"
#include "check/subject.h"

#if NB_BITS == 32
typedef double wide;
#    define U ((wide)0x1p-24 * (1 + (wide)0x1p-9))
#    define TINY ((wide)0x1p-149)
#    define U_WIDE ((wide)0x1p-53)
#else
typedef long double wide;
#    define U ((wide)0x1p-53 * (1 + (wide)0x1p-9))
#    define TINY ((wide)0x1p-1074L)
#    define U_WIDE ((wide)0x1p-64L)
#endif

struct bounded {
    wide v, e;
};

static inline struct bounded exactly(wide v) { return (struct bounded){v, 0}; }

// v + e after one more rounding.
static inline struct bounded rounded(wide v, wide e) {
    return (struct bounded){v, e + U * (fabs(v) + e) + TINY};
}

// A number that the kernel has rounded to `real`, in whatever way: a hyperparameter.
static inline struct bounded about(double v) { return rounded((wide)v, 0); }

static inline struct bounded plus(struct bounded a, struct bounded b) {
    return rounded(a.v + b.v, a.e + b.e);
}
static inline struct bounded minus(struct bounded a, struct bounded b) {
    return rounded(a.v - b.v, a.e + b.e);
}

static inline struct bounded times(struct bounded a, struct bounded b) {
    return rounded(a.v * b.v, fabs(a.v) * b.e + fabs(b.v) * a.e + a.e * b.e);
}

// |a / b - a' / b'| <= (|a - a'| + |a / b| |b - b'|) / |b'|
static inline struct bounded over(struct bounded a, struct bounded b) {
    wide v = a.v / b.v;
    return rounded(v, (a.e + fabs(v) * b.e) / (fabs(b.v) - b.e));
}

// |sqrt(a) - sqrt(a')| = |a - a'| / (sqrt(a) + sqrt(a')), and at most sqrt |a - a'|
static inline struct bounded root(struct bounded a) {
    wide v = sqrt(a.v), e = a.e == 0 ? 0 : fmin(a.e / v, sqrt(a.e));
    return rounded(v, e);
}

// max(a, 0); a NaN stays. No rounding, and no error grows.
static inline struct bounded clipped(struct bounded a) {
    return (struct bounded){a.v < 0 ? 0 : a.v, a.e};
}

// a where gate > 0, else 0: both are possible where the sign of the gate is not certain.
static inline struct bounded gated(struct bounded gate, struct bounded a) {
    bool certain = !(fabs(gate.v) <= gate.e);
    if (gate.v > 0)
        return (struct bounded){a.v, certain ? a.e : fabs(a.v) + a.e};
    return (struct bounded){0, certain ? 0 : fabs(a.v) + a.e};
}

struct bounded_sum {
    wide v, e, size; // of the terms: sum, sum of errors, sum of magnitudes
    size_t terms;
};

static inline void sum_add(struct bounded_sum *sum, struct bounded term) {
    sum->v += term.v;
    sum->e += term.e;
    sum->size += fabs(term.v);
    sum->terms++;
}

// The sum, when no term passes more than `additions` additions.
static inline struct bounded sum_end(const struct bounded_sum *sum, size_t additions) {
    wide h = (wide)additions, gamma = h * U / (1 - h * U);
    return (struct bounded){sum->v, sum->e + gamma * (sum->size + sum->e) +
                                        (wide)sum->terms * U_WIDE * sum->size};
}

// Additions on the longest way through a reduction of n elements along a row: the lane's elements,
// then the tree. In any order it is less than n.
static inline size_t row_additions(const struct nb_call *call, size_t n) {
    if (call->any_order)
        return n;
    size_t additions = (n + NB_ROW_LANES(real) - 1) / NB_ROW_LANES(real);
    for (size_t lanes = NB_ROW_LANES(real); lanes > 1; lanes /= 2)
        additions++;
    return additions;
}

// The same along a column of n rows: the rows of a block, then the blocks.
static inline size_t column_additions(const struct nb_call *call, size_t n) {
    if (call->any_order)
        return n;
    return (n < NB_BLOCK_ROWS ? n : NB_BLOCK_ROWS) + NB_BLOCKS(n);
}

// Operand o of a call, and its element.
#define OPERAND(o) ((real *)call->at[o])
#define AT(o, i, j) OPERAND(o)[(i)*call->ld[o] + (j)]

static inline struct nb_expected expect(struct bounded b) { return (struct nb_expected){b.v, b.e}; }

#endif
