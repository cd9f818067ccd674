// SPDX-License-Identifier: MIT
#include "src/claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/embedded.h"

const char *const nb_verdict_names[] = {"undecided", "supported", "not supported"};

enum { LARGE_BATCH = 32, LEAST_BATCHES = 3, PAPER_SMALL = 4, PAPER_LARGE = 128 };
#define SIMILAR 0.005 // of the test accuracy

static void append(char text[NB_CLAIM_TEXT], const char *line, size_t length) {
    size_t used = strlen(text);
    snprintf(text + used, NB_CLAIM_TEXT - used, "%s%.*s", used == 0 ? "" : " ", (int)length, line);
}

void nb_claim_read(struct nb_claim *claim, size_t index) {
    const struct nb_embedded *file = nb_embedded_file("claims.txt");
    const char *line = (const char *)file->bytes, *end = line + file->size;
    size_t seen = 0;
    *claim = (struct nb_claim){0};
    for (size_t length; line < end; line += length + 1) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        length = (size_t)((stop == NULL ? end : stop) - line);
        bool name = length > 0 && *line != '#' && *line != ' ';
        if (name && seen++ == index)
            snprintf(claim->name, sizeof claim->name, "%.*s", (int)length, line);
        if (seen != index + 1 || length < 8 || *line != ' ')
            continue;
        append(strncmp(line, "  claim ", 8) == 0 ? claim->claim : claim->rule, line + 8,
               length - 8);
    }
}

// The claims before the last are about any network but the paper's, which has two batch sizes.
bool nb_claim_applies(size_t index, const struct nb_results *results) {
    return results->pairing_count > 0 && results->section->like->paper == (index == NB_CLAIMS - 1);
}

void nb_pairings_list(FILE *stream, const struct nb_results *results, enum nb_measure measure,
                      enum nb_ahead ahead, size_t least) {
    size_t listed = 0;
    for (size_t i = 0; i < results->pairing_count; i++) {
        const struct nb_pairing *pairing = &results->pairings[i];
        if (pairing->batch_size >= least && nb_pairing_ahead(pairing, measure) == ahead)
            fprintf(stream, "%s%zu", listed++ == 0 ? "" : ", ", pairing->batch_size);
    }
    if (listed == 0)
        fputs("none", stream);
}

static enum nb_verdict judge_faster(const struct nb_results *results, FILE *evidence) {
    size_t of[4] = {0}; // by enum nb_ahead
    for (size_t i = 0; i < results->pairing_count; i++)
        if (results->pairings[i].batch_size >= LARGE_BATCH)
            of[nb_pairing_ahead(&results->pairings[i], NB_MEAN_LOSS)]++;
    size_t judged = of[NB_AHEAD_BATCH] + of[NB_AHEAD_LAYER] + of[NB_AHEAD_NEITHER];
    fprintf(evidence,
            "Mean training loss over all epochs, %zu batch sizes from %d on with %d pairs or more. "
            "BatchNorm is ahead at %zu of them: ",
            judged, LARGE_BATCH, NB_LEAST_PAIRS, of[NB_AHEAD_BATCH]);
    nb_pairings_list(evidence, results, NB_MEAN_LOSS, NB_AHEAD_BATCH, LARGE_BATCH);
    fprintf(evidence, ". LayerNorm is ahead at %zu: ", of[NB_AHEAD_LAYER]);
    nb_pairings_list(evidence, results, NB_MEAN_LOSS, NB_AHEAD_LAYER, LARGE_BATCH);
    fprintf(evidence, ".");
    if (judged < LEAST_BATCHES)
        return NB_UNDECIDED;
    return 2 * of[NB_AHEAD_BATCH] > judged    ? NB_SUPPORTED
           : 2 * of[NB_AHEAD_LAYER] >= judged ? NB_NOT_SUPPORTED
                                              : NB_UNDECIDED;
}

// Highest minus lowest accuracy of one seed over the batch sizes (count) that are given by
// pairings, or, in the paper's section, over its two. NaN when a run is missing or diverged.
static double spread(const struct nb_results *results, enum nb_norm norm, uint64_t seed,
                     bool paper) {
    double low = INFINITY, high = -INFINITY;
    size_t found = 0;
    for (size_t i = 0; i < results->pairing_count; i++) {
        size_t batch_size = results->pairings[i].batch_size;
        if (paper && batch_size != PAPER_SMALL && batch_size != PAPER_LARGE)
            continue;
        const struct nb_study_run *run = nb_section_run(results->section, norm, batch_size, seed);
        double value = run == NULL ? NAN : nb_measure_of(run, NB_LAST_ACCURACY, &results->targets);
        if (isnan(value))
            return NAN;
        low = fmin(low, value);
        high = fmax(high, value);
        found++;
    }
    return found < (paper ? 2 : LEAST_BATCHES) ? NAN : high - low;
}

// The paired difference of the spreads, BatchNorm minus LayerNorm.
static enum nb_code compare_spreads(const struct nb_results *results, bool paper,
                                    struct nb_estimate *difference, FILE *evidence,
                                    struct nb_error *error) {
    const struct nb_section *section = results->section;
    size_t count = section->seed_count;
    double *values = calloc(3 * count + 1, sizeof *values);
    if (values == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory for %zu seeds; free some", count);
    for (size_t i = 0; i < count; i++) {
        double batch = spread(results, NB_NORM_BATCH, section->seeds[i], paper),
               layer = spread(results, NB_NORM_LAYER, section->seeds[i], paper);
        values[i] = batch - layer;
        values[count + i] = isnan(values[i]) ? NAN : batch;
        values[2 * count + i] = isnan(values[i]) ? NAN : layer;
    }
    struct nb_estimate of[2];
    enum nb_code code = nb_estimate_make(difference, values, count, error);
    for (size_t i = 0; i < 2 && code == NB_OK; i++)
        code = nb_estimate_make(&of[i], values + (i + 1) * count, count, error);
    free(values);
    if (code == NB_OK && difference->n > 0)
        fprintf(evidence,
                " Test accuracies are apart by %.2f percentage points with BatchNorm and %.2f "
                "with LayerNorm (medians over %zu seeds); difference %.2f, interval %.2f to %.2f.",
                100 * of[0].median, 100 * of[1].median, difference->n, 100 * difference->median,
                100 * difference->median_in.low, 100 * difference->median_in.high);
    else if (code == NB_OK)
        fprintf(evidence, " No seed has a test accuracy at all batch sizes that are needed.");
    return code;
}

static enum nb_verdict side(const struct nb_estimate *difference) {
    if (difference->n < NB_LEAST_PAIRS)
        return NB_UNDECIDED;
    return difference->median_in.low > 0    ? NB_SUPPORTED
           : difference->median_in.high < 0 ? NB_NOT_SUPPORTED
                                            : NB_UNDECIDED;
}

static enum nb_code judge_stable(const struct nb_results *results, FILE *evidence,
                                 enum nb_verdict *verdict, struct nb_error *error) {
    size_t diverged[2] = {0};
    for (size_t i = 0; i < results->pairing_count; i++)
        for (int k = 0; k < 2; k++)
            diverged[k] += results->pairings[i].diverged[k];
    fprintf(evidence, "Runs that diverged: %zu with BatchNorm, %zu with LayerNorm.", diverged[0],
            diverged[1]);
    struct nb_estimate difference = {0};
    enum nb_code code = compare_spreads(results, false, &difference, evidence, error);
    *verdict = side(&difference);
    if (diverged[0] != diverged[1])
        *verdict = diverged[0] > diverged[1] ? NB_SUPPORTED : NB_NOT_SUPPORTED;
    if (results->section->seed_count < NB_LEAST_PAIRS || results->pairing_count < LEAST_BATCHES)
        *verdict = NB_UNDECIDED;
    return code;
}

static enum nb_verdict judge_dynamics(const struct nb_results *results, FILE *evidence) {
    size_t similar = 0, differ = 0;
    for (int differing = 0; differing < 2; differing++) {
        size_t listed = 0;
        fprintf(evidence, differing ? " The training loss of the first epoch differs at: "
                                    : "Similar test accuracy at batch sizes: ");
        for (size_t i = 0; i < results->pairing_count; i++) {
            const struct nb_pairing *pairing = &results->pairings[i];
            const struct nb_interval *last = &pairing->of[NB_LAST_ACCURACY].median_in,
                                     *first = &pairing->of[NB_FIRST_LOSS].median_in;
            if (pairing->of[NB_LAST_ACCURACY].n < NB_LEAST_PAIRS || !(last->low >= -SIMILAR) ||
                !(last->high <= SIMILAR))
                continue;
            bool apart = first->low > 0 || first->high < 0;
            if (differing && !apart)
                continue;
            similar += !differing;
            differ += differing;
            fprintf(evidence, "%s%zu", listed++ == 0 ? "" : ", ", pairing->batch_size);
        }
        fprintf(evidence, listed == 0 ? "none." : ".");
    }
    return similar == 0           ? NB_UNDECIDED
           : 2 * differ > similar ? NB_SUPPORTED
           : differ == 0          ? NB_NOT_SUPPORTED
                                  : NB_UNDECIDED;
}

static enum nb_code judge_paper(const struct nb_results *results, FILE *evidence,
                                enum nb_verdict *verdict, struct nb_error *error) {
    static const char *const names[] = {"fewer than five pairs", "neither is ahead",
                                        "BatchNorm is ahead", "LayerNorm is ahead"};
    size_t layer = 0, batch = 0, said = 0;
    for (size_t i = 0; i < results->pairing_count; i++) {
        const struct nb_pairing *pairing = &results->pairings[i];
        if (pairing->batch_size != PAPER_SMALL && pairing->batch_size != PAPER_LARGE)
            continue;
        enum nb_ahead ahead = nb_pairing_ahead(pairing, NB_MEAN_LOSS);
        layer += ahead == NB_AHEAD_LAYER;
        batch += ahead == NB_AHEAD_BATCH;
        fprintf(evidence, "%sean training loss over all epochs at batch size %zu: %s.",
                said++ == 0 ? "M" : " M", pairing->batch_size, names[ahead]);
    }
    struct nb_estimate difference = {0};
    enum nb_code code = compare_spreads(results, true, &difference, evidence, error);
    enum nb_verdict robust = side(&difference);
    *verdict = layer == 2 && robust == NB_SUPPORTED      ? NB_SUPPORTED
               : batch > 0 || robust == NB_NOT_SUPPORTED ? NB_NOT_SUPPORTED
                                                         : NB_UNDECIDED;
    return code;
}

enum nb_code nb_claim_judge(size_t index, const struct nb_results *results,
                            enum nb_verdict *verdict, char evidence[NB_CLAIM_TEXT],
                            struct nb_error *error) {
    *evidence = '\0';
    *verdict = NB_UNDECIDED;
    FILE *stream = fmemopen(evidence, NB_CLAIM_TEXT, "w");
    if (stream == NULL)
        return nb_error_set(error, NB_FAILED,
                            "not enough memory for the evidence of a claim; free some");
    enum nb_code code = NB_OK;
    switch (index) {
    case 0:
        *verdict = judge_faster(results, stream);
        break;
    case 1:
        code = judge_stable(results, stream, verdict, error);
        break;
    case 2:
        *verdict = judge_dynamics(results, stream);
        break;
    default:
        code = judge_paper(results, stream, verdict, error);
    }
    fclose(stream);
    evidence[NB_CLAIM_TEXT - 1] = '\0';
    return code;
}
