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
enum { MOST_LD = 1016, SIZE = ROWS * MOST_LD + LINE, SMALL = 2 * BLOCKS * MOST_LD, FEW = 125 };

static const char *const ops[] = {
    "layernorm_forward", "layernorm_relu_forward", "layernorm_backward", "layernorm_relu_backward",
    "batchnorm_forward", "batchnorm_relu_forward", "batchnorm_backward", "batchnorm_relu_backward",
    "batchnorm_infer",   "batchnorm_relu_infer",   "relu_forward",       "relu_backward",
    "column_sum",        "column_moments",         "peak_copy",          "peak_triad",
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
        case 12: /* of few columns, too, whose sums registers hold: from L3, and from memory */    \
            k->column_sum(ROWS, n, x, ld, small);                                                  \
            k->column_sum(4 * ROWS, FEW, x, FEW, small + n);                                       \
            k->column_sum(8 * ROWS, FEW, x, FEW, small + n + FEW);                                 \
            break;                                                                                 \
        case 13:                                                                                   \
            k->column_moments(ROWS, n, x, ld, mean, rstd);                                         \
            k->column_moments(4 * ROWS, FEW, x, FEW, run, run + FEW);                              \
            k->column_moments(8 * ROWS, FEW, x, FEW, var, var + FEW);                              \
            break;                                                                                 \
        case 14: k->peak_copy(ROWS * n + 3, y, l->x); break;                                       \
        case 15: k->peak_triad(ROWS * n + 3, y, l->x, l->dy, (real)0.5); break;                    \
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

// The forms of a product, each with another epilogue where there is one for each.
enum { NN, NT, TN, FORMS };

// c (m, n), with what follows a product, and a gap after each row of b and c. The scalar kernels
// get few rows at a time, so that no block of rows finds what another one has left.
#define CHECK_PRODUCT(bits, real)                                                                  \
    static void check_product_f##bits(size_t m, size_t n, size_t k, int form,                      \
                                      const struct nb_epilogue_f##bits *out) {                     \
        enum { GAP = 5, PIECE = 100 };                                                             \
        const size_t rows = form == NT ? n : k, lda = form == TN ? m : k, ldc = n + GAP;           \
        const size_t ldb = (form == NT ? k : n) + GAP, size = rows * ldb - GAP;                    \
        real *a = malloc(m * k * sizeof *a), *b = malloc(size * sizeof *b);                        \
        real *want = malloc(m * ldc * sizeof *want), *got = malloc(m * ldc * sizeof *got);         \
        struct nb_random random;                                                                   \
        assert_true(a != NULL && b != NULL && want != NULL && got != NULL);                        \
        nb_random_seed(&random, bits);                                                             \
        for (size_t i = 0; i < m * k; i++)                                                         \
            a[i] = nb_random_uniform(&random, 1);                                                  \
        for (size_t i = 0; i < size; i++)                                                          \
            b[i] = nb_random_uniform(&random, 1);                                                  \
        for (int isa = 0; isa < NB_ISA_COUNT; isa++) {                                             \
            const struct nb_kernels_f##bits *t = nb_isa_kernels_f##bits((enum nb_isa)isa);         \
            if (t == NULL || !nb_isa_exact((enum nb_isa)isa))                                      \
                continue;                                                                          \
            const bool first = isa == NB_ISA_SCALAR;                                               \
            real *c = first ? want : got;                                                          \
            for (size_t i = 0; i < m * ldc; i++)                                                   \
                c[i] = (real)(i % 17) / 16;                                                        \
            for (size_t i = 0, piece = first ? PIECE : m; i < m; i += piece)                       \
                (form == NN ? t->matmul_nn : form == NT ? t->matmul_nt : t->matmul_tn)(            \
                    m - i < piece ? m - i : piece, n, k, form == TN ? a + i : a + i * k, lda, b,   \
                    ldb, c + i * ldc, ldc, out);                                                   \
            if (!first && memcmp(got, want, m * ldc * sizeof *got) != 0)                           \
                fail_msg("%s f" #bits " product %d of %zux%zux%zu: other bits", t->isa, form, m,   \
                         n, k);                                                                    \
        }                                                                                          \
        free(a), free(b), free(want), free(got);                                                   \
    }                                                                                              \
    static void products_f##bits(void) {                                                           \
        static const size_t sizes[][3] = {                                                         \
            {25, 701, 300}, {13, 1030, 530}, {12, 257, 1100}, {1, 2059, 83}};                      \
        real bias[9001];                                                                           \
        for (size_t j = 0; j < sizeof bias / sizeof *bias; j++)                                    \
            bias[j] = (real)j / 1000;                                                              \
        const struct nb_epilogue_f##bits outs[FORMS] = {                                           \
            {.sgd = true, .lr = (real)0.1}, {.accumulate = true}, {.bias = bias, .relu = true}};   \
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)                                  \
            for (size_t o = 0; o < FORMS; o++)                                                     \
                for (int form = NN; form < FORMS; form += TN - NN)                                 \
                    check_product_f##bits(sizes[i][0], sizes[i][1], sizes[i][2], form, &outs[o]);  \
        /* Rows for two blocks, which share the panels of b: of a MiB and more. */                 \
        for (int form = NN; form < FORMS; form++)                                                  \
            check_product_f##bits(250, 509, 16700 / bits, form, &outs[form]);                      \
        /* Less of b, of two blocks of k, kept of all k where there is room. */                    \
        for (int form = NN; form < FORMS; form++)                                                  \
            check_product_f##bits(250, 301, 18000 / bits, form, &outs[NT]);                        \
        /* The same of flat tiles, whose panels are wider. */                                      \
        for (int form = NN; form < FORMS; form += TN - NN)                                         \
            check_product_f##bits(250, 288032 / bits, 31, form, &outs[form]);                      \
        /* Columns for two blocks, of several groups of panels, and k for two; ten columns of many    \
           MiB. */                                                                                 \
        for (size_t o = 0; o < FORMS; o++) {                                                       \
            for (int form = NN; form < FORMS; form += TN - NN)                                     \
                check_product_f##bits(98, 701, 25000 / bits, form, &outs[o]);                      \
            check_product_f##bits(1093, 10, 48000 / bits, TN, &outs[o]);                           \
        }                                                                                          \
        /* Rows of b that are whole pages apart, and k for two blocks of which one is kept. */     \
        for (size_t o = 0; o < FORMS; o++)                                                         \
            for (int form = NN; form < FORMS; form += TN - NN)                                     \
                check_product_f##bits(251, 1019, 25000 / bits, form, &outs[o]);                    \
        /* Of few k, and c that is only written: a few rows at a time, and nt in two parts. */     \
        for (int form = NN; form < FORMS; form++)                                                  \
            check_product_f##bits(703, 3999, 10, form, &outs[TN]);                                 \
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
