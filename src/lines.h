// SPDX-License-Identifier: MIT
// The lines of a file of records, one JSON object each, read from the first to the last.
#ifndef NB_SRC_LINES_H
#define NB_SRC_LINES_H

#include <jansson.h>
#include <stddef.h>

#include "src/error.h"

struct nb_lines {
    const char *path;       // the caller's, for messages
    struct nb_error *error; // the caller's; every function here that fails fills it
    char *bytes;            // (length) the whole file
    size_t length;
    size_t whole;  // bytes of the undamaged lines so far
    size_t number; // of the line that was read last, from 1
};

// Reads the file at `path`, or one that is open. NB_DATA when it cannot be read, NB_FAILED when
// memory is short. nb_lines_free releases it, also after a failure.
enum nb_code nb_lines_open(struct nb_lines *lines, const char *path, struct nb_error *error);
enum nb_code nb_lines_load(struct nb_lines *lines, int descriptor, const char *path,
                           struct nb_error *error);

// The next record, which the caller releases; NULL at the end. A last line that was cut or damaged,
// as power loss and a full disk leave it, is the end, too, and then `whole` is less than `length`.
// NB_DATA for damage elsewhere and for what is no object; NB_FAILED when memory is short.
enum nb_code nb_lines_next(struct nb_lines *lines, json_t **record);

// NB_DATA: what is wrong with the line that was read last, and the remedy.
__attribute__((format(printf, 2, 3))) enum nb_code nb_lines_refuse(const struct nb_lines *lines,
                                                                   const char *format, ...);

// NB_FAILED for want of memory, which says nothing about the line.
enum nb_code nb_lines_no_memory(const struct nb_lines *lines);

void nb_lines_free(struct nb_lines *lines);

#endif
