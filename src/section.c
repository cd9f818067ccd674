// SPDX-License-Identifier: MIT
#include "src/section.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/number.h"

static bool same_section(const struct nb_study_run *a, const struct nb_study_run *b) {
    return strcmp(a->shared, b->shared) == 0 && strcmp(a->lr_rule, b->lr_rule) == 0 &&
           a->lr_base == b->lr_base && a->epochs == b->epochs && a->timing == b->timing;
}

// Whether some results have what is timed here, so that the times belong to them.
static bool has_results(const struct nb_study *study, const char *shared) {
    for (size_t i = 0; i < study->count; i++)
        if (!study->runs[i].timing && strcmp(study->runs[i].shared, shared) == 0)
            return true;
    return false;
}

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// Sorts values (count) and drops what is there twice; returns how many are left.
static size_t distinct(uint64_t *values, size_t count) {
    size_t kept = 0;
    qsort(values, count, sizeof *values, ascending);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || values[i] != values[kept - 1])
            values[kept++] = values[i];
    return kept;
}

static bool fill(struct nb_section *section, const struct nb_study *study) {
    static const enum nb_norm shown[] = {NB_NORM_BATCH, NB_NORM_LAYER, NB_NORM_NONE};
    uint64_t *batches = calloc(study->count, sizeof *batches);
    section->seeds = calloc(study->count, sizeof *section->seeds);
    section->timed = calloc(study->count, sizeof *section->timed);
    section->batch_sizes = calloc(study->count, sizeof *section->batch_sizes);
    if (!batches || !section->seeds || !section->timed || !section->batch_sizes) {
        free(batches);
        return false;
    }
    bool norms[3] = {false};
    size_t count = 0;
    for (size_t i = 0; i < section->count; i++) {
        batches[count++] = section->runs[i].batch_size;
        section->seeds[i] = section->runs[i].seed;
        norms[section->runs[i].norm] = true;
    }
    section->seed_count = distinct(section->seeds, section->count);
    for (size_t i = 0; i < study->count; i++) {
        const struct nb_study_run *run = &study->runs[i];
        if (!run->alone || run->outcome != NB_OUTCOME_OK ||
            strcmp(run->shared, section->like->shared) != 0)
            continue;
        section->timed[section->timed_count++] = run;
        if (section->count == 0) {
            batches[count++] = run->batch_size;
            norms[run->norm] = true;
        }
    }
    section->batch_count = distinct(batches, count);
    for (size_t i = 0; i < section->batch_count; i++)
        section->batch_sizes[i] = (size_t)batches[i];
    for (int i = 0; i < 3; i++)
        if (norms[shown[i]])
            section->norms[section->norm_count++] = shown[i];
    free(batches);
    return true;
}

// The section with most results first, else in the order of the study.
static int larger_first(const void *left, const void *right) {
    const struct nb_section *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->like > b->like) - (a->like < b->like);
}

enum nb_code nb_sections_make(struct nb_sections *sections, const struct nb_study *study,
                              struct nb_error *error) {
    *sections = (struct nb_sections){.sections = calloc(study->count, sizeof(struct nb_section))};
    bool filled = sections->sections != NULL;
    for (size_t i = 0, next; filled && i < study->count; i = next) {
        const struct nb_study_run *first = &study->runs[i];
        for (next = i + 1; next < study->count;)
            // Times without results differ in their epochs; they are one section all the same.
            if (first->timing ? strcmp(first->shared, study->runs[next].shared) == 0
                              : same_section(first, &study->runs[next]))
                next++;
            else
                break;
        if (first->timing && has_results(study, first->shared))
            continue;
        struct nb_section *section = &sections->sections[sections->count++];
        *section = (struct nb_section){
            .runs = first, .count = first->timing ? 0 : next - i, .like = first};
        filled = fill(section, study);
    }
    if (filled && sections->count > 0)
        qsort(sections->sections, sections->count, sizeof *sections->sections, larger_first);
    if (filled)
        return NB_OK;
    nb_sections_free(sections);
    return nb_error_set(error, NB_FAILED,
                        "not enough memory for the sections of the study; free some");
}

void nb_sections_free(struct nb_sections *sections) {
    for (size_t i = 0; i < sections->count; i++) {
        free(sections->sections[i].timed);
        free(sections->sections[i].batch_sizes);
        free(sections->sections[i].seeds);
    }
    free(sections->sections);
    *sections = (struct nb_sections){0};
}

const struct nb_study_run *nb_section_run(const struct nb_section *section, enum nb_norm norm,
                                          size_t batch_size, uint64_t seed) {
    for (size_t i = 0; i < section->count; i++) {
        const struct nb_study_run *run = &section->runs[i];
        if (run->norm == norm && run->batch_size == batch_size && run->seed == seed)
            return run;
    }
    return NULL;
}

// "1 to 5", or "1, 3, 8".
static void list_seeds(FILE *stream, const struct nb_section *section) {
    const uint64_t *seeds = section->seeds;
    size_t count = section->seed_count;
    if (count > 2 && seeds[count - 1] - seeds[0] == count - 1) {
        fprintf(stream, "seeds %" PRIu64 " to %" PRIu64, seeds[0], seeds[count - 1]);
        return;
    }
    fprintf(stream, count == 1 ? "seed" : "seeds");
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%" PRIu64, i == 0 ? " " : ", ", seeds[i]);
}

bool nb_section_describe(const struct nb_section *section, char text[NB_SECTION_TEXT]) {
    const struct nb_study_run *like = section->like;
    char lr[NB_NUMBER_TEXT];
    nb_number_exact(lr, like->lr_base);
    FILE *stream = fmemopen(text, NB_SECTION_TEXT, "w");
    *text = '\0';
    if (stream == NULL)
        return false;
    fprintf(stream, "%s", like->shared);
    if (section->count > 0) {
        if (strcmp(like->lr_rule, "fixed") == 0)
            fprintf(stream, "; learning rate %s", lr);
        else
            fprintf(stream, "; learning rate %s at batch size 128, %s in the batch size", lr,
                    strcmp(like->lr_rule, "linear") == 0 ? "linear" : "as the square root");
        fprintf(stream, ", %zu epoch%s, ", like->epochs, like->epochs == 1 ? "" : "s");
        list_seeds(stream, section);
    }
    fclose(stream);
    text[NB_SECTION_TEXT - 1] = '\0';
    return true;
}

void nb_section_title(const struct nb_section *section, char text[NB_SECTION_TEXT]) {
    const struct nb_study_run *like = section->like;
    int dataset = (int)strcspn(like->shared, ",");
    char lr[NB_NUMBER_TEXT], rule[32] = "";
    nb_number_exact(lr, like->lr_base);
    if (strcmp(like->lr_rule, "fixed") != 0)
        snprintf(rule, sizeof rule, " (%s)", like->lr_rule);
    const char *paper = like->paper ? ", the network of Ba, Kiros and Hinton" : "";
    if (section->count == 0)
        snprintf(text, NB_SECTION_TEXT, "%.*s%s, times only", dataset, like->shared, paper);
    else
        snprintf(text, NB_SECTION_TEXT, "%.*s%s, learning rate %s%s, %zu epoch%s", dataset,
                 like->shared, paper, lr, rule, like->epochs, like->epochs == 1 ? "" : "s");
}
