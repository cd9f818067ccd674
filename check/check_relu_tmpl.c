// SPDX-License-Identifier: MIT
// Nothing is rounded here, so the bound is 0.
#include "check/bounded.h"

enum { X, Y };
enum { OUTPUT, DY, DX }; // of backward

static void call_forward(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->relu_forward(call->m, call->n, OPERAND(X), call->ld[X], OPERAND(Y), call->ld[Y]);
}

static void call_backward(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->relu_backward(call->m, call->n, OPERAND(OUTPUT), call->ld[OUTPUT], OPERAND(DY),
                           call->ld[DY], OPERAND(DX), call->ld[DX]);
}

static void reference_forward(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m * call->n; i++)
        expected[Y][i] = expect(clipped(exactly(OPERAND(X)[i])));
}

static void reference_backward(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m * call->n; i++)
        expected[DX][i] = expect(exactly(OPERAND(OUTPUT)[i] > 0 ? OPERAND(DY)[i] : 0));
}

const struct nb_subject NB_REAL(nb_check_relu)[] = {
    {
        .kernel = "relu_forward",
        .shape = NB_MATRIX,
        .modes = 1,
        .cuts = {{NB_M, 1}, {NB_N, 1}},
        .operands = {NB_IN("x", NB_M, NB_N, NB_FILL_DATA), NB_OUT_OVER("y", NB_M, NB_N, X)},
        .call = call_forward,
        .reference = reference_forward,
    },
    {
        .kernel = "relu_backward",
        .shape = NB_MATRIX,
        .modes = 1,
        .cuts = {{NB_M, 1}, {NB_N, 1}},
        .operands = {NB_IN("y", NB_M, NB_N, NB_FILL_DATA), NB_IN("dy", NB_M, NB_N, NB_FILL_DATA),
                     NB_OUT_OVER("dx", NB_M, NB_N, DY)},
        .call = call_backward,
        .reference = reference_backward,
    },
    {0},
};
