// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stddef.h>

const struct nb_command *const nb_commands[NB_COMMANDS + 1] = {
    &nb_command_info,       &nb_command_bench,  &nb_command_train,
    &nb_command_experiment, &nb_command_sweep,  &nb_command_report,
    &nb_command_check,      &nb_command_verify, &nb_command_compare,
};

const char nb_program_about[] =
    "Measures how normalization behaves and what it costs when a network is trained on\n"
    "a CPU: BatchNorm against LayerNorm on MNIST, with the same bits on every\n"
    "instruction set and for any number of threads, and the losses of PyTorch.";

const char nb_program_exit_codes[] =
    "Exit codes: 0 done, 1 a check or the system failed, 2 wrong usage, 3 data missing\n"
    "or damaged, 130 and 143 interrupted.";

const char nb_program_examples[] = "  normbench experiment\n"
                                   "  normbench train --norm layer --batch-size 4 --epochs 3\n"
                                   "  normbench verify";
