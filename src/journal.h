// SPDX-License-Identifier: MIT
// A file of records, one JSON object per line, that only grows and survives whatever ends its
// writer: a line is in it whole or not at all.
#ifndef NB_SRC_JOURNAL_H
#define NB_SRC_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "src/error.h"

struct nb_journal {
    int descriptor; // also holds the lock; a child of this process must close it
    char *path;
    off_t size;     // bytes, all of them whole lines
    size_t lines;   // in the file
    size_t dropped; // bytes of a damaged last line that nb_journal_open has cut off
};

// Is shown each record; returns false when it is not of the kind that the file holds.
typedef bool (*nb_record_fn)(void *user, const json_t *record);

// Opens the journal at `path`, which is made if it is not there, locks it against other processes,
// and shows all records that it holds. A last line that was cut or damaged, as power loss and a
// full disk leave it, is cut off. NB_DATA with the line's number for damage elsewhere and for
// foreign records: the file then stays as it is. NB_USAGE when another process writes it, NB_FAILED
// when the system refuses. nb_journal_close releases it; after a failure there is nothing to
// release.
enum nb_code nb_journal_open(struct nb_journal *journal, const char *path, nb_record_fn show,
                             void *user, struct nb_error *error);

// Shows the records of a journal that somebody else may be writing, and changes nothing; a damaged
// last line is passed over. A file that is not there holds no records. NB_DATA as above.
enum nb_code nb_journal_read(const char *path, nb_record_fn show, void *user,
                             struct nb_error *error);

// Adds a record, and returns when the disk has it. NB_FAILED with the remedy when it does not: the
// file is then as it was before.
enum nb_code nb_journal_append(struct nb_journal *journal, const json_t *record,
                               struct nb_error *error);

void nb_journal_close(struct nb_journal *journal);

#endif
