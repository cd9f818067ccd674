// SPDX-License-Identifier: MIT
#include "check/bounded.h"

// The kernels bring their own exp and log. Roundings, in u = half an ulp of 1, that an
// implementation of the usual kind needs: exp: r = x - n ln 2 to u / 4, and the last two steps of
// the polynomial, 1 + r (1 + ...), to u and u |r|, |r| <= 0.35; 2^n is exact. That is 1.7 u. log:
// (m - 1) / (m + 1) to 2 u, its double plus the tail to u, and u more when e ln 2 is added.
#define EXP_UNITS 2
#define LOG_UNITS 4

enum { X, LABELS, LOSS, DX };
enum { WITH_GRADIENT, LOSS_ONLY, MODES };
static const char *const names[] = {"with gradient", "loss only"};

// Rows of the whole batch: these are a part of it.
static size_t batch_of(const struct nb_call *call) { return call->whole_m + 3; }

static void call_softmax_xent(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->softmax_xent(call->m, call->n, OPERAND(X), call->ld[X], call->at[LABELS],
                          batch_of(call), OPERAND(LOSS), OPERAND(DX), call->ld[DX]);
}

// exp(a + d) = exp(a) exp(d): an error of the argument is relative in the result.
static struct bounded exponential(struct bounded a) {
    wide v = exp(a.v);
    if (v == 0)
        return (struct bounded){0, TINY};
    return (struct bounded){v, v * expm1(a.e) + EXP_UNITS * U * v * exp(a.e) + TINY};
}

// |log(a + d) - log(a)| <= |d| / (a - |d|)
static struct bounded logarithm(struct bounded a) {
    wide v = log(a.v), e = a.e / (a.v - a.e);
    return (struct bounded){v, e + LOG_UNITS * U * (fabs(v) + e) + TINY};
}

static void reference(const struct nb_call *call, struct nb_expected *const expected[]) {
    const uint8_t *labels = call->at[LABELS];
    for (size_t i = 0; i < call->m; i++) {
        real max = AT(X, i, 0);
        for (size_t j = 1; j < call->n; j++)
            if (AT(X, i, j) > max)
                max = AT(X, i, j);
        struct bounded_sum terms = {0};
        for (size_t j = 0; j < call->n; j++)
            sum_add(&terms, exponential(minus(exactly(AT(X, i, j)), exactly(max))));
        struct bounded sum = sum_end(&terms, row_additions(call, call->n));
        expected[LOSS][i] =
            expect(minus(logarithm(sum), minus(exactly(AT(X, i, labels[i])), exactly(max))));
        for (size_t j = 0; j < call->n && expected[DX]; j++) {
            struct bounded part = over(exponential(minus(exactly(AT(X, i, j)), exactly(max))), sum);
            if (j == labels[i])
                part = minus(part, exactly(1));
            expected[DX][i * call->n + j] = expect(over(part, rounded((wide)batch_of(call), 0)));
        }
    }
}

const struct nb_subject NB_REAL(nb_check_softmax_xent)[] = {
    {
        .kernel = "softmax_xent",
        .shape = NB_MATRIX,
        .least_n = 1,
        .modes = MODES,
        .mode_names = names,
        .cuts = {{NB_M, 1}},
        .operands = {NB_IN("x", NB_M, NB_N, NB_FILL_DATA),
                     NB_IN("labels", NB_ONE, NB_M, NB_LABELS),
                     NB_OUT("loss", NB_ONE, NB_M),
                     {"dx", NB_M, NB_N, NB_FILL_DATA, 0, 1u << WITH_GRADIENT, X, false}},
        .call = call_softmax_xent,
        .reference = reference,
    },
    {0},
};
