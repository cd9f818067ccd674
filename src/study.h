// SPDX-License-Identifier: MIT
// The records of a sweep, read from records.jsonl: docs/study.md says what a line holds. The order
// of the lines does not matter: a study holds its runs in an order of their own.
#ifndef NB_SRC_STUDY_H
#define NB_SRC_STUDY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "src/error.h"
#include "src/settings.h"

enum nb_outcome { NB_OUTCOME_OK, NB_OUTCOME_DIVERGED, NB_OUTCOME_IMPOSSIBLE, NB_OUTCOMES };

// One epoch; NaN: the record says null.
struct nb_point {
    double train_loss, test_loss, test_accuracy, seconds;
};

// One record. The texts belong to `record`, but for `shared`.
struct nb_study_run {
    char *shared; // all that runs of one section have in common, for people, without the training
    bool timing;  // measured for its seconds over a few epochs; else for its results
    bool alone;   // no other cell ran meanwhile: its seconds are speeds
    enum nb_norm norm;
    size_t batch_size, epochs; // as asked for
    size_t rows;               // of the training set
    double lr, lr_base;        // used, and what the rule makes it from
    const char *lr_rule;       // "fixed", "linear", "sqrt"
    uint64_t seed;
    enum nb_isa isa;
    size_t threads;
    enum nb_outcome outcome;
    const char *reason;      // why it is impossible, or NULL
    const char *bits;        // runs of the same bits are the same computation; NULL: not known
    const json_t *digests;   // an array of texts, one for each epoch; NULL: not known
    const char *program;     // the commit that measured, or NULL
    struct nb_point *points; // (point_count)
    size_t point_count;
    bool paper;  // the network, optimizer and rows of Ba, Kiros and Hinton 2016
    size_t line; // in the file, from 1
    json_t *record;
};

struct nb_study {
    struct nb_study_run *runs; // (count) ordered by what they are, not by line
    size_t count;
};

// Reads folder/records.jsonl. NB_DATA with the line's number and the remedy for a line that is not
// a whole record of schema 1, for two results of one setting and seed, for no records at all, and
// for a file that cannot be read; NB_FAILED when memory is short. nb_study_free releases it; after
// a failure there is nothing to release.
enum nb_code nb_study_read(struct nb_study *study, const char *folder, struct nb_error *error);
void nb_study_free(struct nb_study *study);

// Runs of the same bits whose digests differ in an epoch that both have, `autovec` aside: a fault
// of the program that measured. *compared becomes the number of pairs that were looked at.
size_t nb_study_differing(const struct nb_study *study, size_t *compared);

#endif
