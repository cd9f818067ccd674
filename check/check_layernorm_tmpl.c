// SPDX-License-Identifier: MIT
// The references follow the formulas of kernel_list.h per row, in bounded arithmetic.
#include "check/moments.h"

#define EPS ((real)1e-5)

enum { X, GAMMA, BETA, MEAN, RSTD, Y };
enum { DY = Y, DX, DGAMMA, DBETA }; // of backward

#define CALL_FORWARD(name)                                                                      \
    static void call_##name(const void *table, const struct nb_call *call) {                    \
        const struct NB_REAL(nb_kernels) *kernels = table;                                      \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA), OPERAND(BETA), \
                      EPS, OPERAND(MEAN), OPERAND(RSTD), OPERAND(Y), call->ld[Y]);              \
    }
CALL_FORWARD(layernorm_forward)
CALL_FORWARD(layernorm_relu_forward)

#define CALL_BACKWARD(name)                                                                     \
    static void call_##name(const void *table, const struct nb_call *call) {                    \
        const struct NB_REAL(nb_kernels) *kernels = table;                                      \
        kernels->name(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(GAMMA), OPERAND(BETA), \
                      OPERAND(MEAN), OPERAND(RSTD), OPERAND(DY), call->ld[DY], OPERAND(DX),     \
                      call->ld[DX], OPERAND(DGAMMA), OPERAND(DBETA));                           \
    }
CALL_BACKWARD(layernorm_backward)
CALL_BACKWARD(layernorm_relu_backward)

static struct bounded xhat_of(const struct nb_call *call, size_t i, size_t j, struct bounded mean,
                              struct bounded rstd) {
    return times(minus(exactly(AT(X, i, j)), mean), rstd);
}

static struct bounded output_of(const struct nb_call *call, size_t j, struct bounded xhat) {
    return plus(times(xhat, exactly(OPERAND(GAMMA)[j])), exactly(OPERAND(BETA)[j]));
}

static void reference_forward(const struct nb_call *call, bool relu,
                              struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m; i++) {
        struct bounded_moments moments = row_moments_of(call, &AT(X, i, 0), call->n);
        struct bounded rstd = rstd_of(over(moments.m2, rounded((wide)call->n, 0)), EPS);
        expected[MEAN][i] = expect(moments.mean);
        expected[RSTD][i] = expect(rstd);
        for (size_t j = 0; j < call->n; j++) {
            struct bounded y = output_of(call, j, xhat_of(call, i, j, moments.mean, rstd));
            expected[Y][i * call->n + j] = expect(relu ? clipped(y) : y);
        }
    }
}

static struct bounded given_xhat(const struct nb_call *call, size_t i, size_t j) {
    return xhat_of(call, i, j, exactly(OPERAND(MEAN)[i]), given_rstd(call, OPERAND(RSTD)[i], EPS));
}

static struct bounded gradient(const struct nb_call *call, size_t i, size_t j, bool relu) {
    struct bounded dy = exactly(AT(DY, i, j));
    return relu ? gated(output_of(call, j, given_xhat(call, i, j)), dy) : dy;
}

// dx = rstd * (g - sum g / cols - xhat * sum (g * xhat) / cols), the sums along the row
static void expect_dx(const struct nb_call *call, size_t i, bool relu, struct nb_expected *dx) {
    struct bounded_sum sum = {0}, dot = {0};
    for (size_t j = 0; j < call->n; j++) {
        struct bounded g = times(gradient(call, i, j, relu), exactly(OPERAND(GAMMA)[j]));
        sum_add(&sum, g);
        sum_add(&dot, times(g, given_xhat(call, i, j)));
    }
    struct bounded cols = rounded((wide)call->n, 0);
    struct bounded mean_g = over(sum_end(&sum, row_additions(call, call->n)), cols);
    struct bounded mean_gx = over(sum_end(&dot, row_additions(call, call->n)), cols);
    for (size_t j = 0; j < call->n; j++) {
        struct bounded g = times(gradient(call, i, j, relu), exactly(OPERAND(GAMMA)[j]));
        struct bounded inner = minus(minus(g, mean_g), times(given_xhat(call, i, j), mean_gx));
        dx[j] = expect(times(given_rstd(call, OPERAND(RSTD)[i], EPS), inner));
    }
}

// dgamma and dbeta per block of rows
static void reference_backward(const struct nb_call *call, bool relu,
                               struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m; i++)
        expect_dx(call, i, relu, expected[DX] + i * call->n);
    for (size_t block = 0; block < NB_BLOCKS(call->m); block++) {
        for (size_t j = 0; j < call->n; j++) {
            struct bounded_sum dgamma = {0}, dbeta = {0};
            for (size_t i = block * NB_BLOCK_ROWS; i < call->m && i < (block + 1) * NB_BLOCK_ROWS;
                 i++) {
                struct bounded dy = gradient(call, i, j, relu);
                sum_add(&dbeta, dy);
                sum_add(&dgamma, times(dy, given_xhat(call, i, j)));
            }
            expected[DGAMMA][block * call->n + j] = expect(sum_end(&dgamma, NB_BLOCK_ROWS));
            expected[DBETA][block * call->n + j] = expect(sum_end(&dbeta, NB_BLOCK_ROWS));
        }
    }
}

#define REFERENCE(name, what, relu)                                      \
    static void reference_##name(const struct nb_call *call,             \
                                 struct nb_expected *const expected[]) { \
        reference_##what(call, relu, expected);                          \
    }
REFERENCE(layernorm_forward, forward, false)
REFERENCE(layernorm_relu_forward, forward, true)
REFERENCE(layernorm_backward, backward, false)
REFERENCE(layernorm_relu_backward, backward, true)

#define SUBJECT(name, step, ...)                                                 \
    {                                                                            \
        .kernel = #name, .shape = NB_MATRIX, .modes = 1, .cuts = {{NB_M, step}}, \
        .operands = {NB_IN("x", NB_M, NB_N, NB_FILL_DATA),                       \
                     NB_IN("gamma", NB_ONE, NB_N, NB_PARAMETER),                 \
                     NB_IN("beta", NB_ONE, NB_N, NB_PARAMETER), __VA_ARGS__},    \
        .call = call_##name, .reference = reference_##name,                      \
    }

#define FORWARD_OPERANDS \
    NB_OUT("mean", NB_ONE, NB_M), NB_OUT("rstd", NB_ONE, NB_M), NB_OUT_OVER("y", NB_M, NB_N, X)
#define BACKWARD_OPERANDS                                                           \
    NB_IN("mean", NB_ONE, NB_M, NB_MEAN), NB_IN("rstd", NB_ONE, NB_M, NB_POSITIVE), \
        NB_IN("dy", NB_M, NB_N, NB_FILL_DATA), NB_OUT_OVER("dx", NB_M, NB_N, DY),   \
        NB_OUT("dgamma", NB_M_BLOCKS, NB_N), NB_OUT("dbeta", NB_M_BLOCKS, NB_N)

const struct nb_subject NB_REAL(nb_check_layernorm)[] = {
    SUBJECT(layernorm_forward, 1, FORWARD_OPERANDS),
    SUBJECT(layernorm_relu_forward, 1, FORWARD_OPERANDS),
    SUBJECT(layernorm_backward, NB_BLOCK_ROWS, BACKWARD_OPERANDS),
    SUBJECT(layernorm_relu_backward, NB_BLOCK_ROWS, BACKWARD_OPERANDS),
    {0},
};
