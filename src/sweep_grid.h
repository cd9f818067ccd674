// SPDX-License-Identifier: MIT
// The grid of a sweep: lists of settings, every combination of which is a cell.
#ifndef NB_SRC_SWEEP_GRID_H
#define NB_SRC_SWEEP_GRID_H

#include "src/command.h"
#include "src/list_options.h"
#include "src/machine_options.h"
#include "src/settings_options.h"

// How the learning rate follows the batch size: lr, lr * B / 128, lr * sqrt(B / 128).
enum nb_lr_rule { NB_LR_FIXED, NB_LR_LINEAR, NB_LR_SQRT };
#define NB_LR_REFERENCE 128
extern const char *const nb_lr_rule_names[]; // ended by NULL

// What a grid is made of. The lists stand for the fields of the same meaning in the settings.
struct nb_grid {
    struct nb_settings settings; // first: the offsets of the settings' options hold
    struct nb_choices datasets, norms;
    struct nb_counts batch_sizes, seeds;
    struct nb_reals lrs; // for batch size NB_LR_REFERENCE
    enum nb_lr_rule lr_rule;
    bool isas[NB_ISA_COUNT];         // those that are not usable count as not named
    struct nb_thread_counts threads; // of timing cells
    size_t timing_epochs;            // 0: no timing cells
};

struct nb_grid nb_grid_default(void);

// The options of a grid, as groups for a command whose options begin with a struct nb_grid.
extern const struct nb_option nb_grid_list_options[], nb_grid_timing_options[];
extern const char *const nb_grid_lists[]; // names of their options that the lists stand for
// clang-format off
#define NB_GRID_GROUPS                                                       \
    {"Grid", nb_grid_list_options},                                          \
    {"Timing (changes the time, never the result)", nb_grid_timing_options}, \
    {"Network", nb_model_options},                                           \
    {"Training", nb_training_options},                                       \
    {"Data", nb_data_options}
// clang-format on

// The option of that name, or NULL.
const struct nb_option *nb_grid_option(const char *name);

// The learning rate at a batch size.
double nb_grid_lr(enum nb_lr_rule rule, double lr, uint64_t batch_size);

#endif
