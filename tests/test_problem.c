// SPDX-License-Identifier: MIT
// Descriptors of problems: what they expand to, what is refused, and the costs by the formulas.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bench/problem.h"

// The problems of `text` as text again, with spaces between; the message when it is refused.
static const char *expand(const char *text) {
    static char all[8192];
    struct nb_error error = {0};
    struct nb_problems problems = {0};
    *all = '\0';
    if (nb_problems_parse(&problems, text, &error) != NB_OK) {
        assert_int_equal(error.code, NB_USAGE);
        assert_int_equal(problems.count, 0);
        snprintf(all, sizeof all, "%s", error.text);
    }
    for (size_t i = 0; i < problems.count; i++) {
        char one[NB_PROBLEM_TEXT];
        nb_problem_text(&problems.all[i], one);
        if (i > 0)
            strcat(all, " ");
        strcat(all, one);
    }
    nb_problems_free(&problems);
    return all;
}

static void test_one(void **state) {
    (void)state;
    const char *const texts[] = {"matmul_nt:128x256x784", "layernorm_backward:128x256",
                                 "sgd_step:200704", "softmax_xent:1x10", "sgd_step:1099511627776"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(expand(texts[i]), texts[i]);
    assert_string_equal(expand(""), "");
}

static void test_sizes(void **state) {
    (void)state;
    struct nb_error error;
    struct nb_problems problems = {0};
    assert_int_equal(
        nb_problems_parse(&problems, "matmul_tn:2x3x5 row_sum:7x11 sgd_step:13", &error), NB_OK);
    const struct nb_sizes wanted[] = {{2, 3, 5}, {7, 11, 1}, {1, 13, 1}};
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(&problems.all[i].sizes, &wanted[i], sizeof *wanted);
    nb_problems_free(&problems);
}

static void test_lists_and_ranges(void **state) {
    (void)state;
    assert_string_equal(expand("sgd_step:4..40*2"),
                        "sgd_step:4 sgd_step:8 sgd_step:16 sgd_step:32");
    assert_string_equal(expand("sgd_step:4..6,1,9..9"),
                        "sgd_step:4 sgd_step:5 sgd_step:6 sgd_step:1 sgd_step:9");
    assert_string_equal(expand("row_sum:1,2x3,4"),
                        "row_sum:1x3 row_sum:1x4 row_sum:2x3 row_sum:2x4");
    assert_string_equal(expand("  row_sum:1x1\n row_sum:1,2x1\t"), "row_sum:1x1 row_sum:2x1");
    assert_string_equal(expand("sgd_step:1..1099511627776*1099511627776"),
                        "sgd_step:1 sgd_step:1099511627776");
}

static void test_patterns(void **state) {
    (void)state;
    assert_string_equal(expand("*_sum:2x3"), "row_sum:2x3 column_sum:2x3 block_sum:2x3");
    assert_string_equal(expand("matmul_?n:1x2x3"), "matmul_nn:1x2x3 matmul_tn:1x2x3");
    // A pattern means the kernels of that shape: peak_read is not a vector.
    assert_string_equal(expand("peak_r*:8x9"), "peak_read:8x9");
    assert_null(strstr(expand("peak_*:8"), "peak_read"));
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *why;
    } refused[] = {
        {"row_sum", "the sizes are missing"},
        {"row_sum:", "a size is a number"},
        {"row_sum:2", "wrong number of sizes"},
        {"row_sum:2x3x4", "wrong number of sizes"},
        {"matmul_nn:1x2x3x4", "more than three sizes"},
        {"sgd_step:2x", "a size is a number"},
        {"sgd_step:0", "a size is a number"},
        {"sgd_step:-1", "a size is a number"},
        {"sgd_step:+1", "a size is a number"},
        {"sgd_step:1.5", "a size is a number"},
        {"sgd_step:0x10", "a size is a number"},
        {"sgd_step:1099511627777", "a size is a number"},
        {"sgd_step:99999999999999999999999", "a size is a number"},
        {"sgd_step:1,,2", "a size is a number"},
        {"sgd_step:1,", "a size is a number"},
        {"sgd_step:1..", "a size is a number"},
        {"sgd_step:..2", "a size is a number"},
        {"sgd_step:1..2..3", "a size is a number"},
        {"sgd_step:1..2*", "a size is a number"},
        {"sgd_step:1..8*2*2", "a size is a number"},
        {"sgd_step:4*2", "a size is a number"},
        {"sgd_step:9..8", "upwards"},
        {"sgd_step:1..8*1", "factor"},
        {"sgd_step:1..1000", "more than 256 values"},
        {"row_sum:1..200x1..200", "more than 10000 problems"},
        {"layernorm_foward:2x3", "did you mean layernorm_forward?"},
        {"nothing_like_it:2x3", "unknown kernel 'nothing_like_it'"},
        {":2x3", "unknown kernel ''"},
        {"batchnorm_forward:1x3", "at least 2 rows"},
        {"row_sum:2x3 row_sum:2", "'row_sum:2'"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strstr(expand(refused[i].text), refused[i].why) == NULL)
            fail_msg("%s: %s", refused[i].text, expand(refused[i].text));
    char word[300];
    memset(word, 'a', sizeof word);
    strcpy(word + 200, ":1x1");
    assert_non_null(strstr(expand(word), "too long"));
}

static void test_refusal_adds_nothing(void **state) {
    (void)state;
    struct nb_error error;
    struct nb_problems problems = {0};
    assert_int_equal(nb_problems_parse(&problems, "row_sum:2x3", &error), NB_OK);
    assert_int_equal(nb_problems_parse(&problems, "row_sum:4x5 row_sum:6x", &error), NB_USAGE);
    assert_int_equal(problems.count, 1);
    nb_problems_free(&problems);
}

static const struct nb_kernel *kernel(const char *name) {
    struct nb_error error;
    const struct nb_kernel *kernel = nb_kernel_all(&error);
    while (kernel->name != NULL && strcmp(kernel->name, name) != 0)
        kernel++;
    assert_non_null(kernel->name);
    return kernel;
}

static void assert_cost(const char *name, struct nb_sizes sizes, double flops, double read,
                        double written) {
    const struct nb_kernel *k = kernel(name);
    for (enum nb_dtype dtype = 0; dtype < NB_DTYPES; dtype++) {
        struct nb_traffic traffic = nb_kernel_traffic(k, dtype, &sizes);
        double size = (double)nb_dtype_size(dtype);
        assert_true(nb_kernel_flops(k, &sizes, 0) == flops);
        assert_true(traffic.read == read * size);
        assert_true(traffic.written == written * size);
    }
}

static void test_costs(void **state) {
    (void)state;
    assert_cost("matmul_nn", (struct nb_sizes){2, 3, 5}, 60, 2 * 5 + 5 * 3, 2 * 3);
    assert_cost("matmul_nt", (struct nb_sizes){2, 3, 5}, 60, 2 * 5 + 5 * 3, 2 * 3);
    assert_cost("matmul_tn", (struct nb_sizes){2, 3, 5}, 60, 2 * 5 + 5 * 3, 2 * 3);
    assert_cost("row_sum", (struct nb_sizes){7, 11, 1}, 77, 77, 7);
    assert_cost("column_moments", (struct nb_sizes){7, 11, 1}, 4 * 77, 77, 2 * 11);
    assert_cost("batchnorm_infer", (struct nb_sizes){7, 11, 1}, 3 * 77, 77 + 4 * 11, 77);
    // Reads x, dy, gamma, beta, mean and rstd; writes dx, and dgamma and dbeta for each block of
    // rows.
    assert_cost("layernorm_backward", (struct nb_sizes){40, 11, 1}, 13 * 440,
                2 * 440 + 2 * 11 + 2 * 40, 440 + 2 * 2 * 11);
    assert_cost("sgd_step", (struct nb_sizes){1, 13, 1}, 26, 26, 13); // without momentum: no v
    assert_cost("adam_step", (struct nb_sizes){1, 13, 1}, 13 * 13, 4 * 13, 3 * 13);
    assert_cost("peak_copy", (struct nb_sizes){1, 13, 1}, 0, 13, 13);
    // Labels are bytes.
    const struct nb_sizes sizes = {7, 10, 1};
    struct nb_traffic traffic = nb_kernel_traffic(kernel("softmax_xent"), NB_F64, &sizes);
    assert_true(traffic.read == 8 * 70 + 7 && traffic.written == 8 * (70 + 7));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_lists_and_ranges),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refusal_adds_nothing),
        cmocka_unit_test(test_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
