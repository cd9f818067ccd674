// SPDX-License-Identifier: MIT
// The estimators, the bootstrap and the rank test: against numpy and scipy (tests/golden says how),
// and by what must hold for any data.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/bootstrap.h"
#include "src/random.h"
#include "src/rank_test.h"

enum { MOST = 64 };

static const struct {
    const char *name;
    nb_statistic *statistic;
} estimators[] = {
    {"mean", nb_mean},
    {"median", nb_median},
    {"mad", nb_mad},
    {"interquartile_mean", nb_interquartile_mean},
};

enum { ESTIMATORS = sizeof estimators / sizeof *estimators };

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

static void assert_near(double got, double expected, double bound, const char *what) {
    if (!(fabs(got - expected) <= bound)) // NaN fails
        fail_msg("%s: %.17g, expected %.17g within %.3g", what, got, expected, bound);
}

static void assert_same(double a, double b) { assert_memory_equal(&a, &b, sizeof a); }

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

static struct nb_sample make(const double *values, size_t n) {
    struct nb_sample sample;
    struct nb_error error;
    assert_int_equal(nb_sample_make(&sample, values, n, &error), NB_OK);
    return sample;
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

static double uniform(struct nb_random *random) {
    return ((double)(nb_random_u64(random) >> 11) + 0.5) * 0x1p-53;
}

static double normal(struct nb_random *random) {
    double radius = sqrt(-2 * log(uniform(random)));
    return radius * cos(2 * acos(-1) * uniform(random));
}

static void order_of_the_values_changes_no_bit(void **state) {
    (void)state;
    enum { N = 20, ROUNDS = 10 };
    struct nb_error error;
    struct nb_random random;
    nb_random_seed(&random, 3);
    double x[N] = {0.0, -0.0, 1e300, -1e300, 1e-300}, y[N];
    for (size_t i = 5; i < N; i++)
        x[i] = y[i] = normal(&random);
    struct nb_sample first = make(x, N);
    struct nb_interval interval;
    assert_int_equal(
        nb_bootstrap_interval(&NB_BOOTSTRAP_DEFAULT, &first, nb_median, &interval, &error), NB_OK);
    for (size_t round = 0; round < ROUNDS; round++) {
        uint32_t order[N];
        nb_random_permutation(&random, order, N);
        for (size_t i = 0; i < N; i++)
            y[i] = x[order[i]];
        struct nb_sample sample = make(y, N);
        assert_memory_equal(sample.x, first.x, sizeof x);
        for (size_t i = 0; i < ESTIMATORS; i++)
            assert_same(estimators[i].statistic(&sample), estimators[i].statistic(&first));
        struct nb_interval again;
        assert_int_equal(
            nb_bootstrap_interval(&NB_BOOTSTRAP_DEFAULT, &sample, nb_median, &again, &error),
            NB_OK);
        assert_memory_equal(&again, &interval, sizeof again);
        nb_sample_free(&sample);
    }
    nb_sample_free(&first);
}

static void seeds_decide_the_interval(void **state) {
    (void)state;
    enum { N = 30 };
    struct nb_error error;
    struct nb_random random;
    nb_random_seed(&random, 4);
    double x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = normal(&random);
    struct nb_sample sample = make(x, N);
    struct nb_interval intervals[3];
    for (size_t i = 0; i < 3; i++) {
        struct nb_bootstrap how = NB_BOOTSTRAP_DEFAULT;
        how.seed = i / 2 + 7; // 7, 7, 8
        assert_int_equal(nb_bootstrap_interval(&how, &sample, nb_mean, &intervals[i], &error),
                         NB_OK);
        assert_true(intervals[i].low < nb_mean(&sample) && nb_mean(&sample) < intervals[i].high);
    }
    assert_memory_equal(&intervals[0], &intervals[1], sizeof *intervals);
    assert_true(intervals[0].low != intervals[2].low);
    nb_sample_free(&sample);
}

// The bootstrap median of 7 values is the smallest of them with chance 0.010, and one of the two
// smallest with 0.108: that at least 4 of 7 draws fall there. So the 95 % interval reaches from the
// second smallest to the second largest value, unless 2000 draws miss 0.025 by six standard errors.
// The true median of any continuous distribution lies outside when at most one of 7 values is on
// one side of it: the coverage is 1 - 2 (1 + 7) / 2^7.
static void intervals_cover_as_often_as_they_must(void **state) {
    (void)state;
    enum { N = 7, ROUNDS = 1000 };
    const double coverage = 1 - 2 * (1 + 7) / 128.0;
    struct nb_error error;
    struct nb_random random;
    nb_random_seed(&random, 5);
    double covered = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        double x[N];
        for (size_t i = 0; i < N; i++)
            x[i] = exp(normal(&random)); // the median is 1
        struct nb_sample sample = make(x, N);
        struct nb_bootstrap how = NB_BOOTSTRAP_DEFAULT;
        how.seed = round;
        struct nb_interval interval;
        assert_int_equal(nb_bootstrap_interval(&how, &sample, nb_median, &interval, &error), NB_OK);
        assert_same(interval.low, sample.x[1]);
        assert_same(interval.high, sample.x[N - 2]);
        covered += interval.low <= 1 && 1 <= interval.high;
        nb_sample_free(&sample);
    }
    // Five standard deviations of the binomial distribution.
    assert_near(covered, ROUNDS * coverage, 5 * sqrt(ROUNDS * coverage * (1 - coverage)),
                "covered");
}

// Under the null hypothesis the chance of p <= alpha is at most alpha; and a shift of two standard
// deviations between samples of 20 is found: there the power is above 0.999.
static void the_rank_test_finds_what_is_there(void **state) {
    (void)state;
    enum { N = 20, ROUNDS = 1000 };
    struct nb_error error;
    struct nb_random random;
    nb_random_seed(&random, 6);
    for (int shift = 0; shift <= 2; shift += 2) {
        double found = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double x[N], y[N];
            for (size_t i = 0; i < N; i++) {
                x[i] = normal(&random);
                y[i] = normal(&random) + shift;
            }
            struct nb_sample a = make(x, N), b = make(y, N);
            struct nb_rank_test test, back;
            assert_int_equal(nb_rank_test(&a, &b, &test, &error), NB_OK);
            assert_int_equal(nb_rank_test(&b, &a, &back, &error), NB_OK);
            assert_same(test.u + back.u, N * N);
            assert_same(test.p, back.p);
            assert_true(shift == 0 || test.u > N * N / 2);
            found += test.p <= 0.05;
            nb_sample_free(&a);
            nb_sample_free(&b);
        }
        if (shift == 0) // 0.05 and five standard deviations; and not never
            assert_near(found, 0.05 * ROUNDS, 5 * sqrt(0.05 * 0.95 * ROUNDS), "false alarms");
        else
            assert_true(found >= 0.99 * ROUNDS);
    }
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
        cmocka_unit_test(order_of_the_values_changes_no_bit),
        cmocka_unit_test(seeds_decide_the_interval),
        cmocka_unit_test(intervals_cover_as_often_as_they_must),
        cmocka_unit_test(the_rank_test_finds_what_is_there),
        cmocka_unit_test(bad_values_are_refused),
    };
    return cmocka_run_group_tests_name("statistics", tests, load_golden, release_golden);
}
