// SPDX-License-Identifier: MIT
// What a sweep consists of: one or more grids. A file names them, as text:
//
//   # a comment
//   epochs 10                   an option of `normbench sweep` and its value, for all parts that
//   follow [mnist]                     a part: one grid batch-sizes 2..4096*2       an option of
//   this part
//
// A file without parts is one grid.
#ifndef NB_SRC_SWEEP_FILE_H
#define NB_SRC_SWEEP_FILE_H

#include "src/sweep_grid.h"

#define NB_PART_NAME 32
#define NB_MAX_PARTS 32

struct nb_sweep_part {
    char name[NB_PART_NAME]; // "sweep" where nobody names it
    struct nb_grid grid;
};

struct nb_sweep_parts {
    struct nb_sweep_part *parts; // (count)
    size_t count;                // at least 1
    char *text;                  // what the values of the parts point into
};

// The files that are part of the program: "smoke", "default", ... ended by NULL.
extern const char *const nb_sweep_presets[];

// Reads the preset or the file `name`; NULL: one part of the defaults. What the user has given wins
// in every part; it may hold options that are not of a grid. NB_USAGE with the line's number and
// the remedy when there is no such file or it cannot be understood. nb_sweep_parts_free releases
// it; after a failure there is nothing to release.
enum nb_code nb_sweep_parts_read(struct nb_sweep_parts *parts, const char *name,
                                 const struct nb_given *given, struct nb_error *error);
void nb_sweep_parts_free(struct nb_sweep_parts *parts);

#endif
