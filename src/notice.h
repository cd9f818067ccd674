// SPDX-License-Identifier: MIT
// What the commands that train say on stderr about a run.
#ifndef NB_SRC_NOTICE_H
#define NB_SRC_NOTICE_H

#include "src/dataset.h"
#include "src/run.h"

// Which data set it is and where it was found; that its checksums are not the published ones.
void nb_notice_dataset(const struct nb_dataset *dataset);

// What is going to run: `what` ("batch norm"), the settings, the ISA and the threads.
void nb_notice_begin(const struct nb_run *run, const char *what);

// Why the run ended early, with advice; nothing for one that did not.
void nb_notice_end(const struct nb_run *run);

#endif
