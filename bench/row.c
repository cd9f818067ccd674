// SPDX-License-Identifier: MIT
#include "bench/row.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/statistics.h"

#define UNSTABLE 0.05 // spread from which a row is marked

void nb_row_name(const struct nb_row *row, char name[NB_ROW_NAME]) {
    char problem[NB_PROBLEM_TEXT];
    nb_problem_text(row->problem, problem);
    snprintf(name, NB_ROW_NAME, "%s/%s/%s/threads:%zu/%s", problem, nb_dtype_name(row->dtype),
             row->implementation.name, row->threads, row->cold ? "cold" : "hot");
}

bool nb_row_same(const struct nb_row *a, const struct nb_row *b) {
    return nb_problem_same(a->problem, b->problem) && a->dtype == b->dtype &&
           strcmp(a->implementation.name, b->implementation.name) == 0 &&
           a->threads == b->threads && a->cold == b->cold;
}

bool nb_row_beside(const struct nb_row *a, const struct nb_row *b) {
    return a->problem == b->problem && a->dtype == b->dtype && a->threads == b->threads &&
           a->cold == b->cold;
}

const char *nb_verdict_name(enum nb_verdict verdict) {
    static const char *const names[] = {"unchecked", "exact", "bound", "wrong"};
    return names[verdict];
}

// By how much the later half of the samples differs from the earlier one.
static enum nb_code measure_drift(const struct nb_row *row, double *drift, struct nb_error *error) {
    struct nb_sample early, late = {0};
    size_t half = row->samples / 2;
    enum nb_code code = nb_sample_make(&early, row->wall, row->samples - half, error);
    if (code == NB_OK)
        code = nb_sample_make(&late, row->wall + half, row->samples - half, error);
    if (code == NB_OK)
        *drift = fabs(nb_median(&late) / nb_median(&early) - 1);
    nb_sample_free(&early);
    nb_sample_free(&late);
    return code;
}

enum nb_code nb_row_summarize(struct nb_row *row, struct nb_error *error) {
    if (row->samples == 0)
        return NB_OK;
    struct nb_sample sample;
    enum nb_code code = nb_sample_make(&sample, row->wall, row->samples, error);
    if (code != NB_OK)
        return code;
    row->median = nb_median(&sample);
    row->min = nb_quantile(&sample, 0);
    row->p05 = nb_quantile(&sample, 0.05);
    row->p95 = nb_quantile(&sample, 0.95);
    row->mad = nb_mad(&sample);
    nb_sample_free(&sample);
    return measure_drift(row, &row->noise, error);
}

enum nb_code nb_row_ratio(const struct nb_row *row, const struct nb_row *other, double *ratio,
                          struct nb_error *error) {
    double *ratios = malloc(row->samples * sizeof *ratios);
    if (ratios == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    size_t rounds = 0;
    for (size_t i = 0, j = 0; i < row->samples && j < other->samples;) {
        if (row->round[i] == other->round[j])
            ratios[rounds++] = other->wall[j] / row->wall[i];
        const size_t round = row->round[i];
        i += round <= other->round[j];
        j += other->round[j] <= round;
    }
    struct nb_sample sample;
    enum nb_code code = nb_sample_make(&sample, ratios, rounds, error);
    free(ratios);
    if (code == NB_OK)
        *ratio = nb_median(&sample);
    nb_sample_free(&sample);
    return code;
}

double nb_row_spread(const struct nb_row *row) { return NB_MAD_SCALE * row->mad / row->median; }

bool nb_row_unstable(const struct nb_row *row) { return nb_row_spread(row) > UNSTABLE; }

bool nb_row_shared(const struct nb_row *row) {
    return row->samples > 0 && 2 * row->shared >= row->samples;
}

void nb_row_free(struct nb_row *row) {
    free(row->round);
    free(row->wall);
    free(row->cpu);
    row->round = NULL;
    row->wall = row->cpu = NULL;
}
