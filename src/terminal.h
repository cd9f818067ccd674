// SPDX-License-Identifier: MIT
// What may be written to a stream: colour, box-drawing characters, how many columns.
#ifndef NB_SRC_TERMINAL_H
#define NB_SRC_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

bool nb_terminal(FILE *stream); // the stream is a terminal
bool nb_terminal_dumb(void);    // TERM is unset, empty or "dumb": no escape sequences
bool nb_terminal_colour(
    FILE *stream); // a terminal that is not dumb, and NO_COLOR is unset or empty
bool nb_terminal_utf8(
    FILE *stream); // a terminal, and the user's locale (not this process's) is UTF-8
size_t nb_terminal_width(FILE *stream); // columns; 80 when unknown

// Columns that UTF-8 text takes, at one per character; what a table and a bar align by.
size_t nb_terminal_columns(const char *text);

#endif
