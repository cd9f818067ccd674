// SPDX-License-Identifier: MIT
// The commands of the program, and what is said of the program as a whole.
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

enum { NB_COMMANDS = 9 };
extern const struct nb_command *const nb_commands[NB_COMMANDS + 1]; // all of them, ended by NULL

extern const char nb_program_about[];      // lines of at most 80 columns
extern const char nb_program_exit_codes[]; // the same
extern const char nb_program_examples[];   // one a line

#endif
