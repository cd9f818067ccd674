// SPDX-License-Identifier: MIT
// One training run from its settings: what is trained, how far it came and what it gave. Stopping
// early, by a signal or because the loss is no longer finite, is a result like any other.
#ifndef NB_SRC_RUN_H
#define NB_SRC_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/dataset.h"
#include "src/error.h"
#include "src/settings.h"
#include "src/trainer.h"

#define NB_DIGEST 72

struct nb_run {
    struct nb_settings settings;
    struct nb_dataset view;           // the data set, cut to the settings' training rows; borrowed
    const struct nb_dataset *dataset; // the view
    const char *isa;                  // what runs, where the settings say auto
    size_t threads;
    size_t parameters;
    bool profiled;           // each epoch has its phases
    struct nb_epoch *epochs; // (epoch_count); the last one may be unfinished, see struct nb_epoch
    size_t epoch_count;
    size_t steps; // of the whole run
    enum nb_status status;
    uint64_t peak_resident_bytes; // of this process when the run ended; 0: unknown
    char init_digest[NB_DIGEST], weights_digest[NB_DIGEST];
    struct nb_trainer *trainer; // until nb_run_end
};

// Called after each step of `rows` rows; short, for it is part of the time measured.
typedef void (*nb_watch_fn)(void *user, const struct nb_run *run, size_t rows, double loss);

// Checks the settings and builds the initial model; `dataset` must outlive the run, which must stay
// where it is in memory. NB_USAGE when
// there can be no such run, NB_FAILED when memory is short; nothing needs releasing then.
enum nb_code nb_run_begin(struct nb_run *run, const struct nb_settings *settings,
                          const struct nb_dataset *dataset, struct nb_error *error);

// Every epoch from now on says where its time went. NB_FAILED when memory is short.
enum nb_code nb_run_profile(struct nb_run *run, struct nb_error *error);

// Trains the next epoch and appends it. False, having done nothing, when the run is over. `watch`
// may be NULL.
bool nb_run_epoch(struct nb_run *run, nb_watch_fn watch, void *user);

// Takes the final digest and the peak of the memory, and releases the model; the results stay until
// nb_run_free.
void nb_run_end(struct nb_run *run);
void nb_run_free(struct nb_run *run);

// Whether the epoch came to its end, so that its losses and its test result exist.
bool nb_epoch_finished(const struct nb_epoch *epoch);

double nb_epoch_accuracy(const struct nb_run *run,
                         const struct nb_epoch *epoch); // share of the test rows
double nb_epoch_speed(const struct nb_epoch *epoch);    // samples per second; NaN before the first

#endif
