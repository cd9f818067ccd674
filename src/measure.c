// SPDX-License-Identifier: MIT
#include "src/measure.h"

#include <math.h>
#include <stdlib.h>

// Of a run that ended well.
static double of_curve(const struct nb_study_run *run, enum nb_measure measure) {
    const struct nb_point *last = &run->points[run->point_count - 1];
    double sum = 0;
    switch (measure) {
    case NB_FIRST_LOSS:
        return run->points[0].train_loss;
    case NB_MEAN_LOSS:
        for (size_t i = 0; i < run->point_count; i++)
            sum += run->points[i].train_loss;
        return sum / (double)run->point_count;
    case NB_LAST_LOSS:
        return last->train_loss;
    case NB_LAST_TEST:
        return last->test_loss;
    default:
        return last->test_accuracy;
    }
}

double nb_measure_of(const struct nb_study_run *run, enum nb_measure measure,
                     const struct nb_targets *targets) {
    if (run->outcome == NB_OUTCOME_IMPOSSIBLE)
        return NAN;
    bool ended_well = run->outcome == NB_OUTCOME_OK;
    if (measure != NB_TO_LOSS && measure != NB_TO_ACCURACY)
        return ended_well ? of_curve(run, measure) : NAN;
    for (size_t i = 0; ended_well && i < run->point_count; i++)
        if (measure == NB_TO_LOSS ? run->points[i].train_loss <= targets->loss
                                  : run->points[i].test_accuracy >= targets->accuracy)
            return (double)(i + 1);
    return (double)(run->epochs + 1);
}

enum nb_code nb_estimate_make(struct nb_estimate *estimate, const double *values, size_t n,
                              struct nb_error *error) {
    *estimate = (struct nb_estimate){0, NAN, NAN, {NAN, NAN}, {NAN, NAN}};
    double *kept = calloc(n + 1, sizeof *kept);
    if (kept == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory for %zu values; free some", n);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            kept[count++] = values[i];
    struct nb_sample sample = {0};
    enum nb_code code = count == 0 ? NB_OK : nb_sample_make(&sample, kept, count, error);
    free(kept);
    if (code != NB_OK || count == 0)
        return code;
    const struct nb_bootstrap *how = &NB_BOOTSTRAP_DEFAULT;
    estimate->n = count;
    estimate->median = nb_median(&sample);
    estimate->mean = nb_interquartile_mean(&sample);
    code = nb_bootstrap_interval(how, &sample, nb_median, &estimate->median_in, error);
    if (code == NB_OK)
        code =
            nb_bootstrap_interval(how, &sample, nb_interquartile_mean, &estimate->mean_in, error);
    nb_sample_free(&sample);
    return code;
}
