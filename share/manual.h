// SPDX-License-Identifier: MIT
// Manual pages in man(7), from the same tables as --help.
#ifndef NB_SHARE_MANUAL_H
#define NB_SHARE_MANUAL_H

#include <stdio.h>

#include "src/command.h"

// normbench(1): the program and its commands.
void nb_manual_program(FILE *stream);

// normbench-<command>(1). NB_FAILED when memory runs out.
enum nb_code nb_manual_command(const struct nb_command *command, FILE *stream,
                               struct nb_error *error);

#endif
