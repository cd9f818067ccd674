// SPDX-License-Identifier: MIT
// An output file that appears whole or not at all: it is written under a temporary name beside its
// place, then renamed.
#ifndef NB_SRC_FILE_H
#define NB_SRC_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "src/error.h"

struct nb_file {
    FILE *stream; // to write to; NULL: not open
    char *path;   // where it is going to appear, without links: two with the same spoil each other
    char *temporary; // what it is called until then; NULL: path is written directly
    bool unnamed;    // it gets that name only when it is whole
};

// Opens an output that is going to be at `path`; "-" is standard output. A path that leads to
// something that is not a regular file, such as /dev/null or a pipe, is written directly. NB_FAILED
// with the remedy when it cannot be written.
enum nb_code nb_file_open(struct nb_file *file, const char *path, struct nb_error *error);

// Closes the file and gives it its name. NB_FAILED when any write since nb_file_open failed: the
// disk is full, the reader has gone. The file is closed either way, and after a failure the path is
// as it was before.
enum nb_code nb_file_commit(struct nb_file *file, struct nb_error *error);

// Closes the file and removes what was written. Does nothing to a file that is not open.
void nb_file_discard(struct nb_file *file);

// Closes a stream of open_memstream. Whether all that was written is in *text, which the caller
// frees either way; NULL closes nothing and is false.
bool nb_text_close(FILE *stream, char *const *text);

// What helps when the system refuses a path for this errno: "; free some space and start again", or
// an empty text.
const char *nb_file_remedy(int reason);

// Makes the folder and those above it, if they are not there. NB_FAILED with the remedy when it
// cannot be made, or nothing can be written into it.
enum nb_code nb_folder_make(const char *path, struct nb_error *error);

#endif
