// SPDX-License-Identifier: MIT
#include "src/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/file.h"
#include "src/lines.h"

// The index of the text under `key` in `names` (count), or `count`.
static size_t choice(const json_t *object, const char *key, const char *const *names,
                     size_t count) {
    const char *text = json_string_value(json_object_get(object, key));
    for (size_t i = 0; text != NULL && i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return count;
}

static const char *text_of(const json_t *object, const char *key, const char *missing) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? missing : text;
}

static size_t count_of(const json_t *object, const char *key) {
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (size_t)value : 0;
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

// What must be the same for two runs to be compared, apart from the learning rate and the number of
// epochs, which a timing run need not share. Files of another content give other digests.
static void describe(FILE *stream, const json_t *record) {
    const json_t *config = json_object_get(record, "config"),
                 *data = json_object_get(record, "data"),
                 *machine = json_object_get(record, "machine"),
                 *sums = json_object_get(data, "sha256");
    fprintf(stream, "%s, %zu training and %zu test rows", text_of(config, "dataset", "?"),
            count_of(data, "rows"), count_of(data, "test_rows"));
    if (!json_is_true(json_object_get(data, "published")))
        fprintf(stream, " (not the published files: training images %.12s)",
                text_of(sums, "train_images", "unknown"));
    fprintf(stream, ", %zu", count_of(data, "features"));
    size_t index;
    json_t *width;
    json_array_foreach(json_object_get(config, "hidden"), index, width)
        fprintf(stream, "-%" JSON_INTEGER_FORMAT, json_integer_value(width));
    fprintf(stream, "-%zu, %s", count_of(config, "classes"),
            strcmp(text_of(config, "optimizer", "?"), "sgd") == 0 ? "SGD" : "Adam");
    if (number_of(config, "momentum") > 0)
        fprintf(stream, ", %smomentum %g",
                json_is_true(json_object_get(config, "nesterov")) ? "Nesterov " : "",
                number_of(config, "momentum"));
    if (number_of(config, "weight_decay") > 0)
        fprintf(stream, ", weight decay %g", number_of(config, "weight_decay"));
    fprintf(stream, ", %s, on %s with %zu of %zu cores, %s", text_of(config, "dtype", "?"),
            text_of(machine, "cpu", "an unknown CPU"), count_of(machine, "usable_cores"),
            count_of(machine, "cores"),
            text_of(json_object_get(machine, "build"), "compiler", "an unknown compiler"));
}

// Whether statistics of the figure are finite: of sums of 2^32 such figures, and of quotients of
// two.
static bool in_range(double figure) { return fabs(figure) <= 1e150; }

static bool is_whole(const struct nb_point *point) {
    return in_range(point->train_loss) && in_range(point->test_loss) &&
           in_range(point->test_accuracy) && in_range(point->seconds) && point->seconds > 0 &&
           in_range(1 / point->seconds);
}

static enum nb_code read_points(const struct nb_lines *lines, struct nb_study_run *run) {
    const json_t *epochs = json_object_get(run->record, "epochs");
    run->point_count = json_array_size(epochs);
    run->points = calloc(run->point_count + 1, sizeof *run->points);
    if (run->points == NULL)
        return nb_lines_no_memory(lines);
    size_t index;
    json_t *epoch;
    json_array_foreach(epochs, index, epoch) {
        struct nb_point *point = &run->points[index];
        *point = (struct nb_point){number_of(epoch, "train_loss"), number_of(epoch, "test_loss"),
                                   number_of(epoch, "test_accuracy"), number_of(epoch, "seconds")};
        if (count_of(epoch, "epoch") != index + 1)
            return nb_lines_refuse(
                lines, "epoch %zu is missing; remove the line and run the sweep again", index + 1);
        if (run->outcome == NB_OUTCOME_OK && !is_whole(point))
            return nb_lines_refuse(lines,
                                   "epoch %zu of a run that ended well lacks a figure, or has one "
                                   "that cannot be; remove the line and run the sweep again",
                                   index + 1);
    }
    if (run->outcome == NB_OUTCOME_OK && run->point_count != run->epochs)
        return nb_lines_refuse(lines,
                               "%zu of %zu epochs, though the run ended well; remove the line and "
                               "run the sweep again",
                               run->point_count, run->epochs);
    return NB_OK;
}

// The settings of the paper's section 6.6.
static bool is_paper(const json_t *record) {
    const json_t *config = json_object_get(record, "config"),
                 *hidden = json_object_get(config, "hidden");
    return json_array_size(hidden) == 2 && json_integer_value(json_array_get(hidden, 0)) == 1000 &&
           json_integer_value(json_array_get(hidden, 1)) == 1000 &&
           strcmp(text_of(config, "optimizer", ""), "adam") == 0 &&
           count_of(json_object_get(record, "data"), "rows") == 55000;
}

static enum nb_code read_run(const struct nb_lines *lines, struct nb_study_run *run) {
    static const char *const outcomes[] = {"ok", "diverged", "impossible"}, *const purposes[] = {
                                                                                "convergence",
                                                                                "timing"};
    const json_t *record = run->record, *config = json_object_get(record, "config"),
                 *data = json_object_get(record, "data"),
                 *effective = json_object_get(record, "effective");
    if (json_integer_value(json_object_get(record, "schema")) != 1)
        return nb_lines_refuse(lines, "not a record of schema 1; use the normbench that wrote it");
    size_t norm = choice(config, "norm", nb_norm_names, 3),
           outcome = choice(record, "status", outcomes, NB_OUTCOMES),
           purpose = choice(record, "purpose", purposes, 2);
    const json_t *lr = json_object_get(config, "lr"), *seed = json_object_get(config, "seed");
    run->norm = (enum nb_norm)norm;
    run->outcome = (enum nb_outcome)outcome;
    run->timing = purpose == 1;
    run->alone = json_is_true(json_object_get(record, "alone"));
    run->batch_size = count_of(config, "batch_size");
    run->epochs = count_of(config, "epochs");
    run->rows = count_of(data, "rows");
    run->lr = json_number_value(lr);
    run->lr_rule = text_of(record, "lr_rule", "fixed");
    run->lr_base =
        json_is_number(json_object_get(record, "lr_base")) ? number_of(record, "lr_base") : run->lr;
    run->seed = (uint64_t)json_integer_value(seed);
    run->isa = nb_isa_by_name(text_of(effective, "isa", ""));
    run->threads = count_of(effective, "threads");
    run->reason = text_of(record, "reason", NULL);
    run->bits = text_of(record, "bits", NULL);
    run->digests = json_object_get(record, "digests");
    run->program =
        text_of(json_object_get(json_object_get(record, "machine"), "build"), "commit", NULL);
    run->paper = is_paper(record);
    const char *missing = norm == 3                          ? "config.norm"
                          : outcome == NB_OUTCOMES           ? "status"
                          : purpose == 2                     ? "purpose"
                          : run->batch_size == 0             ? "config.batch_size"
                          : run->epochs == 0                 ? "config.epochs"
                          : run->rows == 0                   ? "data.rows"
                          : !json_is_number(lr)              ? "config.lr"
                          : !json_is_integer(seed)           ? "config.seed"
                          : outcome == NB_OUTCOME_IMPOSSIBLE ? NULL
                          : run->isa == NB_ISA_COUNT         ? "effective.isa"
                          : run->threads == 0                ? "effective.threads"
                                                             : NULL;
    if (missing != NULL)
        return nb_lines_refuse(
            lines,
            "no record of a sweep: %s is missing or unknown; remove the line and "
            "run the sweep again",
            missing);
    size_t size;
    FILE *stream = open_memstream(&run->shared, &size);
    if (stream != NULL)
        describe(stream, record);
    if (!nb_text_close(stream, &run->shared))
        return nb_lines_no_memory(lines);
    return read_points(lines, run);
}

// Keeps the record, which belongs to the study from then on.
static enum nb_code add_run(const struct nb_lines *lines, struct nb_study *study, json_t *record) {
    void *larger = realloc(study->runs, (study->count + 1) * sizeof *study->runs);
    if (larger == NULL) {
        json_decref(record);
        return nb_lines_no_memory(lines);
    }
    study->runs = larger;
    struct nb_study_run *run = &study->runs[study->count++];
    *run = (struct nb_study_run){.record = record, .line = lines->number};
    return read_run(lines, run);
}

static enum nb_code read_runs(struct nb_lines *lines, struct nb_study *study) {
    enum nb_code code;
    json_t *record;
    while ((code = nb_lines_next(lines, &record)) == NB_OK && record != NULL) {
        code = add_run(lines, study, record);
        if (code != NB_OK)
            return code;
    }
    if (code == NB_OK && lines->whole < lines->length)
        return nb_lines_refuse(lines,
                               "cut or damaged; run the sweep again, which repairs the file");
    if (code == NB_OK && study->count == 0)
        return nb_error_set(lines->error, NB_DATA, "'%.300s' holds no records; run a sweep first",
                            lines->path);
    return code;
}

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

// Everything that tells runs apart but the line, and then what they gave, so that two runs are in
// the same order in every file.
static int compare_settings(const struct nb_study_run *a, const struct nb_study_run *b) {
    int order = strcmp(a->shared, b->shared);
    order = order == 0 ? strcmp(a->lr_rule, b->lr_rule) : order;
    if (order != 0)
        return order;
    ORDER(a->timing, b->timing);
    ORDER(a->lr_base, b->lr_base);
    ORDER(a->epochs, b->epochs);
    ORDER(a->batch_size, b->batch_size);
    ORDER(a->norm, b->norm);
    ORDER(a->seed, b->seed);
    return 0;
}

// By all that they say: rare, for two timings to be equal to the last digit.
static int compare_records(const json_t *left, const json_t *right) {
    const size_t flags = JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY;
    char *a = json_dumps(left, flags), *b = json_dumps(right, flags);
    const int order = a == NULL || b == NULL ? 0 : strcmp(a, b);
    free(a);
    free(b);
    return order;
}

static int compare_runs(const void *left, const void *right) {
    const struct nb_study_run *a = left, *b = right;
    int order = compare_settings(a, b);
    if (order != 0)
        return order;
    ORDER(a->isa, b->isa);
    ORDER(a->threads, b->threads);
    for (size_t i = 0; i < a->point_count && i < b->point_count; i++)
        ORDER(a->points[i].seconds, b->points[i].seconds);
    return compare_records(a->record, b->record);
}

// One setting and seed has one result: a second would count it twice.
static enum nb_code check_repeated(struct nb_lines *lines, const struct nb_study *study) {
    for (size_t i = 1; i < study->count; i++) {
        const struct nb_study_run *a = &study->runs[i - 1], *b = &study->runs[i];
        if (a->timing || compare_settings(a, b) != 0)
            continue;
        lines->number = a->line > b->line ? a->line : b->line;
        return nb_lines_refuse(lines, "the same setting and seed as line %zu; remove one of them",
                               a->line > b->line ? b->line : a->line);
    }
    return NB_OK;
}

enum nb_code nb_study_read(struct nb_study *study, const char *folder, struct nb_error *error) {
    *study = (struct nb_study){0};
    char *path;
    if (asprintf(&path, "%s/records.jsonl", folder) < 0)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    struct nb_lines lines;
    enum nb_code code = nb_lines_open(&lines, path, error);
    if (code == NB_OK)
        code = read_runs(&lines, study);
    if (code == NB_OK) {
        qsort(study->runs, study->count, sizeof *study->runs, compare_runs);
        code = check_repeated(&lines, study);
    }
    nb_lines_free(&lines);
    free(path);
    if (code != NB_OK)
        nb_study_free(study);
    return code;
}

void nb_study_free(struct nb_study *study) {
    for (size_t i = 0; i < study->count; i++) {
        free(study->runs[i].shared);
        free(study->runs[i].points);
        json_decref(study->runs[i].record);
    }
    free(study->runs);
    *study = (struct nb_study){0};
}

size_t nb_study_differing(const struct nb_study *study, size_t *compared) {
    size_t differing = 0;
    *compared = 0;
    for (size_t i = 0; i < study->count; i++)
        for (size_t k = i + 1; k < study->count; k++) {
            const struct nb_study_run *a = &study->runs[i], *b = &study->runs[k];
            if (a->bits == NULL || b->bits == NULL || strcmp(a->bits, b->bits) != 0 ||
                a->isa == NB_ISA_COUNT || b->isa == NB_ISA_COUNT || !nb_isa_exact(a->isa) ||
                !nb_isa_exact(b->isa))
                continue;
            size_t both = json_array_size(a->digests), other = json_array_size(b->digests);
            both = both < other ? both : other;
            bool differ = false;
            for (size_t e = 0; e < both; e++)
                differ |= !json_equal(json_array_get(a->digests, e), json_array_get(b->digests, e));
            *compared += both > 0;
            differing += differ;
        }
    return differing;
}
