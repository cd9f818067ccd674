// SPDX-License-Identifier: MIT
// What a section of a study gave: each setting over its seeds, and BatchNorm against LayerNorm
// seed by seed.
#ifndef NB_SRC_RESULTS_H
#define NB_SRC_RESULTS_H

#include "src/measure.h"
#include "src/section.h"
#include "src/speed.h"

// One normalization at one batch size.
struct nb_setting {
    enum nb_norm norm;
    size_t batch_size;
    double lr;                  // NaN: there is no run
    size_t counts[NB_OUTCOMES]; // runs by how they ended
    const char *reason;         // why runs are impossible; NULL: none is, or it is not said
    struct nb_estimate of[NB_MEASURES];
    size_t reached_loss, reached_accuracy; // runs that came to the target
};

// BatchNorm minus LayerNorm at one batch size, over the seeds with which both ended well.
struct nb_pairing {
    size_t batch_size;
    size_t diverged[2];                // runs with batch norm, with layer norm
    struct nb_estimate of[NB_TO_LOSS]; // of the differences; not of epochs to a target, which
                                       // have no difference where one is not reached
    size_t negative[NB_TO_LOSS], positive[NB_TO_LOSS]; // seeds by the sign of the difference
};

struct nb_results {
    const struct nb_section *section;
    struct nb_targets targets;
    struct nb_setting *settings; // (batch_count, norm_count) of the section
    struct nb_pairing *pairings; // (pairing_count) batch sizes that both can have
    size_t pairing_count;
    struct nb_speeds speeds;
};

// Evaluates the section, which must outlive the results. NB_FAILED when memory is short.
// nb_results_free releases them.
enum nb_code nb_results_make(struct nb_results *results, const struct nb_section *section,
                             const struct nb_targets *targets, struct nb_error *error);
void nb_results_free(struct nb_results *results);

// Which of the two is ahead, by the rule of docs/report.md: the interval of the median difference
// lies on one side of zero.
enum nb_ahead {
    NB_AHEAD_UNKNOWN, // fewer than NB_LEAST_PAIRS pairs
    NB_AHEAD_NEITHER, // the interval holds zero
    NB_AHEAD_BATCH,
    NB_AHEAD_LAYER,
};
#define NB_LEAST_PAIRS 5
enum nb_ahead nb_pairing_ahead(const struct nb_pairing *pairing, enum nb_measure measure);

#endif
