// SPDX-License-Identifier: MIT
#include "src/bootstrap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "src/random.h"

// Samples of n values drawn with replacement from `source`.
struct urn {
    const struct nb_sample *source;
    struct nb_sample drawn;
    uint32_t *times; // (n) that each value of the source was drawn
};

static bool urn_open(struct urn *urn, const struct nb_sample *source) {
    *urn = (struct urn){.source = source,
                        .drawn = {calloc(source->n, sizeof(double)), source->n},
                        .times = calloc(source->n, sizeof(uint32_t))};
    return urn->drawn.x != NULL && urn->times != NULL;
}

static void urn_close(struct urn *urn) {
    free(urn->drawn.x);
    free(urn->times);
}

// Counting how often each value comes gives the drawn sample in ascending order without a sort.
static const struct nb_sample *urn_draw(struct urn *urn, struct nb_random *random) {
    size_t n = urn->source->n, next = 0;
    for (size_t i = 0; i < n; i++)
        // A sample has less than 2^32 values, and each comes with chance 1/n to within 2^-32.
        urn->times[(uint64_t)nb_random_u32(random) * n >> 32]++;
    for (size_t i = 0; i < n; i++)
        for (; urn->times[i] > 0; urn->times[i]--)
            urn->drawn.x[next++] = urn->source->x[i];
    return &urn->drawn;
}

static enum nb_code quantiles(const struct nb_bootstrap *how, const double *values,
                              struct nb_interval *interval, struct nb_error *error) {
    struct nb_sample sorted;
    enum nb_code code = nb_sample_make(&sorted, values, how->resamples, error);
    if (code != NB_OK)
        return code;
    interval->low = nb_quantile(&sorted, (1 - how->level) / 2);
    interval->high = nb_quantile(&sorted, (1 + how->level) / 2);
    nb_sample_free(&sorted);
    return NB_OK;
}

// The interval of statistic(sample), or of statistic(sample) / statistic(divisor) if that is not
// NULL.
static enum nb_code bootstrap(const struct nb_bootstrap *how, const struct nb_sample *divisor,
                              const struct nb_sample *sample, nb_statistic *statistic,
                              struct nb_interval *interval, struct nb_error *error) {
    struct nb_random random;
    nb_random_seed(&random, how->seed);
    struct urn below = {0}, above = {0};
    double *values = calloc(how->resamples, sizeof *values);
    enum nb_code code;
    if (values != NULL && urn_open(&above, sample) &&
        (divisor == NULL || urn_open(&below, divisor))) {
        for (size_t i = 0; i < how->resamples; i++) {
            double by = divisor == NULL ? 1 : statistic(urn_draw(&below, &random));
            values[i] = statistic(urn_draw(&above, &random)) / by;
        }
        code = quantiles(how, values, interval, error);
    } else {
        code = nb_error_set(error, NB_FAILED, "not enough memory for the bootstrap; free some");
    }
    urn_close(&below);
    urn_close(&above);
    free(values);
    return code;
}

enum nb_code nb_bootstrap_interval(const struct nb_bootstrap *how, const struct nb_sample *sample,
                                   nb_statistic *statistic, struct nb_interval *interval,
                                   struct nb_error *error) {
    return bootstrap(how, NULL, sample, statistic, interval, error);
}

enum nb_code nb_bootstrap_ratio(const struct nb_bootstrap *how, const struct nb_sample *a,
                                const struct nb_sample *b, nb_statistic *statistic,
                                struct nb_interval *interval, struct nb_error *error) {
    if (!(a->x[0] > 0 && b->x[0] > 0))
        return nb_error_set(error, NB_DATA,
                            "a ratio needs values above 0, and the smallest are %g and %g", a->x[0],
                            b->x[0]);
    return bootstrap(how, a, b, statistic, interval, error);
}
