// SPDX-License-Identifier: MIT
#include "src/results.h"

#include <math.h>
#include <stdlib.h>

static enum nb_code fill_setting(struct nb_setting *setting, const struct nb_results *results,
                                 double *values, struct nb_error *error) {
    const struct nb_section *section = results->section;
    enum nb_code code = NB_OK;
    setting->lr = NAN;
    for (enum nb_measure measure = 0; measure < NB_MEASURES && code == NB_OK; measure++) {
        size_t count = 0;
        for (size_t s = 0; s < section->seed_count; s++) {
            const struct nb_study_run *run =
                nb_section_run(section, setting->norm, setting->batch_size, section->seeds[s]);
            if (run == NULL)
                continue;
            double value = nb_measure_of(run, measure, &results->targets);
            values[count++] = value;
            bool reached = value <= (double)run->epochs;
            setting->reached_loss += measure == NB_TO_LOSS && reached;
            setting->reached_accuracy += measure == NB_TO_ACCURACY && reached;
            if (measure > 0)
                continue;
            setting->lr = run->lr;
            setting->counts[run->outcome]++;
            setting->reason = run->reason == NULL ? setting->reason : run->reason;
        }
        code = nb_estimate_make(&setting->of[measure], values, count, error);
    }
    return code;
}

// *both becomes false when one of the normalizations has no run at that batch size, or can have
// none.
static enum nb_code fill_pairing(struct nb_pairing *pairing, const struct nb_results *results,
                                 double *values, bool *both, struct nb_error *error) {
    const struct nb_section *section = results->section;
    size_t runs[2] = {0};
    enum nb_code code = NB_OK;
    for (enum nb_measure measure = 0; measure < NB_TO_LOSS && code == NB_OK; measure++) {
        size_t count = 0;
        for (size_t s = 0; s < section->seed_count; s++) {
            static const enum nb_norm norms[2] = {NB_NORM_BATCH, NB_NORM_LAYER};
            double of[2] = {NAN, NAN};
            for (int i = 0; i < 2; i++) {
                const struct nb_study_run *run =
                    nb_section_run(section, norms[i], pairing->batch_size, section->seeds[s]);
                if (run == NULL)
                    continue;
                of[i] = nb_measure_of(run, measure, &results->targets);
                runs[i] += measure == 0 && run->outcome != NB_OUTCOME_IMPOSSIBLE;
                pairing->diverged[i] += measure == 0 && run->outcome == NB_OUTCOME_DIVERGED;
            }
            double difference = of[0] - of[1];
            pairing->negative[measure] += difference < 0;
            pairing->positive[measure] += difference > 0;
            values[count++] = difference;
        }
        code = nb_estimate_make(&pairing->of[measure], values, count, error);
    }
    *both = runs[0] > 0 && runs[1] > 0;
    return code;
}

enum nb_code nb_results_make(struct nb_results *results, const struct nb_section *section,
                             const struct nb_targets *targets, struct nb_error *error) {
    size_t count = section->batch_count * section->norm_count;
    double *values = calloc(section->seed_count + 1, sizeof *values);
    *results = (struct nb_results){
        .section = section,
        .targets = *targets,
        .settings = calloc(count + 1, sizeof(struct nb_setting)),
        .pairings = calloc(section->batch_count + 1, sizeof(struct nb_pairing)),
    };
    enum nb_code code = nb_speeds_make(&results->speeds, section, error);
    if (code == NB_OK && (!values || !results->settings || !results->pairings))
        code =
            nb_error_set(error, NB_FAILED, "not enough memory for %zu settings; free some", count);
    for (size_t i = 0; i < count && code == NB_OK; i++) {
        struct nb_setting *setting = &results->settings[i];
        setting->batch_size = section->batch_sizes[i / section->norm_count];
        setting->norm = section->norms[i % section->norm_count];
        code = fill_setting(setting, results, values, error);
    }
    for (size_t i = 0; i < section->batch_count && code == NB_OK; i++) {
        struct nb_pairing *pairing = &results->pairings[results->pairing_count];
        *pairing = (struct nb_pairing){.batch_size = section->batch_sizes[i]};
        bool both;
        code = fill_pairing(pairing, results, values, &both, error);
        results->pairing_count += both;
    }
    free(values);
    if (code != NB_OK)
        nb_results_free(results);
    return code;
}

void nb_results_free(struct nb_results *results) {
    free(results->settings);
    free(results->pairings);
    nb_speeds_free(&results->speeds);
    *results = (struct nb_results){0};
}

enum nb_ahead nb_pairing_ahead(const struct nb_pairing *pairing, enum nb_measure measure) {
    const struct nb_estimate *difference = &pairing->of[measure];
    size_t batch = pairing->diverged[0], layer = pairing->diverged[1];
    if (difference->n + (batch > layer ? batch : layer) < NB_LEAST_PAIRS)
        return NB_AHEAD_UNKNOWN;
    if (batch != layer) // no loss is worse than that of a run that diverged
        return batch < layer ? NB_AHEAD_BATCH : NB_AHEAD_LAYER;
    if (difference->n < NB_LEAST_PAIRS)
        return NB_AHEAD_UNKNOWN;
    bool low_is_good = measure != NB_LAST_ACCURACY;
    if (difference->median_in.high < 0)
        return low_is_good ? NB_AHEAD_BATCH : NB_AHEAD_LAYER;
    if (difference->median_in.low > 0)
        return low_is_good ? NB_AHEAD_LAYER : NB_AHEAD_BATCH;
    return NB_AHEAD_NEITHER;
}
