// SPDX-License-Identifier: MIT
// Matrices that no cache holds, which kernels walk and write in ways of their own, and products of
// such: the same bits as the scalar kernels give, and nothing else is written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kernels/contract.h"
#include "kernels/kernels.h"
#include "src/random.h"

enum { ROWS = 3300, BLOCKS = NB_BLOCKS(ROWS), LINE = 64 };

// y begins `shift` elements after the start of a line; 1: its stores cannot go past the caches.
static const struct shape {
    size_t cols, ld, shift;
} shapes[] = {{1000, 1000, 0}, {1001, 1016, 0}, {1010, 1016, 0}, {1000, 1000, 1}};
enum { MOST_LD = 1016, SIZE = ROWS * MOST_LD + LINE, SMALL = 2 * BLOCKS * MOST_LD };

static const char *const ops[] = {
    "layernorm_forward",  "layernorm_relu_forward",
    "layernorm_backward", "layernorm_relu_backward",
    "batchnorm_forward",  "batchnorm_relu_forward",
    "batchnorm_backward", "batchnorm_relu_backward",
    "batchnorm_infer",    "batchnorm_relu_infer",
    "relu_forward",       "relu_backward",
    "peak_copy",          "peak_triad",
    "peak_write",
};
enum { OPS = sizeof ops / sizeof *ops };

// clang-format off
// x, dy (ROWS, ld); y as they; small: every other output, one after another. In place: y is x of a
// forward pass, and dy of a backward one.
#define CHECK_LARGE(bits, real)                                                                    \
    struct large_f##bits {                                                                         \
        real x[SIZE], dy[SIZE], got[SIZE], want[SIZE];                                             \
        real got_small[SMALL], want_small[SMALL], gamma[MOST_LD], beta[MOST_LD];                   \
    };                                                                                             \
    static void call_f##bits(const struct nb_kernels_f##bits *k, size_t op, const struct shape *s, \
                             const struct large_f##bits *l, const real *x, const real *dy,         \
                             real *y, real *small) {                                               \
        const size_t n = s->cols, ld = s->ld, most = ROWS; /* statistics of rows, or columns */    \
        const real *g = l->gamma, *b = l->beta, eps = (real)1e-5, momentum = (real)0.1;            \
        real *mean = small, *rstd = mean + most, *run = rstd + most, *var = run + most;            \
        real *dg = small, *db = dg + BLOCKS * n;                                                   \
        const real *m = l->beta, *r = l->gamma; /* any numbers do for given statistics */          \
        switch (op) {                                                                              \
        case 0: k->layernorm_forward(ROWS, n, x, ld, g, b, eps, mean, rstd, y, ld); break;         \
        case 1: k->layernorm_relu_forward(ROWS, n, x, ld, g, b, eps, mean, rstd, y, ld); break;    \
        case 2:                                                                                    \
            k->layernorm_backward(ROWS, n, x, ld, g, b, l->x, l->dy, dy, ld, y, ld, dg, db);       \
            break;                                                                                 \
        case 3:                                                                                    \
            k->layernorm_relu_backward(ROWS, n, x, ld, g, b, l->x, l->dy, dy, ld, y, ld, dg, db);  \
            break;                                                                                 \
        case 4:                                                                                    \
            k->batchnorm_forward(ROWS, n, x, ld, g, b, eps, momentum, run, var, mean, rstd, y,     \
                                 ld);                                                              \
            break;                                                                                 \
        case 5:                                                                                    \
            k->batchnorm_relu_forward(ROWS, n, x, ld, g, b, eps, momentum, run, var, mean, rstd,   \
                                      y, ld);                                                      \
            break;                                                                                 \
        case 6: k->batchnorm_backward(ROWS, n, x, ld, g, b, m, r, dy, ld, y, ld, dg, db); break;   \
        case 7:                                                                                    \
            k->batchnorm_relu_backward(ROWS, n, x, ld, g, b, m, r, dy, ld, y, ld, dg, db);         \
            break;                                                                                 \
        case 8: k->batchnorm_infer(ROWS, n, x, ld, g, b, eps, m, r, y, ld); break;                 \
        case 9: k->batchnorm_relu_infer(ROWS, n, x, ld, g, b, eps, m, r, y, ld); break;            \
        case 10: k->relu_forward(ROWS, n, x, ld, y, ld); break;                                    \
        case 11: k->relu_backward(ROWS, n, x, ld, dy, ld, y, ld); break;                           \
        case 12: k->peak_copy(ROWS * n + 3, y, l->x); break;                                       \
        case 13: k->peak_triad(ROWS * n + 3, y, l->x, l->dy, (real)0.5); break;                    \
        default: k->peak_write(ROWS * n + 3, y, (real)0.5); break;                                 \
        }                                                                                          \
    }                                                                                              \
    static void check_f##bits(struct large_f##bits *l, const struct shape *s, size_t op,           \
                              bool in_place) {                                                     \
        const bool backward = strstr(ops[op], "backward") != NULL;                                 \
        for (int isa = 0; isa < NB_ISA_COUNT; isa++) {                                             \
            const struct nb_kernels_f##bits *k = nb_isa_kernels_f##bits((enum nb_isa)isa);         \
            if (k == NULL || !nb_isa_exact((enum nb_isa)isa))                                      \
                continue;                                                                          \
            const bool first = isa == NB_ISA_SCALAR;                                               \
            real *all = first ? l->want : l->got, *y = all + s->shift;                             \
            real *small = first ? l->want_small : l->got_small;                                    \
            memcpy(all, l->dy, sizeof l->got);                                                     \
            memset(small, 0, sizeof l->got_small);                                                 \
            if (in_place)                                                                          \
                memcpy(y, backward ? l->dy : l->x, ROWS * s->ld * sizeof *y);                      \
            call_f##bits(k, op, s, l, in_place && !backward ? y : l->x,                            \
                         in_place && backward ? y : l->dy, y, small);                              \
            if (!first && (memcmp(l->got, l->want, sizeof l->got) != 0 ||                          \
                           memcmp(l->got_small, l->want_small, sizeof l->got_small) != 0))         \
                fail_msg("%s f" #bits " %s, %d x %zu, ld %zu, shift %zu%s: other bits", k->isa,    \
                         ops[op], ROWS, s->cols, s->ld, s->shift, in_place ? ", in place" : "");   \
        }                                                                                          \
    }                                                                                              \
    static void walk_f##bits(void) {                                                               \
        struct large_f##bits *l = aligned_alloc(LINE, (sizeof *l + LINE - 1) / LINE * LINE);       \
        struct nb_random random;                                                                   \
        assert_non_null(l);                                                                        \
        nb_random_seed(&random, bits);                                                             \
        for (size_t i = 0; i < SIZE; i++) {                                                        \
            l->x[i] = nb_random_uniform(&random, 1);                                               \
            l->dy[i] = nb_random_uniform(&random, 1);                                              \
        }                                                                                          \
        for (size_t j = 0; j < MOST_LD; j++) {                                                     \
            l->gamma[j] = 1 + l->x[j] / 2;                                                         \
            l->beta[j] = l->dy[j];                                                                 \
        }                                                                                          \
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {                              \
            for (size_t op = 0; op < OPS; op++) {                                                  \
                check_f##bits(l, &shapes[s], op, false);                                           \
                if (s == 0 && strncmp(ops[op], "peak", 4) != 0)                                    \
                    check_f##bits(l, &shapes[s], op, true);                                        \
            }                                                                                      \
        }                                                                                          \
        free(l);                                                                                   \
    }

// c (m, n) of nn and tn, with what follows a product, and a gap after each row of b and c.
#define CHECK_PRODUCT(bits, real)                                                                  \
    static void check_product_f##bits(size_t m, size_t n, size_t k, bool tn) {                     \
        enum { GAP = 5 };                                                                          \
        const size_t ld = n + GAP;                                                                 \
        real *a = malloc(m * k * sizeof *a), *b = malloc((k * ld - GAP) * sizeof *b);              \
        real *want = malloc(m * ld * sizeof *want), *got = malloc(m * ld * sizeof *got);           \
        real *bias = malloc(n * sizeof *bias);                                                     \
        struct nb_random random;                                                                   \
        assert_true(a != NULL && b != NULL && want != NULL && got != NULL && bias != NULL);        \
        nb_random_seed(&random, bits);                                                             \
        for (size_t i = 0; i < m * k; i++)                                                         \
            a[i] = nb_random_uniform(&random, 1);                                                  \
        for (size_t i = 0; i < k * ld - GAP; i++)                                                  \
            b[i] = nb_random_uniform(&random, 1);                                                  \
        for (size_t j = 0; j < n; j++)                                                             \
            bias[j] = nb_random_uniform(&random, 1);                                               \
        const struct nb_epilogue_f##bits outs[] = {                                                \
            {.bias = bias, .relu = true}, {.accumulate = true}, {.sgd = true, .lr = (real)0.1}};   \
        for (size_t o = 0; o < sizeof outs / sizeof *outs; o++) {                                  \
            for (int isa = 0; isa < NB_ISA_COUNT; isa++) {                                         \
                const struct nb_kernels_f##bits *t = nb_isa_kernels_f##bits((enum nb_isa)isa);     \
                if (t == NULL || !nb_isa_exact((enum nb_isa)isa))                                  \
                    continue;                                                                      \
                real *c = isa == NB_ISA_SCALAR ? want : got;                                       \
                for (size_t i = 0; i < m * ld; i++)                                                \
                    c[i] = (real)(i % 17) / 16;                                                    \
                (tn ? t->matmul_tn : t->matmul_nn)(m, n, k, a, tn ? m : k, b, ld, c, ld, &outs[o]);\
                if (c == got && memcmp(got, want, m * ld * sizeof *got) != 0)                      \
                    fail_msg("%s f" #bits " matmul_%s %zux%zux%zu, epilogue %zu: other bits",      \
                             t->isa, tn ? "tn" : "nn", m, n, k, o);                                \
            }                                                                                      \
        }                                                                                          \
        free(a), free(b), free(want), free(got), free(bias);                                       \
    }                                                                                              \
    static void products_f##bits(void) {                                                           \
        static const size_t sizes[][3] = {{25, 701, 300}, {13, 1030, 530}, {12, 257, 1100}};       \
        for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++)                              \
            check_product_f##bits(sizes[i / 2][0], sizes[i / 2][1], sizes[i / 2][2], i % 2 == 1);  \
    }

CHECK_LARGE(32, float)
CHECK_LARGE(64, double)
CHECK_PRODUCT(32, float)
CHECK_PRODUCT(64, double)
// clang-format on

static void single_precision(void **state) {
    (void)state;
    walk_f32();
}

static void double_precision(void **state) {
    (void)state;
    walk_f64();
}

static void products(void **state) {
    (void)state;
    products_f32();
    products_f64();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_precision),
        cmocka_unit_test(double_precision),
        cmocka_unit_test(products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
