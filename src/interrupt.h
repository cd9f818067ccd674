// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM as a wish to stop: the first one is remembered, so that what was reached can
// be kept; the second one ends the process at once.
#ifndef NB_SRC_INTERRUPT_H
#define NB_SRC_INTERRUPT_H

#include "src/error.h"

// From here on the signals are caught.
void nb_interrupt_catch(void);

// NB_OK, or the exit code of the signal that came: NB_INTERRUPTED or NB_TERMINATED.
enum nb_code nb_interrupt_code(void);

#endif
