// SPDX-License-Identifier: MIT
// Where the time of a run went, as a table: seconds and share of each phase of training, and for
// the products how near they came to the most that this machine can do.
#ifndef NB_SRC_PROFILE_TABLE_H
#define NB_SRC_PROFILE_TABLE_H

#include <stdio.h>

#include "src/run.h"

// Means over the finished epochs of a run with nb_run_profile; nothing if there are none. Measures
// the peak of the run's ISA and threads, which takes a fraction of a second.
void nb_profile_table(FILE *stream, const struct nb_run *run);

#endif
