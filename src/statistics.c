// SPDX-License-Identifier: MIT
#include "src/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// Checks and sorts `x` (n), which the sample takes over.
static enum nb_code take(struct nb_sample *sample, double *x, size_t n, struct nb_error *error) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            const char *what = isnan(x[i]) ? "NaN" : "infinite";
            free(x);
            return nb_error_set(error, NB_DATA, "value %zu of %zu is %s: no statistics of that",
                                i + 1, n, what);
        }
        x[i] += 0.0; // -0 becomes 0: they compare as equal, and no order would be the right one
    }
    qsort(x, n, sizeof *x, ascending);
    *sample = (struct nb_sample){x, n};
    return NB_OK;
}

// Room for n numbers, or NULL with the error set.
static double *room(size_t n, enum nb_code *code, struct nb_error *error) {
    double *x = n <= UINT32_MAX ? calloc(n, sizeof *x) : NULL;
    *code = NB_OK;
    if (n == 0)
        *code = nb_error_set(error, NB_DATA, "no values: no statistics of nothing");
    else if (x == NULL)
        *code = nb_error_set(error, NB_FAILED, "not enough memory for %zu values; free some", n);
    if (*code == NB_OK)
        return x;
    free(x);
    return NULL;
}

enum nb_code nb_sample_make(struct nb_sample *sample, const double *values, size_t n,
                            struct nb_error *error) {
    *sample = (struct nb_sample){0};
    enum nb_code code;
    double *x = room(n, &code, error);
    if (x == NULL)
        return code;
    for (size_t i = 0; i < n; i++)
        x[i] = values[i];
    return take(sample, x, n, error);
}

enum nb_code nb_sample_differences(struct nb_sample *sample, const double *a, const double *b,
                                   size_t n, struct nb_error *error) {
    *sample = (struct nb_sample){0};
    enum nb_code code;
    double *x = room(n, &code, error);
    if (x == NULL)
        return code;
    for (size_t i = 0; i < n; i++)
        x[i] = b[i] - a[i];
    return take(sample, x, n, error);
}

void nb_sample_free(struct nb_sample *sample) {
    free(sample->x);
    *sample = (struct nb_sample){0};
}

// The mean of what is left when `cut` values are taken away at each end.
static double trimmed_mean(const struct nb_sample *sample, size_t cut) {
    double sum = 0;
    for (size_t i = cut; i < sample->n - cut; i++)
        sum += sample->x[i];
    return sum / (double)(sample->n - 2 * cut);
}

double nb_mean(const struct nb_sample *sample) { return trimmed_mean(sample, 0); }

double nb_interquartile_mean(const struct nb_sample *sample) {
    return trimmed_mean(sample, sample->n / 4);
}

double nb_quantile(const struct nb_sample *sample, double p) {
    double position = (double)(sample->n - 1) * p;
    size_t below = (size_t)position;
    double low = sample->x[below];
    if (below + 1 >= sample->n)
        return low;
    return low + (sample->x[below + 1] - low) * (position - (double)below);
}

double nb_median(const struct nb_sample *sample) { return nb_quantile(sample, 0.5); }

// The largest deviation is always at one end of what is left: taking away the larger half leads to
// the median without sorting again.
double nb_mad(const struct nb_sample *sample) {
    const double *x = sample->x, median = nb_median(sample);
    size_t low = 0, high = sample->n; // what is left is [low, high)
    double deviation = 0, previous = 0;
    while (high - low >= sample->n - sample->n / 2) {
        previous = deviation;
        double below = median - x[low], above = x[high - 1] - median;
        deviation = fmax(below, above);
        if (below > above)
            low++;
        else
            high--;
    }
    return sample->n % 2 == 1 ? deviation : previous + (deviation - previous) / 2;
}

double nb_geometric_mean(const struct nb_sample *sample) {
    if (!(sample->x[0] > 0))
        return NAN;
    double sum = 0;
    for (size_t i = 0; i < sample->n; i++)
        sum += log(sample->x[i]);
    return exp(sum / (double)sample->n);
}
