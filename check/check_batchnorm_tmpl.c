// SPDX-License-Identifier: MIT
// The references follow the formulas of kernel_list.h per column, in bounded arithmetic.
#include "check/moments.h"

#define EPS ((real)1e-5)
#define MOMENTUM ((real)0.1)

enum { X, GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR, Y, MEAN, RSTD };

#define CALL_FORWARD(name)                                                                       \
    static void call_##name(const void *table, const struct nb_call *call) {                     \
        const struct NB_REAL(nb_kernels) *kernels = table;                                       \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA), OPERAND(BETA),  \
                      EPS, MOMENTUM, OPERAND(RUNNING_MEAN), OPERAND(RUNNING_VAR), OPERAND(MEAN), \
                      OPERAND(RSTD), OPERAND(Y), call->ld[Y]);                                   \
    }
CALL_FORWARD(batchnorm_forward)
CALL_FORWARD(batchnorm_relu_forward)

#define CALL_INFER(name)                                                                          \
    static void call_##name(const void *table, const struct nb_call *call) {                      \
        const struct NB_REAL(nb_kernels) *kernels = table;                                        \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA), OPERAND(BETA),   \
                      EPS, OPERAND(RUNNING_MEAN), OPERAND(RUNNING_VAR), OPERAND(Y), call->ld[Y]); \
    }
CALL_INFER(batchnorm_infer)
CALL_INFER(batchnorm_relu_infer)

// (x - mean) * rstd * gamma + beta; folded, x * scale + (beta - mean * scale)
static struct bounded normalized(const struct nb_call *call, size_t i, size_t j,
                                 struct bounded mean, struct bounded rstd) {
    struct bounded scale = times(rstd, exactly(OPERAND(GAMMA)[j]));
    struct bounded x = exactly(AT(X, i, j)), beta = exactly(OPERAND(BETA)[j]);
    return call->folded ? plus(times(x, scale), minus(beta, times(mean, scale)))
                        : plus(times(minus(x, mean), scale), beta);
}

static void expect_column(const struct nb_call *call, size_t j, struct bounded mean,
                          struct bounded rstd, bool relu, struct nb_expected *y) {
    for (size_t i = 0; i < call->m; i++) {
        struct bounded out = normalized(call, i, j, mean, rstd);
        y[i * call->n + j] = expect(relu ? clipped(out) : out);
    }
}

// (1 - momentum) * old + momentum * batch
static struct nb_expected running(real old, struct bounded batch) {
    struct bounded keep = minus(exactly(1), exactly(MOMENTUM));
    return expect(plus(times(keep, exactly(old)), times(exactly(MOMENTUM), batch)));
}

static void reference_train(const struct nb_call *call, bool relu,
                            struct nb_expected *const expected[]) {
    struct bounded rows = rounded((wide)call->m, 0), rows1 = rounded((wide)call->m - 1, 0);
    for (size_t j = 0; j < call->n; j++) {
        struct bounded_moments moments =
            column_moments_of(call, &AT(X, 0, j), call->m, call->ld[X]);
        struct bounded rstd = rstd_of(over(moments.m2, rows), EPS);
        expected[MEAN][j] = expect(moments.mean);
        expected[RSTD][j] = expect(rstd);
        expected[RUNNING_MEAN][j] = running(OPERAND(RUNNING_MEAN)[j], moments.mean);
        expected[RUNNING_VAR][j] = running(OPERAND(RUNNING_VAR)[j], over(moments.m2, rows1));
        expect_column(call, j, moments.mean, rstd, relu, expected[Y]);
    }
}

static void reference_infer(const struct nb_call *call, bool relu,
                            struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expect_column(call, j, exactly(OPERAND(RUNNING_MEAN)[j]),
                      rstd_of(exactly(OPERAND(RUNNING_VAR)[j]), EPS), relu, expected[Y]);
}

// Backward has other operands from the fourth on.
enum { B_MEAN = RUNNING_MEAN, B_RSTD, DY, DX, DGAMMA, DBETA };

#define CALL_BACKWARD(name)                                                                     \
    static void call_##name(const void *table, const struct nb_call *call) {                    \
        const struct NB_REAL(nb_kernels) *kernels = table;                                      \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA), OPERAND(BETA), \
                      OPERAND(B_MEAN), OPERAND(B_RSTD), OPERAND(DY), call->ld[DY], OPERAND(DX), \
                      call->ld[DX], OPERAND(DGAMMA), OPERAND(DBETA));                           \
    }
CALL_BACKWARD(batchnorm_backward)
CALL_BACKWARD(batchnorm_relu_backward)

static struct bounded gradient(const struct nb_call *call, size_t i, size_t j, bool relu) {
    struct bounded dy = exactly(AT(DY, i, j));
    if (!relu)
        return dy;
    return gated(normalized(call, i, j, exactly(OPERAND(B_MEAN)[j]),
                            given_rstd(call, OPERAND(B_RSTD)[j], EPS)),
                 dy);
}

// dx = gamma * rstd * (dy - dbeta / rows - xhat * dgamma / rows), multiplied out, so that each of
// the three terms is charged the roundings of its own factors; the sums are over columns.
static void reference_backward(const struct nb_call *call, bool relu,
                               struct nb_expected *const expected[]) {
    struct bounded minus_rows = rounded(-(wide)call->m, 0);
    size_t additions = column_additions(call, call->m);
    for (size_t j = 0; j < call->n; j++) {
        struct bounded mean = exactly(OPERAND(B_MEAN)[j]),
                       rstd = given_rstd(call, OPERAND(B_RSTD)[j], EPS);
        struct bounded scale = times(rstd, exactly(OPERAND(GAMMA)[j]));
        struct bounded_sum sum = {0}, dot = {0};
        for (size_t i = 0; i < call->m; i++) {
            struct bounded g = gradient(call, i, j, relu);
            sum_add(&sum, g);
            sum_add(&dot, times(g, minus(exactly(AT(X, i, j)), mean)));
        }
        struct bounded dbeta = sum_end(&sum, additions),
                       dgamma = times(sum_end(&dot, additions), rstd);
        struct bounded p = times(scale, over(times(rstd, dgamma), minus_rows));
        struct bounded q = times(scale, over(dbeta, minus_rows));
        for (size_t i = 0; i < call->m; i++) {
            struct bounded centred = plus(times(p, minus(exactly(AT(X, i, j)), mean)), q);
            expected[DX][i * call->n + j] =
                expect(plus(times(scale, gradient(call, i, j, relu)), centred));
        }
        expected[DGAMMA][j] = expect(dgamma);
        expected[DBETA][j] = expect(dbeta);
    }
}

#define REFERENCE(name, what, relu)                                      \
    static void reference_##name(const struct nb_call *call,             \
                                 struct nb_expected *const expected[]) { \
        reference_##what(call, relu, expected);                          \
    }
REFERENCE(batchnorm_forward, train, false)
REFERENCE(batchnorm_relu_forward, train, true)
REFERENCE(batchnorm_infer, infer, false)
REFERENCE(batchnorm_relu_infer, infer, true)
REFERENCE(batchnorm_backward, backward, false)
REFERENCE(batchnorm_relu_backward, backward, true)

#define COLUMN(name, fill) NB_IN(name, NB_ONE, NB_N, fill)
// Columns may be divided; rows by `by_rows`, 0: not at all.
#define SUBJECT(name, least, by_rows, ...)                                                \
    {                                                                                     \
        .kernel = #name, .shape = NB_MATRIX, .least_m = least, .modes = 1,                \
        .cuts = {{NB_N, 1}, {NB_M, by_rows}},                                             \
        .operands = {NB_IN("x", NB_M, NB_N, NB_FILL_DATA), COLUMN("gamma", NB_PARAMETER), \
                     COLUMN("beta", NB_PARAMETER), __VA_ARGS__},                          \
        .call = call_##name, .reference = reference_##name,                               \
    }

#define TRAIN_OPERANDS                                                                       \
    NB_INOUT("running_mean", NB_ONE, NB_N, NB_MEAN),                                         \
        NB_INOUT("running_var", NB_ONE, NB_N, NB_POSITIVE), NB_OUT_OVER("y", NB_M, NB_N, X), \
        NB_OUT("mean", NB_ONE, NB_N), NB_OUT("rstd", NB_ONE, NB_N)
#define INFER_OPERANDS                                                   \
    COLUMN("running_mean", NB_MEAN), COLUMN("running_var", NB_POSITIVE), \
        NB_OUT_OVER("y", NB_M, NB_N, X)
#define BACKWARD_OPERANDS                                                                        \
    COLUMN("mean", NB_MEAN), COLUMN("rstd", NB_POSITIVE), NB_IN("dy", NB_M, NB_N, NB_FILL_DATA), \
        NB_OUT_OVER("dx", NB_M, NB_N, DY), NB_OUT("dgamma", NB_ONE, NB_N),                       \
        NB_OUT("dbeta", NB_ONE, NB_N)

const struct nb_subject NB_REAL(nb_check_batchnorm)[] = {
    SUBJECT(batchnorm_forward, 2, 0, TRAIN_OPERANDS),
    SUBJECT(batchnorm_relu_forward, 2, 0, TRAIN_OPERANDS),
    SUBJECT(batchnorm_infer, 0, 1, INFER_OPERANDS),
    SUBJECT(batchnorm_relu_infer, 0, 1, INFER_OPERANDS),
    SUBJECT(batchnorm_backward, 2, 0, BACKWARD_OPERANDS),
    SUBJECT(batchnorm_relu_backward, 2, 0, BACKWARD_OPERANDS),
    {0},
};
