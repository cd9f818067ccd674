// SPDX-License-Identifier: MIT
// Every backward kernel against central differences of its forward kernel, in f64, on every usable
// ISA. For a loss L = sum w * y with fixed weights w, backward with dy = w must give dL/d(input):
//   (L(t + h) - L(t - h)) / 2h = dL/dt + O(h^2 L''') + O(eps L / h)
// With h = 1e-5 both remainders are near 1e-10 times the size of L and its derivatives (below 100
// here), so 1e-7 has room for neither a wrong factor nor a lost term.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "src/random.h"

enum {
    ROWS = 37,
    COLS = 19,
    SIZE = ROWS * COLS,
    BLOCKS = NB_BLOCKS(ROWS)
}; // more than one block of rows, odd widths

static const double step = 1e-5, tolerance = 1e-7, eps = 1e-5;

// One problem: inputs, weights of the loss, and what backward gives.
struct problem {
    const struct nb_kernels_f64 *k;
    bool relu;
    double x[SIZE], gamma[COLS], beta[COLS], w[SIZE];
    uint8_t labels[ROWS];
    double y[SIZE], dx[SIZE], dgamma[COLS], dbeta[COLS];
};

typedef double (*loss_fn)(struct problem *);

static double uniform(struct nb_random *random) { return (double)nb_random_uniform(random, 1); }

static struct problem make_problem(const struct nb_kernels_f64 *k, bool relu, uint64_t seed) {
    struct problem p = {.k = k, .relu = relu};
    struct nb_random random;
    nb_random_seed(&random, seed);
    for (size_t i = 0; i < SIZE; i++) {
        p.x[i] = 2 * uniform(&random) + 0.5;
        p.w[i] = uniform(&random);
    }
    for (size_t j = 0; j < COLS; j++) {
        p.gamma[j] = 1 + 0.5 * uniform(&random);
        p.beta[j] = 0.3 * uniform(&random);
    }
    for (size_t i = 0; i < ROWS; i++)
        p.labels[i] = (uint8_t)(nb_random_u32(&random) % COLS);
    return p;
}

static double weighted(const struct problem *p) {
    double sum = 0;
    for (size_t i = 0; i < SIZE; i++)
        sum += p->w[i] * p->y[i];
    return sum;
}

static double batchnorm_loss(struct problem *p) {
    double running[2][COLS] = {{0}}, mean[COLS], rstd[COLS];
    (p->relu ? p->k->batchnorm_relu_forward
             : p->k->batchnorm_forward)(ROWS, COLS, p->x, COLS, p->gamma, p->beta, eps, 0.1,
                                        running[0], running[1], mean, rstd, p->y, COLS);
    return weighted(p);
}

static void batchnorm_gradients(struct problem *p) {
    double running[2][COLS] = {{0}}, mean[COLS], rstd[COLS];
    p->k->batchnorm_forward(ROWS, COLS, p->x, COLS, p->gamma, p->beta, eps, 0.1, running[0],
                            running[1], mean, rstd, p->y, COLS);
    (p->relu ? p->k->batchnorm_relu_backward
             : p->k->batchnorm_backward)(ROWS, COLS, p->x, COLS, p->gamma, p->beta, mean, rstd,
                                         p->w, COLS, p->dx, COLS, p->dgamma, p->dbeta);
}

static double layernorm_loss(struct problem *p) {
    double mean[ROWS], rstd[ROWS];
    (p->relu ? p->k->layernorm_relu_forward : p->k->layernorm_forward)(
        ROWS, COLS, p->x, COLS, p->gamma, p->beta, eps, mean, rstd, p->y, COLS);
    return weighted(p);
}

static void layernorm_gradients(struct problem *p) {
    double mean[ROWS], rstd[ROWS], blocks[2][BLOCKS * COLS];
    p->k->layernorm_forward(ROWS, COLS, p->x, COLS, p->gamma, p->beta, eps, mean, rstd, p->y, COLS);
    (p->relu ? p->k->layernorm_relu_backward
             : p->k->layernorm_backward)(ROWS, COLS, p->x, COLS, p->gamma, p->beta, mean, rstd,
                                         p->w, COLS, p->dx, COLS, blocks[0], blocks[1]);
    p->k->block_sum(BLOCKS, COLS, blocks[0], COLS, p->dgamma);
    p->k->block_sum(BLOCKS, COLS, blocks[1], COLS, p->dbeta);
}

static double relu_loss(struct problem *p) {
    p->k->relu_forward(ROWS, COLS, p->x, COLS, p->y, COLS);
    return weighted(p);
}

static void relu_gradients(struct problem *p) {
    p->k->relu_forward(ROWS, COLS, p->x, COLS, p->y, COLS);
    p->k->relu_backward(ROWS, COLS, p->y, COLS, p->w, COLS, p->dx, COLS);
}

static double softmax_xent_loss(struct problem *p) {
    double loss[ROWS], sum = 0;
    p->k->softmax_xent(ROWS, COLS, p->x, COLS, p->labels, ROWS, loss, NULL, 0);
    for (size_t i = 0; i < ROWS; i++)
        sum += loss[i];
    return sum / ROWS;
}

static void softmax_xent_gradients(struct problem *p) {
    double loss[ROWS];
    p->k->softmax_xent(ROWS, COLS, p->x, COLS, p->labels, ROWS, loss, p->dx, COLS);
}

// The linear layer y = x . W + bias, with W (COLS, COLS) and bias in gamma; w are the loss's
// weights.
static double weights[COLS * COLS], dweights[COLS * COLS];

static double linear_loss(struct problem *p) {
    const struct nb_epilogue_f64 out = {.bias = p->gamma};
    p->k->matmul_nn(ROWS, COLS, COLS, p->x, COLS, weights, COLS, p->y, COLS, &out);
    return weighted(p);
}

static void linear_gradients(struct problem *p) {
    p->k->matmul_nt(ROWS, COLS, COLS, p->w, COLS, weights, COLS, p->dx, COLS, NULL);
    p->k->matmul_tn(COLS, COLS, ROWS, p->x, COLS, p->w, COLS, dweights, COLS, NULL);
    p->k->column_sum(ROWS, COLS, p->w, COLS, p->dgamma);
}

// Whether a ReLU is so near to its corner that the difference would straddle it.
static bool near_corner(struct problem *p, loss_fn loss) {
    const bool relu = p->relu;
    p->relu = false;
    loss(p);
    p->relu = relu;
    const double *before = loss == relu_loss ? p->x : p->y;
    for (size_t i = 0; i < SIZE; i++) {
        if (fabs(before[i]) < 1e-3)
            return true;
    }
    return false;
}

static void compare(struct problem *p, loss_fn loss, const char *what, double *at,
                    const double *gradient, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double kept = at[i];
        at[i] = kept + step;
        const double above = loss(p);
        at[i] = kept - step;
        const double difference = (above - loss(p)) / (2 * step);
        at[i] = kept;
        if (!(fabs(gradient[i] - difference) <= tolerance))
            fail_msg("%s, %s %zu: backward gives %.12g, the difference %.12g", p->k->isa, what, i,
                     gradient[i], difference);
    }
}

static void check(loss_fn loss, void (*gradients)(struct problem *), bool relu, bool affine) {
    size_t isas = 0;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        if (!nb_isa_usable(isa))
            continue;
        uint64_t seed = 1;
        struct problem p = make_problem(nb_isa_kernels_f64(isa), relu, seed);
        while (relu && near_corner(&p, loss))
            p = make_problem(nb_isa_kernels_f64(isa), relu, ++seed);
        gradients(&p);
        compare(&p, loss, "x", p.x, p.dx, SIZE);
        if (affine) {
            compare(&p, loss, "gamma", p.gamma, p.dgamma, COLS);
            compare(&p, loss, "beta", p.beta, p.dbeta, COLS);
        }
        isas++;
    }
    assert_true(isas > 0);
}

static void test_batchnorm(void **state) {
    (void)state;
    check(batchnorm_loss, batchnorm_gradients, false, true);
}

static void test_batchnorm_relu(void **state) {
    (void)state;
    check(batchnorm_loss, batchnorm_gradients, true, true);
}

static void test_layernorm(void **state) {
    (void)state;
    check(layernorm_loss, layernorm_gradients, false, true);
}

static void test_layernorm_relu(void **state) {
    (void)state;
    check(layernorm_loss, layernorm_gradients, true, true);
}

static void test_relu(void **state) {
    (void)state;
    check(relu_loss, relu_gradients, true, false);
}

static void test_softmax_xent(void **state) {
    (void)state;
    check(softmax_xent_loss, softmax_xent_gradients, false, false);
}

static void test_linear(void **state) {
    (void)state;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        if (!nb_isa_usable(isa))
            continue;
        struct problem p = make_problem(nb_isa_kernels_f64(isa), false, 1);
        for (size_t i = 0; i < COLS * COLS; i++)
            weights[i] = sin((double)i);
        linear_gradients(&p);
        compare(&p, linear_loss, "x", p.x, p.dx, SIZE);
        compare(&p, linear_loss, "weight", weights, dweights, COLS * COLS);
        compare(&p, linear_loss, "bias", p.gamma, p.dgamma, COLS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),       cmocka_unit_test(test_relu),
        cmocka_unit_test(test_batchnorm),    cmocka_unit_test(test_batchnorm_relu),
        cmocka_unit_test(test_layernorm),    cmocka_unit_test(test_layernorm_relu),
        cmocka_unit_test(test_softmax_xent),
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
