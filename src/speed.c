// SPDX-License-Identifier: MIT
#include "src/speed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

// The order in which people read normalizations: batch, layer, none.
static int rank(enum nb_norm norm) { return norm == NB_NORM_NONE ? 3 : (int)norm; }

static int compare_keys(const struct nb_study_run *a, const struct nb_study_run *b) {
    ORDER(rank(a->norm), rank(b->norm));
    ORDER(a->batch_size, b->batch_size);
    ORDER(a->isa, b->isa);
    ORDER(a->threads, b->threads);
    return 0;
}

static int compare_timed(const void *left, const void *right) {
    const struct nb_study_run *const *a = left, *const *b = right;
    return compare_keys(*a, *b);
}

static int compare_places(const void *left, const void *right) {
    const struct nb_place *a = left, *b = right;
    ORDER(a->isa, b->isa);
    ORDER(a->threads, b->threads);
    return 0;
}

// One speed of all epochs of the runs (count), which have the same key.
static enum nb_code add(struct nb_speeds *speeds, const struct nb_study_run *const *runs,
                        size_t count, struct nb_error *error) {
    size_t epochs = 0;
    for (size_t i = 0; i < count; i++)
        epochs += runs[i]->point_count;
    double *seconds = calloc(epochs, sizeof *seconds);
    if (seconds == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory for %zu times; free some", epochs);
    epochs = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t e = 0; e < runs[i]->point_count; e++)
            seconds[epochs++] = runs[i]->points[e].seconds;
    struct nb_speed *speed = &speeds->speeds[speeds->count];
    *speed = (struct nb_speed){runs[0]->norm, runs[0]->batch_size, runs[0]->isa, runs[0]->threads,
                               .seconds = {0}};
    enum nb_code code = nb_sample_make(&speed->seconds, seconds, epochs, error);
    free(seconds);
    if (code != NB_OK)
        return code;
    speeds->count++;
    struct nb_place place = {speed->isa, speed->threads};
    for (size_t i = 0; i < speeds->place_count; i++)
        if (compare_places(&speeds->places[i], &place) == 0)
            return NB_OK;
    speeds->places[speeds->place_count++] = place;
    return NB_OK;
}

enum nb_code nb_speeds_make(struct nb_speeds *speeds, const struct nb_section *section,
                            struct nb_error *error) {
    size_t count = section->timed_count;
    *speeds = (struct nb_speeds){.speeds = calloc(count + 1, sizeof(struct nb_speed)),
                                 .places = calloc(count + 1, sizeof(struct nb_place))};
    const struct nb_study_run **timed = calloc(count + 1, sizeof *timed);
    enum nb_code code = NB_OK;
    if (speeds->speeds == NULL || speeds->places == NULL || timed == NULL)
        code = nb_error_set(error, NB_FAILED, "not enough memory for %zu times; free some", count);
    else if (count > 0)
        memcpy(timed, section->timed, count * sizeof *timed);
    if (code == NB_OK)
        qsort(timed, count, sizeof *timed, compare_timed);
    for (size_t i = 0, next; code == NB_OK && i < count; i = next) {
        for (next = i + 1; next < count && compare_keys(timed[i], timed[next]) == 0;)
            next++;
        code = add(speeds, timed + i, next - i, error);
    }
    if (code == NB_OK)
        qsort(speeds->places, speeds->place_count, sizeof *speeds->places, compare_places);
    else
        nb_speeds_free(speeds);
    free(timed);
    return code;
}

void nb_speeds_free(struct nb_speeds *speeds) {
    for (size_t i = 0; i < speeds->count; i++)
        nb_sample_free(&speeds->speeds[i].seconds);
    free(speeds->speeds);
    free(speeds->places);
    *speeds = (struct nb_speeds){0};
}

const struct nb_speed *nb_speeds_find(const struct nb_speeds *speeds, enum nb_norm norm,
                                      size_t batch_size, enum nb_isa isa, size_t threads) {
    for (size_t i = 0; i < speeds->count; i++) {
        const struct nb_speed *speed = &speeds->speeds[i];
        if (speed->norm == norm && speed->batch_size == batch_size && speed->isa == isa &&
            speed->threads == threads)
            return speed;
    }
    return NULL;
}

enum nb_code nb_speed_ratio(const struct nb_speed *slow, const struct nb_speed *fast, double *ratio,
                            struct nb_interval *interval, struct nb_error *error) {
    *ratio = interval->low = interval->high = NAN;
    if (slow == NULL || fast == NULL)
        return NB_OK;
    *ratio = nb_median(&slow->seconds) / nb_median(&fast->seconds);
    return nb_bootstrap_ratio(&NB_BOOTSTRAP_DEFAULT, &fast->seconds, &slow->seconds, nb_median,
                              interval, error);
}

enum nb_isa nb_speeds_lower(const struct nb_speeds *speeds, enum nb_isa isa, size_t threads) {
    enum nb_isa lower = NB_ISA_COUNT;
    for (size_t i = 0; i < speeds->place_count && nb_isa_exact(isa); i++) {
        const struct nb_place *place = &speeds->places[i];
        if (place->threads == threads && place->isa < isa && nb_isa_exact(place->isa))
            lower = place->isa;
    }
    return lower;
}
