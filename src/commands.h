// SPDX-License-Identifier: MIT
// The commands of the program; main.c lists them.
#ifndef NB_SRC_COMMANDS_H
#define NB_SRC_COMMANDS_H

#include "src/command.h"

extern const struct nb_command nb_command_bench;
extern const struct nb_command nb_command_info;
extern const struct nb_command nb_command_train;
extern const struct nb_command nb_command_experiment;
extern const struct nb_command nb_command_sweep;
extern const struct nb_command nb_command_check;
extern const struct nb_command nb_command_verify;
extern const struct nb_command nb_command_compare;
extern const struct nb_command nb_command_report;

#endif
