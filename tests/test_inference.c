// SPDX-License-Identifier: MIT
// The estimators, the bootstrap and the rank test on random data: what must hold for any of them,
// and how often intervals and verdicts are right.
#include "tests/samples.h"

#include "src/bootstrap.h"
#include "src/random.h"
#include "src/rank_test.h"

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
            assert_true(shift == 0 || test.u > N * N / 2.0);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_the_values_changes_no_bit),
        cmocka_unit_test(seeds_decide_the_interval),
        cmocka_unit_test(intervals_cover_as_often_as_they_must),
        cmocka_unit_test(the_rank_test_finds_what_is_there),
    };
    return cmocka_run_group_tests_name("inference", tests, NULL, NULL);
}
