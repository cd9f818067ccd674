// SPDX-License-Identifier: MIT
// The estimators, the bootstrap and the rank test: against numpy and scipy (tests/golden says how),
// and by their definitions.
#include "tests/samples.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/bootstrap.h"
#include "src/rank_test.h"

enum { MOST = 64 };

static json_t *golden;
static struct nb_bootstrap golden_bootstrap;

static int load_golden(void **state) {
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%s/statistics/statistics.json", getenv("NORMBENCH_TEST_GOLDEN"));
    golden = json_load_file(path, 0, NULL);
    if (golden == NULL)
        return -1;
    golden_bootstrap = (struct nb_bootstrap){
        .level = json_number_value(json_object_get(golden, "level")),
        .resamples = (size_t)json_integer_value(json_object_get(golden, "resamples")),
        .seed = (uint64_t)json_integer_value(json_object_get(golden, "seed")),
    };
    return 0;
}

static int release_golden(void **state) {
    (void)state;
    json_decref(golden);
    return 0;
}

// All numbers of the array; how many is returned.
static size_t numbers(const json_t *array, double *values) {
    size_t n = json_array_size(array);
    assert_true(n > 0 && n <= MOST);
    for (size_t i = 0; i < n; i++) {
        assert_true(json_is_number(json_array_get(array, i)));
        values[i] = json_number_value(json_array_get(array, i));
    }
    return n;
}

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("no %s in the golden file", key);
    return json_number_value(value);
}

static struct nb_sample golden_sample(const json_t *array) {
    double values[MOST];
    size_t n = numbers(array, values);
    return make(values, n);
}

// Sums of n values of at most this size, and a few operations on them, differ by less: the
// rounding of each of at most n + 4 operations is half a unit of the largest intermediate result,
// which is a sum of n values divided by n later.
static double rounding(const struct nb_sample *sample) {
    double largest = fmax(fabs(sample->x[0]), fabs(sample->x[sample->n - 1]));
    return (double)(sample->n + 4) * DBL_EPSILON * largest;
}

static void assert_interval(struct nb_interval got, const json_t *expected, double bound,
                            const char *what) {
    assert_near(got.low, json_number_value(json_array_get(expected, 0)), bound, what);
    assert_near(got.high, json_number_value(json_array_get(expected, 1)), bound, what);
}

static void estimators_are_those_of_scipy(void **state) {
    (void)state;
    double p[MOST], quantiles[MOST];
    size_t count = numbers(json_object_get(golden, "probabilities"), p);
    struct nb_error error;
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(golden, "one"), index, entry) {
        struct nb_sample sample = golden_sample(json_object_get(entry, "x"));
        double bound = rounding(&sample);
        assert_int_equal(numbers(json_object_get(entry, "quantiles"), quantiles), count);
        for (size_t i = 0; i < count; i++)
            assert_near(nb_quantile(&sample, p[i]), quantiles[i], bound, "quantile");
        for (size_t i = 0; i < ESTIMATORS; i++) {
            const char *name = estimators[i].name;
            assert_near(estimators[i].statistic(&sample), number(entry, name), bound, name);
            struct nb_interval interval;
            assert_int_equal(nb_bootstrap_interval(&golden_bootstrap, &sample,
                                                   estimators[i].statistic, &interval, &error),
                             NB_OK);
            // Quantiles of estimates: a few more operations.
            assert_interval(interval, json_object_get(json_object_get(entry, "intervals"), name),
                            3 * bound, name);
        }
        assert_near(NB_MAD_SCALE * nb_mad(&sample), number(entry, "mad_scaled"), 2 * bound,
                    "scaled MAD");
        double mean = nb_geometric_mean(&sample);
        if (json_is_null(json_object_get(entry, "geometric_mean"))) {
            assert_true(isnan(mean));
        } else {
            // The mean of the logarithms is off by this, and so is exp of it in relation.
            double expected = number(entry, "geometric_mean");
            double off = (double)(sample.n + 8) * DBL_EPSILON * (1 + fabs(log(expected)));
            assert_near(mean, expected, off * expected, "geometric mean");
        }
        nb_sample_free(&sample);
    }
    assert_true(index >= 10);
}

static void tests_of_two_samples_are_those_of_scipy(void **state) {
    (void)state;
    struct nb_error error;
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(golden, "two"), index, entry) {
        double values_a[MOST], values_b[MOST];
        size_t n_a = numbers(json_object_get(entry, "a"), values_a);
        size_t n_b = numbers(json_object_get(entry, "b"), values_b);
        struct nb_sample a = make(values_a, n_a), b = make(values_b, n_b);
        struct nb_rank_test test;
        assert_int_equal(nb_rank_test(&a, &b, &test, &error), NB_OK);
        assert_same(test.u, number(entry, "u")); // a multiple of 1/2: exact
        // Exact: at most n_a n_b additions of positive terms lead to a count, and as many to their
        // sum. Normal: erfc turns the rounding of z into z^2 times as much, and z is below 10.
        double p = number(entry, "p");
        assert_near(test.p, p, 2 * 49 * 49 * DBL_EPSILON * p, "p");
        struct nb_interval interval;
        if (json_is_null(json_object_get(entry, "ratio"))) {
            assert_int_equal(
                nb_bootstrap_ratio(&golden_bootstrap, &a, &b, nb_median, &interval, &error),
                NB_DATA);
        } else {
            assert_int_equal(
                nb_bootstrap_ratio(&golden_bootstrap, &a, &b, nb_median, &interval, &error), NB_OK);
            assert_interval(interval, json_object_get(entry, "ratio"), 16 * DBL_EPSILON, "ratio");
        }
        const json_t *differences = json_object_get(entry, "differences");
        if (differences != NULL) {
            struct nb_sample paired;
            assert_int_equal(nb_sample_differences(&paired, values_a, values_b, n_a, &error),
                             NB_OK);
            double bound = 3 * rounding(&paired);
            assert_near(nb_median(&paired), number(differences, "median"), bound, "difference");
            assert_int_equal(
                nb_bootstrap_interval(&golden_bootstrap, &paired, nb_median, &interval, &error),
                NB_OK);
            assert_interval(interval, json_object_get(differences, "interval"), bound,
                            "difference");
            nb_sample_free(&paired);
        }
        nb_sample_free(&a);
        nb_sample_free(&b);
    }
    assert_true(index >= 10);
}

static void holm_is_the_definition(void **state) {
    (void)state;
    struct nb_error error;
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(golden, "holm"), index, entry) {
        double p[MOST], expected[MOST];
        size_t count = numbers(json_object_get(entry, "p"), p);
        assert_int_equal(numbers(json_object_get(entry, "adjusted"), expected), count);
        assert_int_equal(nb_holm(p, p, count, &error), NB_OK); // in place
        for (size_t i = 0; i < count; i++)
            assert_near(p[i], expected[i], 2 * DBL_EPSILON, "adjusted p");
    }
    assert_true(index >= 4);
    assert_int_equal(nb_holm(NULL, NULL, 0, &error), NB_OK);
}

// All ways to choose which of n_a + n_b ranks belong to a: p must be the share of those whose U is
// at least as far from the middle. And the smallest of all p is the one that is promised.
static void exact_p_is_a_count(void **state) {
    (void)state;
    struct nb_error error;
    static const struct { size_t a, b; } sizes[] = {{1, 1}, {1, 5}, {3, 4}, {5, 5}, {2, 9}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n_a = sizes[s].a, n_b = sizes[s].b, orders = 0;
        double far[1024], p[1024], smallest = 1;
        for (uint32_t chosen = 0; chosen < 1u << (n_a + n_b); chosen++) {
            double x[2][MOST];
            size_t n[2] = {0, 0};
            for (size_t rank = 0; rank < n_a + n_b; rank++) {
                size_t side = chosen >> rank & 1;
                x[side][n[side]++] = (double)rank;
            }
            if (n[0] != n_a)
                continue;
            struct nb_sample a = make(x[0], n_a), b = make(x[1], n_b);
            struct nb_rank_test test;
            assert_int_equal(nb_rank_test(&a, &b, &test, &error), NB_OK);
            far[orders] = fabs(test.u - (double)(n_a * n_b) / 2);
            p[orders++] = test.p;
            smallest = fmin(smallest, test.p);
            nb_sample_free(&a);
            nb_sample_free(&b);
        }
        for (size_t i = 0; i < orders; i++) {
            size_t as_far = 0;
            for (size_t j = 0; j < orders; j++)
                as_far += far[j] >= far[i];
            assert_near(p[i], (double)as_far / (double)orders, 1e-14, "share");
        }
        assert_near(nb_rank_test_smallest_p(n_a, n_b), smallest, 1e-15, "smallest p");
    }
    assert_same(nb_rank_test_smallest_p(0, 5), 1);
}

static void bad_values_are_refused(void **state) {
    (void)state;
    static const struct {
        double values[3];
        size_t n;
        const char *text;
    } cases[] = {
        {{0}, 0, "no values: no statistics of nothing"},
        {{1, NAN, 3}, 3, "value 2 of 3 is NaN: no statistics of that"},
        {{1, 2, -INFINITY}, 3, "value 3 of 3 is infinite: no statistics of that"},
    };
    const double zeros[3] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nb_sample sample = {(double *)1, 1};
        struct nb_error error;
        assert_int_equal(nb_sample_make(&sample, cases[i].values, cases[i].n, &error), NB_DATA);
        assert_string_equal(error.text, cases[i].text);
        assert_true(sample.x == NULL && sample.n == 0);
        assert_int_equal(nb_sample_differences(&sample, zeros, cases[i].values, cases[i].n, &error),
                         NB_DATA);
        assert_true(sample.x == NULL && sample.n == 0);
        nb_sample_free(&sample);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimators_are_those_of_scipy),
        cmocka_unit_test(tests_of_two_samples_are_those_of_scipy),
        cmocka_unit_test(holm_is_the_definition),
        cmocka_unit_test(exact_p_is_a_count),
        cmocka_unit_test(bad_values_are_refused),
    };
    return cmocka_run_group_tests_name("statistics", tests, load_golden, release_golden);
}
