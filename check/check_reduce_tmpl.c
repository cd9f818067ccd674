// SPDX-License-Identifier: MIT
#include "check/moments.h"

enum { X, SUM, MEAN = SUM, VARIANCE };

#define CALL_SUM(name)                                                          \
    static void call_##name(const void *table, const struct nb_call *call) {    \
        const struct NB_REAL(nb_kernels) *kernels = table;                      \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(SUM)); \
    }
CALL_SUM(row_sum)
CALL_SUM(column_sum)
CALL_SUM(block_sum)

#define CALL_MOMENTS(name)                                                      \
    static void call_##name(const void *table, const struct nb_call *call) {    \
        const struct NB_REAL(nb_kernels) *kernels = table;                      \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(MEAN), \
                      OPERAND(VARIANCE));                                       \
    }
CALL_MOMENTS(row_moments)
CALL_MOMENTS(column_moments)

// Contract rule 2.
static void textbook_row_sum(const struct nb_call *call) {
    for (size_t i = 0; i < call->m; i++) {
        real lanes[NB_ROW_LANES(real)] = {0};
        for (size_t j = 0; j < call->n; j++)
            lanes[j % NB_ROW_LANES(real)] += AT(X, i, j);
        for (size_t half = NB_ROW_LANES(real) / 2; half > 0; half /= 2)
            for (size_t lane = 0; lane < half; lane++)
                lanes[lane] += lanes[lane + half];
        OPERAND(SUM)[i] = lanes[0];
    }
}

// Contract rule 3.
static void textbook_column_sum(const struct nb_call *call) {
    for (size_t j = 0; j < call->n; j++) {
        real total = 0;
        for (size_t block = 0; block < NB_BLOCKS(call->m); block++) {
            real sum = 0;
            for (size_t i = block * NB_BLOCK_ROWS; i < call->m && i < (block + 1) * NB_BLOCK_ROWS;
                 i++)
                sum += AT(X, i, j);
            total = block == 0 ? sum : total + sum;
        }
        OPERAND(SUM)[j] = total;
    }
}

static void textbook_block_sum(const struct nb_call *call) {
    for (size_t j = 0; j < call->n; j++) {
        OPERAND(SUM)[j] = call->m > 0 ? AT(X, 0, j) : 0;
        for (size_t i = 1; i < call->m; i++)
            OPERAND(SUM)[j] += AT(X, i, j);
    }
}

// The sum of n values, `step` apart, with h additions on the longest way: gamma(h) sum |x|.
static struct nb_expected sum_of(const real *x, size_t n, size_t step, size_t h) {
    struct bounded_sum sum = {0};
    for (size_t i = 0; i < n; i++)
        sum_add(&sum, exactly(x[i * step]));
    return expect(sum_end(&sum, h));
}

static void reference_row_sum(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m; i++)
        expected[SUM][i] = sum_of(&AT(X, i, 0), call->n, 1, row_additions(call, call->n));
}

static void reference_column_sum(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expected[SUM][j] =
            sum_of(&AT(X, 0, j), call->m, call->ld[X], column_additions(call, call->m));
}

static void reference_block_sum(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expected[SUM][j] = sum_of(&AT(X, 0, j), call->m, call->ld[X], call->m);
}

static void expect_moments(struct bounded_moments moments, size_t n, size_t i,
                           struct nb_expected *const expected[]) {
    expected[MEAN][i] = expect(moments.mean);
    expected[VARIANCE][i] = expect(over(moments.m2, rounded((wide)n, 0)));
}

static void reference_row_moments(const struct nb_call *call,
                                  struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m; i++)
        expect_moments(row_moments_of(call, &AT(X, i, 0), call->n), call->n, i, expected);
}

static void reference_column_moments(const struct nb_call *call,
                                     struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expect_moments(column_moments_of(call, &AT(X, 0, j), call->m, call->ld[X]), call->m, j,
                       expected);
}

#define SUM_SUBJECT(name, along)                                                          \
    {                                                                                     \
        .kernel = #name, .shape = NB_MATRIX, .modes = 1, .cuts = {{along, 1}},            \
        .operands = {NB_IN("x", NB_M, NB_N, NB_FILL_DATA), NB_OUT("sum", NB_ONE, along)}, \
        .call = call_##name, .textbook = textbook_##name, .reference = reference_##name,  \
    }

#define MOMENTS_SUBJECT(name, along)                                                      \
    {                                                                                     \
        .kernel = #name, .shape = NB_MATRIX, .modes = 1, .cuts = {{along, 1}},            \
        .operands = {NB_IN("x", NB_M, NB_N, NB_FILL_DATA), NB_OUT("mean", NB_ONE, along), \
                     NB_OUT("variance", NB_ONE, along)},                                  \
        .call = call_##name, .reference = reference_##name,                               \
    }

const struct nb_subject NB_REAL(nb_check_reduce)[] = {
    SUM_SUBJECT(row_sum, NB_M),    MOMENTS_SUBJECT(row_moments, NB_M),
    SUM_SUBJECT(column_sum, NB_N), MOMENTS_SUBJECT(column_moments, NB_N),
    SUM_SUBJECT(block_sum, NB_N),  {0},
};
