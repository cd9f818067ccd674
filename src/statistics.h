// SPDX-License-Identifier: MIT
// Estimators of what samples have in common. docs/statistics.md says why these and how they are
// defined.
//
// A sample is made once, and that is where bad input is refused; the estimators cannot fail after
// it. Since a sample is sorted, no estimate depends on the order of the values, not even in its
// last bit.
#ifndef NB_SRC_STATISTICS_H
#define NB_SRC_STATISTICS_H

#include <stddef.h>

#include "src/error.h"

// One or more finite numbers in ascending order. All zero: no sample.
struct nb_sample {
    double *x; // (n)
    size_t n;
};

// Makes a sample of values (n), which stay untouched; nb_sample_free releases it. NB_DATA for no
// values and for NaN or infinity among them, NB_FAILED when memory is short; *sample is then zero.
enum nb_code nb_sample_make(struct nb_sample *sample, const double *values, size_t n,
                            struct nb_error *error);

// Makes a sample of the paired differences b[i] - a[i]; a (n), b (n). Errors as above.
enum nb_code nb_sample_differences(struct nb_sample *sample, const double *a, const double *b,
                                   size_t n, struct nb_error *error);

void nb_sample_free(struct nb_sample *sample); // leaves it zero, and takes a zero one

// An estimator: what the bootstrap can put an interval around.
typedef double nb_statistic(const struct nb_sample *sample);

nb_statistic nb_mean;

// The middle value, or the mean of the two in the middle: the quantile at 0.5.
nb_statistic nb_median;

// The median of |x - median|, raw. One value has MAD 0.
nb_statistic nb_mad;

// nb_mad * NB_MAD_SCALE estimates the standard deviation of normal data: 1 / (quantile of the
// standard normal distribution at 0.75).
#define NB_MAD_SCALE 1.482602218505602

// Interquartile mean: the mean of what is left when floor(n/4) values are cut at each end, as
// scipy.stats.trim_mean(x, 0.25). Up to three values: the mean.
nb_statistic nb_interquartile_mean;

// The quantile at p in [0, 1] by linear interpolation between the values at floor and ceiling of
// (n - 1) p: type 7 of Hyndman and Fan, the default of numpy.quantile and R. p = 0 is the minimum,
// p = 1 the maximum.
double nb_quantile(const struct nb_sample *sample, double p);

// exp(mean(log x)): the mean for ratios. NaN unless every value is above 0.
nb_statistic nb_geometric_mean;

#endif
