// SPDX-License-Identifier: MIT
#include "check/bounded.h"

enum { RESULT };
enum { SUM, LEFT, RIGHT }; // of the triad

#define FACTOR ((real)0.4)

// After enough rounds every chain of every lane stands at its fixed point 1, and the result is
// their number.
static void call_fma(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    AT(RESULT, 0, 0) = kernels->peak_fma(200 + call->n) / (real)(kernels->peak_flops / 2);
}

static void reference_fma(const struct nb_call *call, struct nb_expected *const expected[]) {
    (void)call;
    expected[RESULT][0] = expect(exactly(1));
}

static void call_triad(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->peak_triad(call->n, OPERAND(SUM), OPERAND(LEFT), OPERAND(RIGHT), FACTOR);
}

static void reference_triad(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->n; i++)
        expected[SUM][i] = expect(
            plus(exactly(OPERAND(LEFT)[i]), times(exactly(FACTOR), exactly(OPERAND(RIGHT)[i]))));
}

const struct nb_subject NB_REAL(nb_check_peak)[] = {
    {
        .kernel = "peak_fma",
        .shape = NB_VECTOR,
        .modes = 1,
        .operands = {NB_OUT("result", NB_ONE, NB_ONE)},
        .call = call_fma,
        .reference = reference_fma,
    },
    {
        .kernel = "peak_triad",
        .shape = NB_VECTOR,
        .modes = 1,
        .cuts = {{NB_N, 1}},
        .operands = {NB_OUT("a", NB_ONE, NB_N), NB_IN("b", NB_ONE, NB_N, NB_DATA),
                     NB_IN("c", NB_ONE, NB_N, NB_DATA)},
        .call = call_triad,
        .reference = reference_triad,
    },
    {0},
};
