// SPDX-License-Identifier: MIT
// Every rounding is prescribed, so the bound is 0.
#include "check/bounded.h"

enum { X, Y };

#define MEAN 0.1307f // of MNIST
#define DEVIATION 0.3081f

static void call_normalize(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    kernels->pixel_normalize(call->n, call->at[X], MEAN, DEVIATION, OPERAND(Y));
}

static void reference_normalize(const struct nb_call *call, struct nb_expected *const expected[]) {
    const uint8_t *bytes = call->at[X];
    for (size_t i = 0; i < call->n; i++) {
        const float share = (float)bytes[i] / 255.0f, centred = share - MEAN;
        const float value = centred / DEVIATION;
        expected[Y][i] = expect(exactly((wide)value));
    }
}

const struct nb_subject NB_REAL(nb_check_pixel)[] = {
    {
        .kernel = "pixel_normalize",
        .shape = NB_VECTOR,
        .modes = 1,
        .cuts = {{NB_N, 1}},
        .operands = {NB_IN("x", NB_ONE, NB_N, NB_BYTES), NB_OUT("y", NB_ONE, NB_N)},
        .call = call_normalize,
        .reference = reference_normalize,
    },
    {0},
};
