// SPDX-License-Identifier: MIT
#include "check/bounded.h"

enum { P, G, V };              // of sgd
enum { MOMENT1 = V, MOMENT2 }; // of adam

struct sgd {
    double lr, momentum, weight_decay;
    int nesterov, first;
};

static const struct sgd sgd[] = {
    {0.1, 0, 0, 0, 0},   {0.1, 0, 0.01, 0, 1}, {0.1, 0.9, 0, 0, 1},    {0.1, 0.9, 0, 0, 0},
    {0.1, 0.9, 0, 1, 1}, {0.03, 0.9, 0, 1, 0}, {0.1, 0.9, 0.01, 0, 0}, {0.1, 0.9, 0.01, 1, 0},
};
static const char *const sgd_names[] = {
    "plain",
    "weight decay",
    "momentum, first step",
    "momentum",
    "nesterov, first step",
    "nesterov",
    "momentum, weight decay",
    "nesterov, weight decay",
};
#define SGD_MODES (sizeof sgd / sizeof *sgd)
#define WRITES_V (0xffu & ~3u)
#define READS_V (WRITES_V & ~(1u << 2 | 1u << 4)) // the first step makes v, so it must not read it

static void call_sgd(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    const struct sgd *s = &sgd[call->mode];
    kernels->sgd_step(call->n, OPERAND(P), OPERAND(G), OPERAND(V), s->lr, s->momentum,
                      s->weight_decay, s->nesterov, s->first);
}

static void reference_sgd(const struct nb_call *call, struct nb_expected *const expected[]) {
    const struct sgd *s = &sgd[call->mode];
    for (size_t i = 0; i < call->n; i++) {
        struct bounded p = exactly(OPERAND(P)[i]), d = exactly(OPERAND(G)[i]);
        if (s->weight_decay != 0)
            d = plus(d, times(about(s->weight_decay), p));
        if (s->momentum != 0) {
            struct bounded v =
                s->first ? d : plus(times(about(s->momentum), exactly(OPERAND(V)[i])), d);
            expected[V][i] = expect(v);
            d = s->nesterov ? plus(d, times(about(s->momentum), v)) : v;
        }
        expected[P][i] = expect(minus(p, times(about(s->lr), d)));
    }
}

struct adam {
    double lr, beta1, beta2, eps, weight_decay;
    uint64_t step;
};

static const struct adam adam[] = {
    {1e-3, 0.9, 0.999, 1e-8, 0, 1},
    {1e-3, 0.9, 0.999, 1e-8, 0.01, 2},
    {3e-4, 0.8, 0.99, 1e-6, 0, 469},
    {1e-3, 0.9, 0.999, 1e-8, 0, 1000000},
};
static const char *const adam_names[] = {"step 1", "step 2, weight decay", "step 469, other betas",
                                         "step 1000000"};
#define ADAM_MODES (sizeof adam / sizeof *adam)

static void call_adam(const void *table, const struct nb_call *call) {
    const struct NB_REAL(nb_kernels) *kernels = table;
    const struct adam *a = &adam[call->mode];
    kernels->adam_step(call->n, OPERAND(P), OPERAND(G), OPERAND(MOMENT1), OPERAND(MOMENT2), a->lr,
                       a->beta1, a->beta2, a->eps, a->weight_decay, a->step);
}

// 1 - beta, from a double beta: rounded to `real` only now. 1 - (float)0.999 would be wrong by
// thousands of ulp.
static struct bounded rest_of(double beta) { return minus(exactly(1), exactly(beta)); }

// 1 - beta^step. The power is made in double by up to `step` roundings' worth of relative error.
static struct bounded correction(double beta, uint64_t step) {
    wide power = pow((wide)beta, (wide)step);
    return minus(exactly(1), (struct bounded){power, power * (wide)step * (wide)0x1p-53});
}

static void reference_adam(const struct nb_call *call, struct nb_expected *const expected[]) {
    const struct adam *a = &adam[call->mode];
    struct bounded rate = over(about(a->lr), correction(a->beta1, a->step));
    struct bounded bias = root(correction(a->beta2, a->step));
    for (size_t i = 0; i < call->n; i++) {
        struct bounded p = exactly(OPERAND(P)[i]), d = exactly(OPERAND(G)[i]);
        if (a->weight_decay != 0)
            d = plus(d, times(about(a->weight_decay), p));
        struct bounded u =
            plus(times(about(a->beta1), exactly(OPERAND(MOMENT1)[i])), times(rest_of(a->beta1), d));
        struct bounded v = plus(times(about(a->beta2), exactly(OPERAND(MOMENT2)[i])),
                                times(times(rest_of(a->beta2), d), d));
        struct bounded below = plus(over(root(v), bias), about(a->eps));
        expected[MOMENT1][i] = expect(u);
        expected[MOMENT2][i] = expect(v);
        expected[P][i] = expect(minus(p, over(times(rate, u), below)));
    }
}

const struct nb_subject NB_REAL(nb_check_optimizer)[] = {
    {
        .kernel = "sgd_step",
        .shape = NB_VECTOR,
        .modes = SGD_MODES,
        .mode_names = sgd_names,
        .cuts = {{NB_N, 1}},
        .operands = {NB_INOUT("p", NB_ONE, NB_N, NB_FILL_DATA),
                     NB_IN("g", NB_ONE, NB_N, NB_FILL_DATA),
                     {"v", NB_ONE, NB_N, NB_PARAMETER, READS_V, WRITES_V, -1, false}},
        .call = call_sgd,
        .reference = reference_sgd,
    },
    {
        .kernel = "adam_step",
        .shape = NB_VECTOR,
        .modes = ADAM_MODES,
        .mode_names = adam_names,
        .cuts = {{NB_N, 1}},
        .operands = {NB_INOUT("p", NB_ONE, NB_N, NB_FILL_DATA),
                     NB_IN("g", NB_ONE, NB_N, NB_FILL_DATA),
                     NB_INOUT("u", NB_ONE, NB_N, NB_PARAMETER),
                     NB_INOUT("v", NB_ONE, NB_N, NB_POSITIVE)},
        .call = call_adam,
        .reference = reference_adam,
    },
    {0},
};
