// SPDX-License-Identifier: MIT
// The options that define a training run, for every command that trains. Such a command's options
// begin with a struct nb_settings, so that these offsets hold for it.
#ifndef NB_SRC_SETTINGS_OPTIONS_H
#define NB_SRC_SETTINGS_OPTIONS_H

#include "src/command.h"
#include "src/settings.h"

// The options of groups for struct nb_command. The normalization is not among them: one command
// takes one, another a list.
extern const struct nb_option nb_model_options[];    // the network
extern const struct nb_option nb_training_options[]; // how it learns
extern const struct nb_option
    nb_machine_options[]; // what it runs on: changes the time, never the result
extern const struct nb_option nb_data_options[]; // what it learns from

extern const char *const nb_dataset_names[]; // ended by NULL

#endif
