// SPDX-License-Identifier: MIT
// The options that choose what is measured, for every program that measures rows. Such a command's
// options begin with a struct nb_request_options, so that these offsets hold for it.
#ifndef NB_BENCH_REQUEST_H
#define NB_BENCH_REQUEST_H

#include "bench/selection.h"
#include "src/list_options.h"

struct nb_request_options {
    const char *problems, *filter, *preset, *peers, *peers_isa;
    struct nb_counts threads;
    struct nb_choices isas, dtypes, caches;
};

extern const struct nb_option nb_request_options[]; // ended by one without a name

// What they ask for; without --preset, NORMBENCH_BENCH names the preset. The request points to the
// options' texts. NB_USAGE with the remedy when a list is not understood, and for an ISA that this
// computer lacks.
enum nb_code nb_request_read(struct nb_request *request, struct nb_request_options *options,
                             struct nb_error *error);

#endif
