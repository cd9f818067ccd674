// SPDX-License-Identifier: MIT
// Published settings, trained again on every ISA and number of threads: does each run give the
// published bits?
#ifndef NB_SRC_VERIFICATION_H
#define NB_SRC_VERIFICATION_H

#include <jansson.h>

#include "kernels/kernels.h"
#include "src/machine_options.h"
#include "src/published.h"

// Every ISA is tried with every number of threads.
struct nb_places {
    enum nb_isa isas[NB_ISA_COUNT];
    size_t threads[NB_MAX_THREAD_COUNTS];
    size_t isa_count, thread_count;
};

struct nb_verification {
    struct nb_places places;
    bool publish;       // compare with the first run of each setting instead, and store its digests
    size_t count, runs; // settings and runs that were tried
    size_t differing;   // settings
    const struct nb_published *first_differing; // borrowed from the list; NULL: none
    json_t *settings;                           // every run with its digests
};

// Tries all settings of the list; the caller has filled `places` and `publish`, the rest is zero.
// A row of a table for each goes to `people`, a bar to standard error. Whole data sets are searched
// in `data_dir`, or as nb_dataset_load does when that is NULL, and must be the published ones;
// NB_DATA before anything is trained if they are not. The code of a signal when one came.
// nb_verification_free releases the result, also after a failure.
enum nb_code nb_verification_run(struct nb_verification *verification,
                                 struct nb_published_list *list, const char *data_dir, FILE *people,
                                 struct nb_error *error);
void nb_verification_free(struct nb_verification *verification);

// Everything as JSON, this machine included; NULL when memory is short.
json_t *nb_verification_json(const struct nb_verification *verification);

#endif
