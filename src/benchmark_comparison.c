// SPDX-License-Identifier: MIT
#include "src/benchmark_comparison.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/rank_test.h"

const char *const nb_change_names[NB_CHANGES] = {
    [NB_FASTER] = "faster",           [NB_SLOWER] = "slower",
    [NB_NO_EVIDENCE] = "no evidence", [NB_TOO_FEW] = "too few samples",
    [NB_UNMEASURED] = "not measured", [NB_ONLY_A] = "only in A",
    [NB_ONLY_B] = "only in B",
};

static double median_of(const struct nb_benchmark *benchmark) {
    return benchmark == NULL || benchmark->times.n == 0 ? NAN : nb_median(&benchmark->times);
}

// The noise of a ratio: that of the noisier file.
static double floor_of(const struct nb_benchmark_change *change,
                       const struct nb_comparison_rule *rule) {
    double measured = fmax(change->a->noise_floor, change->b->noise_floor); // NaN if both are
    if (isnan(measured))
        return rule->threshold > 0 ? rule->threshold : NB_ASSUMED_NOISE;
    return fmax(measured, rule->threshold);
}

// Medians, ratio, interval and rank test of a row that was measured in both files. *p: before the
// correction; NaN: too few samples.
static enum nb_code measure(struct nb_benchmark_change *change,
                            const struct nb_comparison_rule *rule, double *p, double *above,
                            struct nb_error *error) {
    const struct nb_sample *a = &change->a->times, *b = &change->b->times;
    struct nb_bootstrap how = NB_BOOTSTRAP_DEFAULT;
    how.seed = rule->seed; // the same for each row: no row's interval depends on other rows
    how.level = 1 - rule->alpha;
    change->ratio = change->median_b / change->median_a;
    change->floor = floor_of(change, rule);
    enum nb_code code = nb_bootstrap_ratio(&how, a, b, nb_median, &change->interval, error);
    if (code != NB_OK || a->n < NB_LEAST_SAMPLES || b->n < NB_LEAST_SAMPLES)
        return code;
    struct nb_rank_test test;
    code = nb_rank_test(a, b, &test, error);
    *p = test.p;
    *above = test.u - (double)a->n * (double)b->n / 2;
    return code;
}

// What the row shows, with p corrected for `tests` rows; above: whether the ranks are higher in B.
static enum nb_change judge(const struct nb_benchmark_change *change,
                            const struct nb_comparison_rule *rule, double above, size_t tests) {
    if (change->a == NULL || change->b == NULL)
        return change->a == NULL ? NB_ONLY_B : NB_ONLY_A;
    if (isnan(change->ratio))
        return NB_UNMEASURED;
    if (isnan(change->p))
        return NB_TOO_FEW;
    bool agreed = change->p <= rule->alpha;
    if (agreed && change->ratio > 1 + change->floor && change->interval.low > 1 && above > 0)
        return NB_SLOWER;
    if (agreed && change->ratio < 1 / (1 + change->floor) && change->interval.high < 1 && above < 0)
        return NB_FASTER;
    double smallest = nb_rank_test_smallest_p(change->a->times.n, change->b->times.n);
    return smallest * (double)tests > rule->alpha && !agreed ? NB_TOO_FEW : NB_NO_EVIDENCE;
}

static size_t samples_needed(const struct nb_comparison_rule *rule, size_t tests) {
    size_t n = NB_LEAST_SAMPLES;
    while (nb_rank_test_smallest_p(n, n) * (double)tests > rule->alpha)
        n++;
    return n;
}

// The rows to compare, with medians, into comparison->changes, which has room for all.
static void pair(struct nb_benchmark_comparison *comparison, const struct nb_benchmark_file *a,
                 const struct nb_benchmark_file *b, const struct nb_filter *filter) {
    for (size_t i = 0; i < a->count + b->count; i++) {
        bool from_a = i < a->count;
        const struct nb_benchmark *row = from_a ? &a->benchmarks[i] : &b->benchmarks[i - a->count];
        const struct nb_benchmark *other = nb_benchmark_file_find(from_a ? b : a, row->name);
        if (!nb_filter_passes(filter, row->name) || (!from_a && other != NULL))
            continue;
        comparison->changes[comparison->count++] = (struct nb_benchmark_change){
            .name = row->name,
            .a = from_a ? row : NULL,
            .b = from_a ? other : row,
            .median_a = median_of(from_a ? row : NULL),
            .median_b = median_of(from_a ? other : row),
            .ratio = NAN,
            .interval = {NAN, NAN},
            .floor = NAN,
            .p = NAN,
        };
    }
}

// Judges the paired rows; p, above and ratios have room for a number of each.
static enum nb_code judge_all(struct nb_benchmark_comparison *comparison,
                              const struct nb_comparison_rule *rule, double *p, double *above,
                              double *ratios, struct nb_error *error) {
    size_t tests = 0, measured = 0;
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < comparison->count && code == NB_OK; i++) {
        struct nb_benchmark_change *change = &comparison->changes[i];
        if (change->a == NULL || change->b == NULL || isnan(change->median_a) ||
            isnan(change->median_b))
            continue;
        p[tests] = NAN;
        code = measure(change, rule, &p[tests], &above[i], error);
        ratios[measured++] = change->ratio;
        change->p = p[tests];
        tests += !isnan(p[tests]);
    }
    if (code == NB_OK)
        code = nb_holm(p, p, tests, error);
    size_t test = 0;
    for (size_t i = 0; i < comparison->count && code == NB_OK; i++) {
        struct nb_benchmark_change *change = &comparison->changes[i];
        if (!isnan(change->p))
            change->p = p[test++];
        change->change = judge(change, rule, above[i], tests);
        comparison->counts[change->change]++;
    }
    comparison->needed = samples_needed(rule, tests);
    comparison->geometric_mean = NAN;
    struct nb_sample sample = {0};
    if (measured > 0 && code == NB_OK)
        code = nb_sample_make(&sample, ratios, measured, error);
    if (sample.n > 0)
        comparison->geometric_mean = nb_geometric_mean(&sample);
    nb_sample_free(&sample);
    return code;
}

enum nb_code nb_benchmark_compare(struct nb_benchmark_comparison *comparison,
                                  const struct nb_benchmark_file *a,
                                  const struct nb_benchmark_file *b, const struct nb_filter *filter,
                                  const struct nb_comparison_rule *rule, struct nb_error *error) {
    size_t room = a->count + b->count + 1;
    *comparison = (struct nb_benchmark_comparison){0};
    comparison->changes = calloc(room, sizeof *comparison->changes);
    double *numbers = calloc(3 * room, sizeof *numbers);
    enum nb_code code;
    if (comparison->changes != NULL && numbers != NULL) {
        pair(comparison, a, b, filter);
        code = judge_all(comparison, rule, numbers, numbers + room, numbers + 2 * room, error);
    } else {
        code = nb_error_set(error, NB_FAILED, "not enough memory to compare %zu rows; free some",
                            room);
    }
    free(numbers);
    if (code != NB_OK)
        nb_benchmark_comparison_free(comparison);
    return code;
}

void nb_benchmark_comparison_free(struct nb_benchmark_comparison *comparison) {
    free(comparison->changes);
    *comparison = (struct nb_benchmark_comparison){0};
}

// Measured anew each time, or what a comparison is about.
static bool expected_to_differ(const char *key) {
    static const char *const keys[] = {"date",        "executable", "load",    "load_avg",
                                       "mhz_per_cpu", "seed",       "commit",  "noise_floor",
                                       "dirty",       "version",    "ceilings"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

// Adds what differs between the objects a and b, whose own path is `prefix`: "machine.".
static void add_differences(json_t *list, const char *prefix, const json_t *a, const json_t *b) {
    const char *key;
    json_t *of_a;
    json_object_foreach((json_t *)a, key, of_a) {
        json_t *of_b = json_object_get(b, key);
        char path[256];
        if (of_b == NULL || expected_to_differ(key))
            continue;
        snprintf(path, sizeof path, "%s%s", prefix, key);
        if (json_is_object(of_a) && json_is_object(of_b) && strlen(path) + 2 < sizeof path) {
            strcat(path, ".");
            add_differences(list, path, of_a, of_b);
        } else if (!json_equal(of_a, of_b)) {
            json_array_append_new(list, json_pack("{ss sO sO}", "key", path, "a", of_a, "b", of_b));
        }
    }
}

json_t *nb_benchmark_context_differences(const struct nb_benchmark_file *a,
                                         const struct nb_benchmark_file *b) {
    json_t *list = json_array();
    if (list != NULL)
        add_differences(list, "", a->context, b->context);
    return list;
}
