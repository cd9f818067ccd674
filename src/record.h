// SPDX-License-Identifier: MIT
// The record of a run as JSON: everything that was asked for, what ran, and what came out. Numbers
// that are not finite are null, so that every JSON parser reads it.
#ifndef NB_SRC_RECORD_H
#define NB_SRC_RECORD_H

#include <stdio.h>

#include "src/json.h"
#include "src/machine.h"
#include "src/run.h"

#define NB_RECORD_SCHEMA 1

enum nb_record_form {
    NB_RECORD_LINE,     // one line: for files of many records
    NB_RECORD_INDENTED, // for people
};

// The record of a run that has ended. A new reference; NULL when memory is short.
json_t *nb_record_json(const struct nb_run *run, const struct nb_machine *machine);

// Writes the record and a newline. NB_FAILED when memory is short or the stream takes no more.
enum nb_code nb_record_write(FILE *stream, const struct nb_run *run,
                             const struct nb_machine *machine, enum nb_record_form form,
                             struct nb_error *error);

#endif
