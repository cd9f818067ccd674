// SPDX-License-Identifier: MIT
// The records that a sweep has: which cells are done, and whether records of the same computation
// have the same bits, on every ISA of the contract, with any number of threads, however many epochs
// each of them ran.
#ifndef NB_SRC_SWEEP_RECORDS_H
#define NB_SRC_SWEEP_RECORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "src/sweep_cell.h"

// What is kept of the records of a sweep: which cells are there, and their bits.
struct nb_sweep_records {
    struct nb_sweep_record {
        char id[NB_FINGERPRINT], bits[NB_FINGERPRINT];
        char what[NB_CELL_TEXT_SIZE]; // for people
        bool exact;                   // on an ISA of the contract
        bool diverged;
        json_t *digests;
    } * all; // (count)
    size_t count;
    bool no_memory; // some record could not be kept
};

// Keeps what is needed of a record; a nb_record_fn for struct nb_sweep_records. False when it is no
// record of a sweep.
bool nb_sweep_records_add(void *records, const json_t *record);

bool nb_sweep_records_have(const struct nb_sweep_records *records, const char *id);

// Compares all records with the same bits. Writes a line to `stream` for each that differs from the
// longest of them, and returns how many do. Sorts the records.
size_t nb_sweep_records_compare(struct nb_sweep_records *records, FILE *stream);

void nb_sweep_records_free(struct nb_sweep_records *records);

#endif
