// SPDX-License-Identifier: MIT
// Sums and moments of data that hold an infinity, as kernels/kernel_list.h promises them: on every
// ISA, wherever the infinity is, and without harm to the rows and columns beside it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "kernels/kernels.h"

enum { ROWS = 70, COLS = 70 }; // more than a block of rows and than the lanes of a row

// x (ROWS, COLS) is 1 but for its element (at, at); results (ROWS) or (COLS).
#define CHECK_MOMENTS(bits, real)                                                             \
    static void check_f##bits(enum nb_isa isa, size_t at, real infinity) {                    \
        const struct nb_kernels_f##bits *table = nb_isa_kernels_f##bits(isa);                 \
        static real x[ROWS * COLS], sum[ROWS], mean[ROWS], variance[ROWS];                    \
        for (size_t i = 0; i < ROWS * COLS; i++)                                              \
            x[i] = 1;                                                                         \
        x[at * COLS + at] = infinity;                                                         \
        for (int columns = 0; columns < 2; columns++) {                                       \
            (columns ? table->column_sum : table->row_sum)(ROWS, COLS, x, COLS, sum);         \
            (columns ? table->column_moments : table->row_moments)(ROWS, COLS, x, COLS, mean, \
                                                                   variance);                 \
            for (size_t i = 0; i < ROWS; i++) {                                               \
                assert_true(sum[i] == (i == at ? infinity : ROWS));                           \
                assert_true(i == at ? isnan(mean[i]) : mean[i] == 1);                         \
                assert_true(i == at ? isnan(variance[i]) : variance[i] == 0);                 \
            }                                                                                 \
        }                                                                                     \
    }
CHECK_MOMENTS(32, float)
CHECK_MOMENTS(64, double)

static void an_infinity_makes_moments_nan(void **state) {
    (void)state;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        for (size_t at = 0; at < ROWS && nb_isa_usable(isa); at++)
            for (int sign = -1; sign <= 1; sign += 2) {
                check_f32(isa, at, (float)sign * INFINITY);
                check_f64(isa, at, sign * (double)INFINITY);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_infinity_makes_moments_nan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
