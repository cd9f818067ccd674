// SPDX-License-Identifier: MIT
// What is read off the curve of one run, and what several seeds say of it together.
#ifndef NB_SRC_MEASURE_H
#define NB_SRC_MEASURE_H

#include "src/bootstrap.h"
#include "src/study.h"

enum nb_measure {
    NB_FIRST_LOSS,    // training loss of the first epoch
    NB_MEAN_LOSS,     // mean training loss over all epochs: low when it falls early
    NB_LAST_LOSS,     // training loss of the last epoch
    NB_LAST_TEST,     // test loss after the last epoch
    NB_LAST_ACCURACY, // test accuracy after the last epoch
    NB_TO_LOSS,       // epochs until the training loss is at most the target
    NB_TO_ACCURACY,   // epochs until the test accuracy is at least the target
    NB_MEASURES
};

struct nb_targets {
    double loss, accuracy;
};

// The measure of a run. NaN for a run that cannot exist, and for one that diverged; but epochs to a
// target have a value for each run that exists: epochs + 1 says that it was never reached, so that
// medians count it.
double nb_measure_of(const struct nb_study_run *run, enum nb_measure measure,
                     const struct nb_targets *targets);

// Median and interquartile mean of values with their 95 % bootstrap intervals.
struct nb_estimate {
    size_t n;                              // values; 0: the rest is NaN
    double median, mean;                   // the interquartile mean
    struct nb_interval median_in, mean_in; // around them
};

// Of the values (n) that are not NaN. NB_FAILED when memory is short.
enum nb_code nb_estimate_make(struct nb_estimate *estimate, const double *values, size_t n,
                              struct nb_error *error);

#endif
