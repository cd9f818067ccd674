// SPDX-License-Identifier: MIT
#include "check/bounded.h"

enum { RESULT };
enum { SUM, LEFT, RIGHT }; // of the triad
enum { TO, FROM };         // of reading, writing and copying

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

static void call_read(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->peak_read(call->m, call->n, OPERAND(FROM), call->ld[FROM], OPERAND(TO));
}

static void reference_read(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->m; i++) {
        real largest = 0;
        for (size_t j = 0; j < call->n; j++)
            largest = AT(FROM, i, j) > largest ? AT(FROM, i, j) : largest;
        expected[TO][i] = expect(exactly(largest));
    }
}

static void call_write(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->peak_write(call->n, OPERAND(TO), FACTOR);
}

static void reference_write(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->n; i++)
        expected[TO][i] = expect(exactly(FACTOR));
}

static void call_copy(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->peak_copy(call->n, OPERAND(TO), OPERAND(FROM));
}

static void reference_copy(const struct nb_call *call, struct nb_expected *const expected[]) {
    for (size_t i = 0; i < call->n; i++)
        expected[TO][i] = expect(exactly(OPERAND(FROM)[i]));
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
        .kernel = "peak_read",
        .shape = NB_MATRIX,
        .modes = 1,
        .cuts = {{NB_M, 1}},
        .operands = {NB_OUT("largest", NB_ONE, NB_M), NB_IN("x", NB_M, NB_N, NB_POSITIVE)},
        .call = call_read,
        .reference = reference_read,
    },
    {
        .kernel = "peak_write",
        .shape = NB_VECTOR,
        .modes = 1,
        .cuts = {{NB_N, 1}},
        .operands = {NB_OUT("a", NB_ONE, NB_N)},
        .call = call_write,
        .reference = reference_write,
    },
    {
        .kernel = "peak_copy",
        .shape = NB_VECTOR,
        .modes = 1,
        .cuts = {{NB_N, 1}},
        .operands = {NB_OUT("a", NB_ONE, NB_N), NB_IN("b", NB_ONE, NB_N, NB_FILL_DATA)},
        .call = call_copy,
        .reference = reference_copy,
    },
    {
        .kernel = "peak_triad",
        .shape = NB_VECTOR,
        .modes = 1,
        .cuts = {{NB_N, 1}},
        .operands = {NB_OUT("a", NB_ONE, NB_N), NB_IN("b", NB_ONE, NB_N, NB_FILL_DATA),
                     NB_IN("c", NB_ONE, NB_N, NB_FILL_DATA)},
        .call = call_triad,
        .reference = reference_triad,
    },
    {0},
};
