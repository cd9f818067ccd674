// SPDX-License-Identifier: MIT
// The references follow the formulas of kernel_list.h per column, in bounded arithmetic.
#include "check/moments.h"

enum { PLAIN, RELU }; // modes of the steps
static const char *const names[] = {"plain", "relu"};

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

// The steps have the operands of the whole, of which they leave some alone.
static void call_batchnorm_statistics(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->batchnorm_statistics(call->m, call->n, OPERAND(X), call->ld[X], EPS, MOMENTUM,
                                  OPERAND(RUNNING_MEAN), OPERAND(RUNNING_VAR), OPERAND(MEAN),
                                  OPERAND(RSTD));
}

#define CALL_APPLY(name, relu)                                                              \
    static void call_##name(const void *table, const struct nb_call *call) {                \
        const struct NB_REAL(nb_kernels) *kernels = table;                                  \
        kernels->batchnorm_apply(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA), \
                                 OPERAND(BETA), OPERAND(MEAN), OPERAND(RSTD), OPERAND(Y),   \
                                 call->ld[Y], relu);                                        \
    }
CALL_APPLY(apply, 0)
CALL_APPLY(apply_relu, 1)
CALL_APPLY(batchnorm_apply, call->mode == RELU)

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

// Mean and rstd of column j.
struct statistics {
    struct bounded mean, rstd;
};

static struct statistics expect_statistics(const struct nb_call *call, size_t j,
                                           struct nb_expected *const expected[]) {
    struct bounded rows = rounded((wide)call->m, 0), rows1 = rounded((wide)call->m - 1, 0);
    struct bounded_moments moments = column_moments_of(call, &AT(X, 0, j), call->m, call->ld[X]);
    struct statistics column = {moments.mean, rstd_of(over(moments.m2, rows), EPS)};
    expected[MEAN][j] = expect(column.mean);
    expected[RSTD][j] = expect(column.rstd);
    expected[RUNNING_MEAN][j] = running(OPERAND(RUNNING_MEAN)[j], moments.mean);
    expected[RUNNING_VAR][j] = running(OPERAND(RUNNING_VAR)[j], over(moments.m2, rows1));
    return column;
}

static void reference_batchnorm_statistics(const struct nb_call *call,
                                           struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expect_statistics(call, j, expected);
}

static void reference_batchnorm_apply(const struct nb_call *call,
                                      struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expect_column(call, j, exactly(OPERAND(MEAN)[j]), given_rstd(call, OPERAND(RSTD)[j], EPS),
                      call->mode == RELU, expected[Y]);
}

static void reference_train(const struct nb_call *call, bool relu,
                            struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++) {
        struct statistics column = expect_statistics(call, j, expected);
        expect_column(call, j, column.mean, column.rstd, relu, expected[Y]);
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

#define CALL_SUMS(name, relu)                                                                 \
    static void call_##name(const void *table, const struct nb_call *call) {                  \
        const struct NB_REAL(nb_kernels) *kernels = table;                                    \
        kernels->batchnorm_sums(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA),    \
                                OPERAND(BETA), OPERAND(B_MEAN), OPERAND(B_RSTD), OPERAND(DY), \
                                call->ld[DY], OPERAND(DGAMMA), OPERAND(DBETA), relu);         \
    }
CALL_SUMS(sums, 0)
CALL_SUMS(sums_relu, 1)
CALL_SUMS(batchnorm_sums, call->mode == RELU)

#define CALL_DX(name, relu)                                                                 \
    static void call_##name(const void *table, const struct nb_call *call) {                \
        const struct NB_REAL(nb_kernels) *kernels = table;                                  \
        kernels->batchnorm_dx(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA),    \
                              OPERAND(BETA), OPERAND(B_MEAN), OPERAND(B_RSTD), OPERAND(DY), \
                              call->ld[DY], OPERAND(DGAMMA), OPERAND(DBETA), call->whole_m, \
                              OPERAND(DX), call->ld[DX], relu);                             \
    }
CALL_DX(dx, 0)
CALL_DX(dx_relu, 1)
CALL_DX(batchnorm_dx, call->mode == RELU)

static struct bounded gradient(const struct nb_call *call, size_t i, size_t j, bool relu) {
    struct bounded dy = exactly(AT(DY, i, j));
    if (!relu)
        return dy;
    return gated(normalized(call, i, j, exactly(OPERAND(B_MEAN)[j]),
                            given_rstd(call, OPERAND(B_RSTD)[j], EPS)),
                 dy);
}

// dgamma and dbeta of a column.
struct sums {
    struct bounded dgamma, dbeta;
};

static struct sums expect_sums(const struct nb_call *call, size_t j, bool relu,
                               struct nb_expected *const expected[]) {
    struct bounded mean = exactly(OPERAND(B_MEAN)[j]),
                   rstd = given_rstd(call, OPERAND(B_RSTD)[j], EPS);
    struct bounded_sum sum = {0}, dot = {0};
    for (size_t i = 0; i < call->m; i++) {
        struct bounded g = gradient(call, i, j, relu);
        sum_add(&sum, g);
        sum_add(&dot, times(g, minus(exactly(AT(X, i, j)), mean)));
    }
    size_t additions = column_additions(call, call->m);
    struct sums column = {.dgamma = times(sum_end(&dot, additions), rstd),
                          .dbeta = sum_end(&sum, additions)};
    expected[DGAMMA][j] = expect(column.dgamma);
    expected[DBETA][j] = expect(column.dbeta);
    return column;
}

// dx = gamma * rstd * (dy - dbeta / rows - xhat * dgamma / rows), multiplied out, so that each of
// the three terms is charged the roundings of its own factors.
static void expect_dx(const struct nb_call *call, size_t j, bool relu, struct sums column,
                      struct nb_expected *dx) {
    struct bounded minus_rows = rounded(-(wide)call->whole_m, 0);
    struct bounded mean = exactly(OPERAND(B_MEAN)[j]),
                   rstd = given_rstd(call, OPERAND(B_RSTD)[j], EPS);
    struct bounded scale = times(rstd, exactly(OPERAND(GAMMA)[j]));
    struct bounded p = times(scale, over(times(rstd, column.dgamma), minus_rows));
    struct bounded q = times(scale, over(column.dbeta, minus_rows));
    for (size_t i = 0; i < call->m; i++) {
        struct bounded centred = plus(times(p, minus(exactly(AT(X, i, j)), mean)), q);
        dx[i * call->n + j] = expect(plus(times(scale, gradient(call, i, j, relu)), centred));
    }
}

static void reference_backward(const struct nb_call *call, bool relu,
                               struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expect_dx(call, j, relu, expect_sums(call, j, relu, expected), expected[DX]);
}

static void reference_batchnorm_sums(const struct nb_call *call,
                                     struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++)
        expect_sums(call, j, call->mode == RELU, expected);
}

static void reference_batchnorm_dx(const struct nb_call *call,
                                   struct nb_expected *const expected[]) {
    for (size_t j = 0; j < call->n; j++) {
        struct sums column = {exactly(OPERAND(DGAMMA)[j]), exactly(OPERAND(DBETA)[j])};
        expect_dx(call, j, call->mode == RELU, column, expected[DX]);
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
#define UNUSED(name, rows) \
    { name, rows, NB_N, NB_FILL_DATA, 0, 0, -1, false }
#define OPERANDS(...)                                                    \
    NB_IN("x", NB_M, NB_N, NB_FILL_DATA), COLUMN("gamma", NB_PARAMETER), \
        COLUMN("beta", NB_PARAMETER), __VA_ARGS__
#define COMMON(name) \
    .kernel = #name, .shape = NB_MATRIX, .call = call_##name, .reference = reference_##name

// The whole: columns may be divided, or each of the steps.
#define WHOLE(name, first, second, ...)                                                 \
    {                                                                                   \
        COMMON(name), .least_m = 2, .modes = 1, .cuts = {{NB_N, 1}},                    \
                      .steps = {{{NB_N, 1}, call_##first}, {{NB_M, 1}, call_##second}}, \
                      .operands = {OPERANDS(__VA_ARGS__)},                              \
    }
#define INFER(name)                                                             \
    {                                                                           \
        COMMON(name), .modes = 1, .cuts = {{NB_N, 1}, {NB_M, 1}},               \
                      .operands = {OPERANDS(COLUMN("running_mean", NB_MEAN),    \
                                            COLUMN("running_var", NB_POSITIVE), \
                                            NB_OUT_OVER("y", NB_M, NB_N, X))},  \
    }
#define STEP(name, least, count, by_rows, ...)                                         \
    {                                                                                  \
        COMMON(name), .least_m = least, .modes = count, .mode_names = names,           \
                      .cuts = {{NB_N, 1}, {NB_M, by_rows}}, .operands = {__VA_ARGS__}, \
    }

#define TRAIN_OPERANDS                                                                       \
    NB_INOUT("running_mean", NB_ONE, NB_N, NB_MEAN),                                         \
        NB_INOUT("running_var", NB_ONE, NB_N, NB_POSITIVE), NB_OUT_OVER("y", NB_M, NB_N, X), \
        NB_OUT("mean", NB_ONE, NB_N), NB_OUT("rstd", NB_ONE, NB_N)
#define GIVEN \
    COLUMN("mean", NB_MEAN), COLUMN("rstd", NB_POSITIVE), NB_IN("dy", NB_M, NB_N, NB_FILL_DATA)
#define BACKWARD_OPERANDS                                                     \
    GIVEN, NB_OUT_OVER("dx", NB_M, NB_N, DY), NB_OUT("dgamma", NB_ONE, NB_N), \
        NB_OUT("dbeta", NB_ONE, NB_N)

const struct nb_subject NB_REAL(nb_check_batchnorm)[] = {
    WHOLE(batchnorm_forward, batchnorm_statistics, apply, TRAIN_OPERANDS),
    WHOLE(batchnorm_relu_forward, batchnorm_statistics, apply_relu, TRAIN_OPERANDS),
    INFER(batchnorm_infer),
    INFER(batchnorm_relu_infer),
    WHOLE(batchnorm_backward, sums, dx, BACKWARD_OPERANDS),
    WHOLE(batchnorm_relu_backward, sums_relu, dx_relu, BACKWARD_OPERANDS),
    STEP(batchnorm_statistics, 2, 1, 0, NB_IN("x", NB_M, NB_N, NB_FILL_DATA),
         UNUSED("gamma", NB_ONE), UNUSED("beta", NB_ONE),
         NB_INOUT("running_mean", NB_ONE, NB_N, NB_MEAN),
         NB_INOUT("running_var", NB_ONE, NB_N, NB_POSITIVE), UNUSED("y", NB_M),
         NB_OUT("mean", NB_ONE, NB_N), NB_OUT("rstd", NB_ONE, NB_N)),
    STEP(batchnorm_apply, 0, 2, 1,
         OPERANDS(UNUSED("running_mean", NB_ONE), UNUSED("running_var", NB_ONE),
                  NB_OUT_OVER("y", NB_M, NB_N, X), COLUMN("mean", NB_MEAN),
                  COLUMN("rstd", NB_POSITIVE))),
    STEP(batchnorm_sums, 2, 2, 0,
         OPERANDS(GIVEN, UNUSED("dx", NB_M), NB_OUT("dgamma", NB_ONE, NB_N),
                  NB_OUT("dbeta", NB_ONE, NB_N))),
    STEP(batchnorm_dx, 1, 2, 1,
         OPERANDS(GIVEN, NB_OUT_OVER("dx", NB_M, NB_N, DY), COLUMN("dgamma", NB_PARAMETER),
                  COLUMN("dbeta", NB_PARAMETER))),
    {0},
};
