// SPDX-License-Identifier: MIT
// Intervals by the percentile bootstrap (Efron 1979): the statistic of many samples drawn with
// replacement, and the quantiles of these values. The draws come from nb_random: the same seed
// gives the same interval to the bit on every machine, in any order of the values.
#ifndef NB_SRC_BOOTSTRAP_H
#define NB_SRC_BOOTSTRAP_H

#include <stdint.h>

#include "src/statistics.h"

struct nb_bootstrap {
    double level;     // of confidence, between 0 and 1
    size_t resamples; // 1 or more
    uint64_t seed;    // the low 32 bits are used
};

#define NB_BOOTSTRAP_DEFAULT ((struct nb_bootstrap){.level = 0.95, .resamples = 2000, .seed = 1})

struct nb_interval {
    double low, high;
};

// The interval of `statistic`. A sample of one value gives [value, value]: one value does not say
// how far to trust it. NB_FAILED when memory is short.
enum nb_code nb_bootstrap_interval(const struct nb_bootstrap *how, const struct nb_sample *sample,
                                   nb_statistic *statistic, struct nb_interval *interval,
                                   struct nb_error *error);

// The interval of statistic(b) / statistic(a), each drawn anew for every value. NB_DATA unless all
// values of both are above 0; NB_FAILED when memory is short.
enum nb_code nb_bootstrap_ratio(const struct nb_bootstrap *how, const struct nb_sample *a,
                                const struct nb_sample *b, nb_statistic *statistic,
                                struct nb_interval *interval, struct nb_error *error);

#endif
