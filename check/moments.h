// SPDX-License-Identifier: MIT
// Reference mean and centred sum of squares, m2 = sum (x - mean)^2, with the bounds of the
// corrected two-pass algorithm and of merging blocks in order (Chan, Golub & LeVeque 1983).
#ifndef NB_CHECK_MOMENTS_H
#define NB_CHECK_MOMENTS_H

#include "check/bounded.h"

struct bounded_moments {
    struct bounded mean, m2;
};

static inline wide gamma_of(size_t roundings) {
    return (wide)roundings * U / (1 - (wide)roundings * U);
}

// n values, `step` apart, whose sums have `h` additions on their longest way. The kernel takes a
// rounded mean m0 = mean + d and d(i) = x(i) - m0; mean = m0 + sum d(i) / n and m2 = sum d(i)^2 -
// (sum d(i))^2 / n hold exactly, for any m0. What is lost:
//   |d|             <= e0 = gamma(h + 1) mean |x|: the sum and the division
//   sum d(i) / n    <= gamma(h + 2) a, a = mean |x - m0| <= mean |x - mean| + e0
//   mean            the above, and the rounding of the last addition
//   sum d(i)^2      <= gamma(h + 3) (m2 + n e0^2), since sum (x - m0)^2 = m2 + n d^2
//   (sum d(i))^2/n  |sum d(i)| <= n e0 exactly, so <= n (2 e0 gamma(h + 2) a + (gamma(h + 2) a)^2),
//   and two roundings
// The mean's error counts only by its square or times a rounding: E[x^2] - E[x]^2 would lose
// gamma(h) mean^2.
static inline struct bounded_moments moments_of(const real *x, size_t n, size_t step, size_t h) {
    wide sum = 0, size = 0, spread = 0, m2 = 0, count = (wide)n;
    for (size_t i = 0; i < n; i++) {
        sum += x[i * step];
        size += fabs((wide)x[i * step]);
    }
    wide mean = sum / count;
    for (size_t i = 0; i < n; i++) {
        wide d = x[i * step] - mean;
        spread += fabs(d);
        m2 += d * d;
    }
    if (!isfinite(mean)) // x - mean has no meaning then
        return (struct bounded_moments){{NAN, 0}, {NAN, 0}};
    wide own = (count + 2) * U_WIDE; // of these sums
    wide e0 = gamma_of(h + 1) * size / count + TINY, a = spread / count + e0;
    wide shift = gamma_of(h + 2) * a + TINY;
    wide squares = m2 + count * e0 * e0;
    return (struct bounded_moments){
        {mean, shift + U * (fabs(mean) + shift) + own * size / count},
        {m2, (gamma_of(h + 5) + own) * squares + count * (2 * e0 * shift + shift * shift) +
                 (wide)(h + 5) * TINY},
    };
}

// The moments of n_a values and the n_b values that follow them. The kernel computes
//   delta = mean_b - mean_a,  mean = mean_a + delta * share,  share = n_b / (n_a + n_b)
//   m2 = m2_a + m2_b + delta^2 * n_a * share
// The mean is (1 - share) mean_a + share mean_b, so the errors of both enter with these weights.
static inline struct bounded_moments merged(struct bounded_moments a, size_t n_a,
                                            struct bounded_moments b, size_t n_b) {
    struct bounded delta = minus(b.mean, a.mean);
    wide exact_share = (wide)n_b / (wide)(n_a + n_b);
    struct bounded share = rounded(exact_share, 0), weight = times(rounded((wide)n_a, 0), share);
    wide mean = a.mean.v + delta.v * exact_share;
    wide carried = (1 - exact_share) * a.mean.e + exact_share * b.mean.e;
    wide lost = 4 * U * (fabs(delta.v) + delta.e) +
                TINY; // delta, share, the product; both operands of delta cost once
    struct bounded between = times(times(delta, delta), weight);
    return (struct bounded_moments){rounded(mean, carried + lost), plus(a.m2, plus(b.m2, between))};
}

// The same without the correction: mean m0, also as the sum times the rounded 1 / n, so |d| <= e1 =
// gamma(h + 2) mean |x|, and m2 = sum d(i)^2, which is n d^2 too large besides what is lost above.
static inline struct bounded_moments uncorrected(struct bounded_moments moments, const real *x,
                                                 size_t n, size_t step, size_t h) {
    wide size = 0, count = (wide)n;
    for (size_t i = 0; i < n; i++)
        size += fabs((wide)x[i * step]);
    wide e1 = (gamma_of(h + 2) + count * U_WIDE) * size / count + TINY;
    moments.mean.e = e1;
    moments.m2.e += 2 * count * e1 * e1;
    return moments;
}

// Of all values at once: in a row, or in any order.
static inline struct bounded_moments all_moments_of(const struct nb_call *call, const real *x,
                                                    size_t n, size_t step, size_t h) {
    struct bounded_moments moments = moments_of(x, n, step, h);
    return call->plain_moments ? uncorrected(moments, x, n, step, h) : moments;
}

static inline struct bounded_moments row_moments_of(const struct nb_call *call, const real *x,
                                                    size_t n) {
    return all_moments_of(call, x, n, 1, row_additions(call, n));
}

// Of a column: blocks of rows, merged in order; or all rows at once, in any order.
static inline struct bounded_moments column_moments_of(const struct nb_call *call, const real *x,
                                                       size_t rows, size_t ld) {
    if (call->any_order)
        return all_moments_of(call, x, rows, ld, column_additions(call, rows));
    struct bounded_moments all = {{NAN, 0}, {NAN, 0}};
    for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS) {
        size_t count = rows - r0 < NB_BLOCK_ROWS ? rows - r0 : NB_BLOCK_ROWS;
        struct bounded_moments block = moments_of(x + r0 * ld, count, ld, count);
        all = r0 == 0 ? block : merged(all, r0, block, count);
    }
    return all;
}

// 1 / sqrt(m2 / n + eps)
static inline struct bounded rstd_of(struct bounded variance, double eps) {
    return over(exactly(1), root(plus(variance, exactly((real)eps))));
}

// An rstd that the call is given, or the one that a kernel makes of the rounded variance that
// belongs to it.
static inline struct bounded given_rstd(const struct nb_call *call, real rstd, double eps) {
    if (!call->from_variance)
        return exactly(rstd);
    return rstd_of(rounded(1 / ((wide)rstd * rstd) - (real)eps, 0), eps);
}

#endif
