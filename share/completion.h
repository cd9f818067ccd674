// SPDX-License-Identifier: MIT
// Completions for shells, from the same tables as --help: commands, options, the words that options
// take, files and folders.
#ifndef NB_SHARE_COMPLETION_H
#define NB_SHARE_COMPLETION_H

#include <stdio.h>

void nb_completion_bash(FILE *stream);
void nb_completion_zsh(FILE *stream); // to be called _normbench in a folder of $fpath
void nb_completion_fish(FILE *stream);

#endif
