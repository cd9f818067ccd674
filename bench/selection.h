// SPDX-License-Identifier: MIT
// What is measured: problems, and in which dtypes, on which ISAs, with how many threads, with
// hot or cold caches. A preset names several selections; the user's options override their parts.
#ifndef NB_BENCH_SELECTION_H
#define NB_BENCH_SELECTION_H

#include "bench/peer.h"
#include "bench/row.h"

#define NB_MAX_THREAD_COUNTS 8

enum nb_preset { NB_PRESET_QUICK, NB_PRESET_DEFAULT, NB_PRESET_FULL };

extern const char *const nb_preset_names[]; // ended by NULL

struct nb_request {
    enum nb_preset preset;
    const char *problems; // descriptors instead of the preset's; NULL: the preset's
    const char
        *filter; // regular expression of row names, "-" in front: what does not match; NULL: all
    bool dtypes[NB_DTYPES];   // none: the preset's
    bool isas[NB_ISA_COUNT];  // usable ones; none: the preset's
    bool hot, cold;           // neither: the preset's
    bool peers[NB_MAX_PEERS]; // of nb_peers, beside ours; what is not there at run time is left out
    size_t threads[NB_MAX_THREAD_COUNTS]; // ascending; 0 ends them; none: 1 and default_threads
    size_t default_threads;
};

// Rows in the order of the tables: those of one problem and dtype follow one another.
struct nb_selection {
    struct nb_problems problems;
    struct nb_row *rows; // (count)
    size_t count, room;
};

// NB_USAGE with the remedy when the request cannot be understood or selects nothing.
// nb_selection_free releases it.
enum nb_code nb_selection_make(struct nb_selection *selection, const struct nb_request *request,
                               struct nb_error *error);
void nb_selection_free(struct nb_selection *selection);

// The first row after `first` that belongs to another group.
size_t nb_selection_group_end(const struct nb_selection *selection, size_t first);

// Whether there are rows of peers.
bool nb_selection_has_peers(const struct nb_selection *selection);

// Once all is measured: finds for each row of ours the fastest peer for the same problem and dtype,
// with as many threads and the same caches. NB_FAILED when memory is short.
enum nb_code nb_selection_compare(struct nb_selection *selection, struct nb_error *error);

// An empty row of a problem, with what follows from the formula.
struct nb_row nb_row_of(const struct nb_problem *problem, enum nb_dtype dtype,
                        const struct nb_implementation *implementation, size_t threads, bool cold);

#endif
