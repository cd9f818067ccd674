// SPDX-License-Identifier: MIT
// One training run: the model, its optimizer and the epochs, on the kernels of one ISA and a team
// of threads.
#ifndef NB_SRC_TRAINER_H
#define NB_SRC_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "src/dataset.h"
#include "src/error.h"
#include "src/profile.h"
#include "src/settings.h"

struct nb_trainer;

// What one epoch gave. After an epoch that did not finish, the losses are NaN and `samples` says
// how far it came.
struct nb_epoch {
    size_t epoch;      // from 1
    double train_loss; // mean over samples
    double test_loss;  // mean over samples, running statistics for batch norm
    size_t test_correct;
    double seconds; // training only, wall time
    size_t samples, steps;
    double phases[NB_PHASE_COUNT]; // seconds, mean over the threads; with nb_trainer_profile
};

enum nb_status { NB_STATUS_OK, NB_STATUS_DIVERGED, NB_STATUS_INTERRUPTED };
const char *nb_status_name(enum nb_status status); // "ok", "diverged", "interrupted"

// Called by one thread after each step, outside of no timed work, so keep it short. Return false to
// stop the run.
typedef bool (*nb_step_fn)(void *user, size_t step_of_epoch, size_t steps_of_epoch, double loss);

// Builds the initial model as PyTorch does after torch.manual_seed(settings->seed). `dataset` must
// outlive the trainer. settings->threads and ->isa are ignored in favour of `threads` (>= 1) and
// `isa` (usable). NB_FAILED when memory is short; the settings must have passed nb_settings_check.
enum nb_code nb_trainer_create(struct nb_trainer **trainer, const struct nb_settings *settings,
                               const struct nb_dataset *dataset, enum nb_isa isa, size_t threads,
                               struct nb_error *error);
void nb_trainer_free(struct nb_trainer *trainer);

// From now on every epoch says where its time went. NB_FAILED when memory is short.
enum nb_code nb_trainer_profile(struct nb_trainer *trainer, struct nb_error *error);

// Trains one epoch and evaluates on the test set. NB_STATUS_DIVERGED when a loss of training is not
// finite: training stops at that step. NB_STATUS_INTERRUPTED when `step` returned false. `step` may
// be NULL.
enum nb_status nb_trainer_epoch(struct nb_trainer *trainer, nb_step_fn step, void *user,
                                struct nb_epoch *epoch);

// Names and sizes of the parameters in digest order: layer by layer weight, bias, gamma, beta.
// Copies parameter `index` in PyTorch's (out, in) order, widened to double, into `values` if that
// is not NULL. Returns its length; 0 past the end. `name` is PyTorch's for nn.Sequential of the
// reference program: "net.0.weight".
size_t nb_trainer_parameter(const struct nb_trainer *trainer, size_t index, char name[32],
                            double *values);

size_t nb_trainer_parameter_count(const struct nb_trainer *trainer); // scalars in all

// "sha256:" and the SHA-256 of all parameters in digest order, little-endian, in the run's
// precision; only "sha256:" when memory is short.
void nb_trainer_digest(const struct nb_trainer *trainer, char digest[72]);

// The order of the training rows in the latest epoch, (train.rows); NULL before the first.
const uint32_t *nb_trainer_order(const struct nb_trainer *trainer);

// ISA and threads that run, for the record; the ISA as the kernels in use name themselves.
const char *nb_trainer_isa(const struct nb_trainer *trainer);
size_t nb_trainer_threads(const struct nb_trainer *trainer);

#endif
