// SPDX-License-Identifier: MIT
// What the tests of the statistics share: samples, the estimators, and comparisons that refuse NaN.
#ifndef NB_TESTS_SAMPLES_H
#define NB_TESTS_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "src/statistics.h"

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

static void assert_near(double got, double expected, double bound, const char *what) {
    if (!(fabs(got - expected) <= bound)) // NaN fails
        fail_msg("%s: %.17g, expected %.17g within %.3g", what, got, expected, bound);
}

static void assert_same(double a, double b) { assert_memory_equal(&a, &b, sizeof a); }

static struct nb_sample make(const double *values, size_t n) {
    struct nb_sample sample;
    struct nb_error error;
    assert_int_equal(nb_sample_make(&sample, values, n, &error), NB_OK);
    return sample;
}

#endif
