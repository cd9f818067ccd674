// SPDX-License-Identifier: MIT
// c in panels, and b in panels, too: the same bits as matrices, with every epilogue, and nothing
// else is written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "src/random.h"

enum { MOST_M = 61, MOST_N = 200, MOST_K = 40, PANELS = 4 };

static const struct shape {
    size_t m, n, k;
} shapes[] = {{1, 200, 3},  {2, 65, 40},  {5, 64, 7},   {61, 130, 40},
              {30, 10, 33}, {13, 199, 0}, {17, 199, 9}, {19, 130, 4}};

// c (m, n) in panels of NB_PANEL columns with one unused row between them, against c (m, n). The
// rows hold more than they need, which must stay as it is.
#define CHECK_PANELS(bits, real)                                                                   \
    static real a##bits[MOST_K * MOST_M], b##bits[MOST_K * MOST_N], bias##bits[MOST_N];            \
    static void check_f##bits(enum nb_isa isa, const struct shape *s, size_t mode) {               \
        const size_t width = NB_PANEL(real), stride = (s->m + 1) * width;                          \
        static real plain[MOST_M * MOST_N], start[(MOST_M + 1) * 64 * PANELS * 2];                 \
        static real got[(MOST_M + 1) * 64 * PANELS * 2], want[(MOST_M + 1) * 64 * PANELS * 2];     \
        const struct nb_epilogue_f##bits modes[] = {                                               \
            {0},                                                                                   \
            {.accumulate = true},                                                                  \
            {.bias = bias##bits, .relu = true},                                                    \
            {.sgd = true, .lr = (real)0.1},                                                        \
            {.sgd = true, .lr = (real)0.1, .weight_decay = (real)0.01},                            \
        };                                                                                         \
        struct nb_epilogue_f##bits out = modes[mode];                                              \
        const struct nb_kernels_f##bits *k = nb_isa_kernels_f##bits(isa);                          \
        for (size_t i = 0; i < sizeof start / sizeof *start; i++)                                  \
            start[i] = (real)(i % 17) / 16 - (real)0.5;                                            \
        memcpy(got, start, sizeof got);                                                            \
        memcpy(want, start, sizeof want);                                                          \
        for (size_t i = 0; i < s->m; i++)                                                          \
            for (size_t j = 0; j < s->n; j++)                                                      \
                plain[i * s->n + j] = start[j / width * stride + i * width + j % width];           \
        k->matmul_tn(s->m, s->n, s->k, a##bits, s->m, b##bits, s->n, plain, s->n, &out);           \
        for (size_t i = 0; i < s->m; i++)                                                          \
            for (size_t j = 0; j < s->n; j++)                                                      \
                want[j / width * stride + i * width + j % width] = plain[i * s->n + j];            \
        out.panel_stride = stride;                                                                 \
        k->matmul_tn(s->m, s->n, s->k, a##bits, s->m, b##bits, s->n, got, width, &out);            \
        if (memcmp(got, want, sizeof got) != 0)                                                    \
            fail_msg("%s f" #bits " %zux%zux%zu, epilogue %zu: panels differ", k->isa, s->m, s->n, \
                     s->k, mode);                                                                  \
        static real turned[MOST_M * MOST_K], b[PANELS * 2 * (MOST_K + 1) * 64]; /* of tn's a, b */ \
        const size_t b_stride = (s->k + 1) * width;                                                \
        for (size_t i = 0; i < sizeof b / sizeof *b; i++)                                          \
            b[i] = (real)NAN;                                                                      \
        for (size_t l = 0; l < s->k; l++) {                                                        \
            for (size_t i = 0; i < s->m; i++)                                                      \
                turned[i * s->k + l] = a##bits[l * s->m + i];                                      \
            for (size_t j = 0; j < s->n; j++)                                                      \
                b[j / width * b_stride + l * width + j % width] = b##bits[l * s->n + j];           \
        }                                                                                          \
        memcpy(got, start, sizeof got);                                                            \
        k->matmul_nn_panels(s->m, s->n, s->k, turned, s->k, b, b_stride, got, width, &out);        \
        if (memcmp(got, want, sizeof got) != 0)                                                    \
            fail_msg("%s f" #bits " %zux%zux%zu, epilogue %zu: with b in panels, too, they "       \
                     "differ",                                                                     \
                     k->isa, s->m, s->n, s->k, mode);                                              \
    }
CHECK_PANELS(32, float)
CHECK_PANELS(64, double)

// More rows, columns and k than blocks have, few rows, and as many as are swapped.
static const struct shape large[] = {{250, 509, 522},  {251, 301, 700}, {64, 1030, 530},
                                     {130, 700, 1100}, {5, 400, 300},   {33, 90, 1000},
                                     {16, 300, 65},    {300, 40, 64}};

// x (rows, cols), its columns in panels, each with one unused row; NaN where nothing of x is.
#define IN_PANELS(bits, real)                                                                 \
    static real *in_panels_f##bits(size_t rows, size_t cols, const real *x, size_t *stride) { \
        const size_t width = NB_PANEL(real),                                                  \
                     size = (cols + width - 1) / width * (rows + 1) * width;                  \
        real *panels = malloc(size * sizeof *panels);                                         \
        assert_non_null(panels);                                                              \
        *stride = (rows + 1) * width;                                                         \
        for (size_t i = 0; i < size; i++)                                                     \
            panels[i] = (real)NAN;                                                            \
        for (size_t i = 0; i < rows; i++)                                                     \
            for (size_t j = 0; j < cols; j++)                                                 \
                panels[j / width * *stride + i * width + j % width] = x[i * cols + j];        \
        return panels;                                                                        \
    }

// b (k, n), or (n, k) transposed, in panels and as a matrix: the same c (m, n).
#define CHECK_RIGHT_PANELS(bits, real)                                                             \
    static void check_right_f##bits(enum nb_isa isa, const struct shape *s, bool transposed) {     \
        const size_t m = s->m, n = s->n, k = s->k;                                                 \
        const struct nb_kernels_f##bits *t = nb_isa_kernels_f##bits(isa);                          \
        real *a = malloc(m * k * sizeof *a), *b = malloc(k * n * sizeof *b), *bias = b;            \
        real *want = malloc(m * n * sizeof *want), *got = malloc(m * n * sizeof *got);             \
        size_t stride;                                                                             \
        struct nb_random random;                                                                   \
        assert_true(a != NULL && b != NULL && want != NULL && got != NULL);                        \
        nb_random_seed(&random, bits);                                                             \
        for (size_t i = 0; i < m * k; i++)                                                         \
            a[i] = nb_random_uniform(&random, 1);                                                  \
        for (size_t i = 0; i < k * n; i++)                                                         \
            b[i] = nb_random_uniform(&random, 1);                                                  \
        real *panels = in_panels_f##bits(transposed ? n : k, transposed ? k : n, b, &stride);      \
        const struct nb_epilogue_f##bits outs[] = {                                                \
            {0},                                                                                   \
            {.accumulate = true, .bias = bias, .relu = true},                                      \
            {.sgd = true, .lr = (real)0.1}};                                                       \
        for (size_t mode = 0; mode < 3; mode++) {                                                  \
            for (size_t i = 0; i < m * n; i++)                                                     \
                want[i] = got[i] = (real)(i % 17) / 16;                                            \
            const struct nb_epilogue_f##bits *out = mode > 0 ? &outs[mode] : NULL;                 \
            (transposed ? t->matmul_nt : t->matmul_nn)(m, n, k, a, k, b, transposed ? k : n, want, \
                                                       n, out);                                    \
            (transposed ? t->matmul_nt_panels : t->matmul_nn_panels)(m, n, k, a, k, panels,        \
                                                                     stride, got, n, out);         \
            if (memcmp(got, want, m * n * sizeof *got) != 0)                                       \
                fail_msg("%s f" #bits " %s %zux%zux%zu, epilogue %zu: panels differ", t->isa,      \
                         transposed ? "nt" : "nn", m, n, k, mode);                                 \
        }                                                                                          \
        free(a), free(b), free(panels), free(want), free(got);                                     \
    }
IN_PANELS(32, float)
IN_PANELS(64, double)
CHECK_RIGHT_PANELS(32, float)
CHECK_RIGHT_PANELS(64, double)

static void panels_hold_what_a_matrix_holds(void **state) {
    (void)state;
    struct nb_random random;
    nb_random_seed(&random, 1);
    for (size_t i = 0; i < MOST_K * MOST_M; i++)
        a64[i] = a32[i] = nb_random_uniform(&random, 1);
    for (size_t i = 0; i < MOST_K * MOST_N; i++)
        b64[i] = b32[i] = nb_random_uniform(&random, 1);
    for (size_t i = 0; i < MOST_N; i++)
        bias64[i] = bias32[i] = nb_random_uniform(&random, 1);
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        for (size_t s = 0; nb_isa_usable(isa) && s < sizeof shapes / sizeof *shapes; s++) {
            for (size_t mode = 0; mode < 5; mode++) {
                check_f32(isa, &shapes[s], mode);
                check_f64(isa, &shapes[s], mode);
            }
        }
    }
}

static void large_right_factors_in_panels(void **state) {
    (void)state;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        for (size_t s = 0;
             nb_isa_exact(isa) && nb_isa_usable(isa) && s < sizeof large / sizeof *large; s++) {
            for (int transposed = 0; transposed < 2; transposed++) {
                check_right_f32(isa, &large[s], transposed);
                check_right_f64(isa, &large[s], transposed);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(panels_hold_what_a_matrix_holds),
                                       cmocka_unit_test(large_right_factors_in_panels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
