// SPDX-License-Identifier: MIT
// The tester is tested: each test puts one broken kernel into the scalar table, and the tester must
// find it and say why.
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"

typedef struct nb_epilogue_f32 epilogue;

static const struct nb_kernels_f32 *real_table(void) { return nb_isa_kernels_f32(NB_ISA_SCALAR); }

// Another order of lanes: the row from its first element to its last.
static void sum_in_order(size_t rows, size_t cols, const float *x, size_t ldx, float *sum) {
    for (size_t i = 0; i < rows; i++) {
        sum[i] = 0;
        for (size_t j = 0; j < cols; j++)
            sum[i] += x[i * ldx + j];
    }
}

// Blocks of rows that depend on how many columns this call was given.
static void sum_by_range(size_t rows, size_t cols, const float *x, size_t ldx, float *sum) {
    size_t block = cols < 24 ? NB_BLOCK_ROWS / 2 : NB_BLOCK_ROWS;
    for (size_t j = 0; j < cols; j++) {
        sum[j] = 0;
        for (size_t r0 = 0; r0 < rows; r0 += block) {
            float part = 0;
            for (size_t i = r0; i < rows && i < r0 + block; i++)
                part += x[i * ldx + j];
            sum[j] += part;
        }
    }
}

// A product and an addition where the source has an FMA.
static void triad_without_fma(size_t n, float *a, const float *b, const float *c, float s) {
    for (size_t i = 0; i < n; i++) {
        volatile float product = s * c[i];
        a[i] = b[i] + product;
    }
}

static void relu_from(size_t rows, size_t cols, const float *x, size_t ldx, float *y, size_t ldy) {
    real_table()->relu_forward(rows, cols, x, ldx, y, ldy);
}

static void tail_reads_past(size_t rows, size_t cols, const float *x, size_t ldx, float *y,
                            size_t ldy) {
    volatile float seen = rows > 0 && cols % 4 == 1 ? x[(rows - 1) * ldx + cols] : 0;
    (void)seen;
    relu_from(rows, cols, x, ldx, y, ldy);
}

static void reads_in_front(size_t rows, size_t cols, const float *x, size_t ldx, float *y,
                           size_t ldy) {
    volatile float seen = rows > 0 && cols > 0 ? *(x - 1) : 0;
    (void)seen;
    relu_from(rows, cols, x, ldx, y, ldy);
}

static void tail_writes_past(size_t rows, size_t cols, const float *x, size_t ldx, float *y,
                             size_t ldy) {
    relu_from(rows, cols, x, ldx, y, ldy);
    if (rows > 1 && ldy > cols)
        y[cols] = 0;
}

static void clears_first(size_t rows, size_t cols, const float *x, size_t ldx, float *y,
                         size_t ldy) {
    for (size_t i = 0; i < rows; i++)
        memset(y + i * ldy, 0, cols * sizeof *y);
    relu_from(rows, cols, x, ldx, y, ldy);
}

static void loses_nan(size_t rows, size_t cols, const float *x, size_t ldx, float *y, size_t ldy) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            y[i * ldy + j] = x[i * ldx + j] > 0 ? x[i * ldx + j] : 0;
}

static void changes_rounding(size_t rows, size_t cols, const float *x, size_t ldx, float *y,
                             size_t ldy) {
    relu_from(rows, cols, x, ldx, y, ldy);
    fesetround(FE_TOWARDZERO);
}

static void traps(size_t rows, size_t cols, const float *x, size_t ldx, float *y, size_t ldy) {
    if (cols == 17)
        __builtin_trap();
    relu_from(rows, cols, x, ldx, y, ldy);
}

static void divides(size_t rows, size_t cols, const float *x, size_t ldx, float *y, size_t ldy) {
    if (cols == 17)
        raise(SIGFPE);
    relu_from(rows, cols, x, ldx, y, ldy);
}

static void strays(size_t rows, size_t cols, const float *x, size_t ldx, float *y, size_t ldy) {
    if (cols == 17)
        raise(SIGBUS);
    relu_from(rows, cols, x, ldx, y, ldy);
}

static void changes_input(size_t rows, size_t cols, const float *y, size_t ldy, const float *dy,
                          size_t lddy, float *dx, size_t lddx) {
    real_table()->relu_backward(rows, cols, y, ldy, dy, lddy, dx, lddx);
    if (rows > 0 && cols > 0)
        *(float *)(uintptr_t)y = 7;
}

static void gives_nan(size_t rows, size_t cols, const float *x, size_t ldx, float *sum) {
    real_table()->row_sum(rows, cols, x, ldx, sum);
    if (rows == 33)
        sum[32] = strtof("nan", NULL);
}

static void misses_last_row(size_t rows, size_t cols, const float *x, size_t ldx, float *sum) {
    real_table()->row_sum(rows > 64 ? rows - 1 : rows, cols, x, ldx, sum);
}

// E[x^2] - E[x]^2
static void naive_moments(size_t rows, size_t cols, const float *x, size_t ldx, float *mean,
                          float *variance) {
    real_table()->row_moments(rows, cols, x, ldx, mean, variance);
    for (size_t i = 0; i < rows; i++) {
        float squares = 0;
        for (size_t j = 0; j < cols; j++)
            squares += x[i * ldx + j] * x[i * ldx + j];
        variance[i] = squares / (float)cols - mean[i] * mean[i];
    }
}

static void without_relu(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                         size_t ldb, float *c, size_t ldc, const epilogue *out) {
    epilogue less = out ? *out : (epilogue){0};
    less.relu = less.relu && m != 11;
    real_table()->matmul_nn(m, n, k, a, lda, b, ldb, c, ldc, &less);
}

// Two chains of a k-block each, added, instead of one chain through memory.
static void chain_restarts(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                           size_t ldb, float *c, size_t ldc, const epilogue *out) {
    real_table()->matmul_nn(m, n, k, a, lda, b, ldb, c, ldc, out);
    if (out || k < 2000)
        return;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            float half[2];
            real_table()->matmul_nn(1, 1, 1024, a + i * lda, lda, b + j, ldb, &half[0], 1, NULL);
            real_table()->matmul_nn(1, 1, k - 1024, a + i * lda + 1024, lda, b + 1024 * ldb + j,
                                    ldb, &half[1], 1, NULL);
            c[i * ldc + j] = half[0] + half[1];
        }
    }
}

static void reads_output(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                         size_t ldb, float *c, size_t ldc, const epilogue *out) {
    float first = m > 0 && n > 0 ? c[0] * 0 : 0;
    real_table()->matmul_nn(m, n, k, a, lda, b, ldb, c, ldc, out);
    if (m > 0 && n > 0)
        c[0] += first;
}

// The biased variance in running_var.
static void biased_running(size_t rows, size_t cols, const float *x, size_t ldx, const float *gamma,
                           const float *beta, float eps, float momentum, float *running_mean,
                           float *running_var, float *mean, float *rstd, float *y, size_t ldy) {
    for (size_t j = 0; j < cols; j++) {
        float biased, old = running_var[j];
        real_table()->column_moments(rows, 1, x + j, ldx, mean + j, &biased);
        real_table()->batchnorm_forward(rows, 1, x + j, ldx, gamma + j, beta + j, eps, momentum,
                                        running_mean + j, running_var + j, mean + j, rstd + j,
                                        y + j, ldy);
        running_var[j] = (1 - momentum) * old + momentum * biased;
    }
}

// Of the rows of a piece instead of all.
static void mean_of_piece(size_t rows, size_t cols, const float *x, size_t ldx, const float *gamma,
                          const float *beta, const float *mean, const float *rstd, const float *dy,
                          size_t lddy, const float *dgamma, const float *dbeta, size_t batch,
                          float *dx, size_t lddx, int relu) {
    (void)batch;
    real_table()->batchnorm_dx(rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta,
                               rows, dx, lddx, relu);
}

static void applies_without_relu(size_t rows, size_t cols, const float *x, size_t ldx,
                                 const float *gamma, const float *beta, const float *mean,
                                 const float *rstd, float *y, size_t ldy, int relu) {
    (void)relu;
    real_table()->batchnorm_apply(rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy, 0);
}

struct fault {
    const char *filter;  // of the check that must find it
    const char *finding; // what it must say
    void (*plant)(struct nb_kernels_f32 *table);
};

#define PLANT(name, kernel) \
    static void plant_##name(struct nb_kernels_f32 *table) { table->kernel = name; }
PLANT(sum_in_order, row_sum)
PLANT(sum_by_range, column_sum)
PLANT(triad_without_fma, peak_triad)
PLANT(tail_reads_past, relu_forward)
PLANT(reads_in_front, relu_forward)
PLANT(tail_writes_past, relu_forward)
PLANT(clears_first, relu_forward)
PLANT(loses_nan, relu_forward)
PLANT(changes_rounding, relu_forward)
PLANT(traps, relu_forward)
PLANT(divides, relu_forward)
PLANT(strays, relu_forward)
PLANT(changes_input, relu_backward)
PLANT(gives_nan, row_sum)
PLANT(misses_last_row, row_sum)
PLANT(naive_moments, row_moments)
PLANT(without_relu, matmul_nn)
PLANT(chain_restarts, matmul_nn)
PLANT(reads_output, matmul_nn)
PLANT(biased_running, batchnorm_forward)
PLANT(mean_of_piece, batchnorm_dx)
PLANT(applies_without_relu, batchnorm_apply)

static size_t run(const struct nb_kernels_f32 *table, const char *filter, char **text) {
    size_t size;
    FILE *out = open_memstream(text, &size);
    assert_non_null(out);
    struct nb_check_options options = {
        .seed = 1, .filter = filter, .command = "check", .out = out, .verbose = true};
    size_t failures = nb_check_table_f32(&options, table);
    fclose(out);
    return failures;
}

static void find(const struct fault *fault, struct nb_kernels_f32 *table) {
    fault->plant(table);
    char *text;
    assert_true(run(table, fault->filter, &text) > 0);
    if (!strstr(text, fault->finding))
        fail_msg("not found: %s\nin: %.2000s", fault->finding, text);
    free(text);
}

static void test_fault(void **state) {
    struct nb_kernels_f32 table = *real_table();
    find(*state, &table);
    // The other kernels are checked as before, and nothing else fails.
    char *text;
    assert_true(run(&table, "/optimizer", &text) == 0);
    free(text);
}

static void test_nothing_planted(void **state) {
    (void)state;
    char *text;
    assert_true(run(real_table(), "/r", &text) == 0);
    assert_non_null(strstr(text, "relu"));
    free(text);
}

static void test_unknown_filter(void **state) {
    (void)state;
    char *text;
    assert_true(run(real_table(), "no such kernel", &text) > 0);
    assert_non_null(strstr(text, "nothing was checked"));
    free(text);
}

// A table that is not exact: sums may be in any order, but what is wrong is found, by the bounds
// and the guards.
static struct nb_kernels_f32 inexact_table(void) {
    struct nb_kernels_f32 table = *real_table();
    table.isa = "autovec";
    table.lanes = 4;
    return table;
}

static void test_any_order(void **state) {
    (void)state;
    struct nb_kernels_f32 table = inexact_table();
    plant_sum_in_order(&table);
    plant_sum_by_range(&table);
    plant_triad_without_fma(&table);
    plant_chain_restarts(&table);
    static const char *const filters[] = {"/row_sum", "/column_sum", "/peak_triad", "/matmul_nn"};
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        char *text;
        if (run(&table, filters[i], &text) > 0)
            fail_msg("%.2000s", text);
        assert_non_null(strstr(text, " 0 elements to the bit"));
        free(text);
    }
}

static void test_inexact_fault(void **state) {
    struct nb_kernels_f32 table = inexact_table();
    find(*state, &table);
}

// A table that is not what its name says.
static void test_wrong_table(void **state) {
    (void)state;
    struct nb_kernels_f32 table = *real_table();
    table.lanes = 8;
    char *text;
    assert_true(run(&table, "/peak", &text) > 0);
    assert_non_null(strstr(text, "its table says"));
    free(text);
}

#define FAULT_IN(test, name, filter, finding)                                      \
    {                                                                              \
#        name, test, NULL, NULL, &(struct fault) { filter, finding, plant_##name } \
    }
#define FAULT(name, filter, finding) FAULT_IN(test_fault, name, filter, finding)
#define INEXACT_FAULT(name, filter, finding) FAULT_IN(test_inexact_fault, name, filter, finding)

int main(void) {
    const struct CMUnitTest tests[] = {
        FAULT(sum_in_order, "/row_sum", "packed: sum"),
        FAULT(sum_by_range, "/column_sum", "cut in its first extent: sum"),
        FAULT(triad_without_fma, "/peak_triad", "scalar has"),
        FAULT(tail_reads_past, "/relu_forward", "SIGSEGV: it touched what is behind x"),
        FAULT(reads_in_front, "/relu_forward", "SIGSEGV: it touched what is in front of x"),
        FAULT(tail_writes_past, "/relu_forward", "y was written to outside of its rows"),
        FAULT(clears_first, "/relu_forward", "in place: y"),
        FAULT(loses_nan, "/relu_forward", "NaN inputs, packed: y"),
        FAULT(changes_rounding, "/relu_forward", "rounding mode"),
        FAULT(traps, "/relu_forward", "crashed: SIGILL"),
        FAULT(divides, "/relu_forward", "crashed: SIGFPE"),
        FAULT(strays, "/relu_forward", "crashed: SIGBUS"),
        FAULT(changes_input, "/relu_backward", "y is an input and was changed"),
        FAULT(gives_nan, "/row_sum", "[0, 32] is nan"),
        FAULT(misses_last_row, "/row_sum", "was not written"),
        FAULT(naive_moments, "/row_moments", "mean 1e4, sd 1e-2 inputs, packed: variance"),
        FAULT(without_relu, "/matmul_nn", "bias + relu, packed: c"),
        FAULT(chain_restarts, "/matmul_nn", "the textbook has"),
        FAULT(reads_output, "/matmul_nn", "was made from what may not be read"),
        FAULT(biased_running, "/batchnorm_forward", "running_var"),
        FAULT(mean_of_piece, "/batchnorm_dx", "cut in its second extent: dx"),
        FAULT(mean_of_piece, "/batchnorm_backward", "in steps: dx"),
        FAULT(applies_without_relu, "/batchnorm_relu_forward", "in steps: y"),
        cmocka_unit_test(test_any_order),
        INEXACT_FAULT(tail_reads_past, "/relu_forward", "SIGSEGV: it touched what is behind x"),
        INEXACT_FAULT(clears_first, "/relu_forward", "in place: y"),
        INEXACT_FAULT(loses_nan, "/relu_forward", "NaN inputs, packed: y"),
        INEXACT_FAULT(misses_last_row, "/row_sum", "was not written"),
        INEXACT_FAULT(naive_moments, "/row_moments", "mean 1e4, sd 1e-2 inputs, packed: variance"),
        INEXACT_FAULT(without_relu, "/matmul_nn", "bias + relu, packed: c"),
        INEXACT_FAULT(biased_running, "/batchnorm_forward", "running_var"),
        cmocka_unit_test(test_nothing_planted),
        cmocka_unit_test(test_unknown_filter),
        cmocka_unit_test(test_wrong_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
