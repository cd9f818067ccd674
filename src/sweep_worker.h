// SPDX-License-Identifier: MIT
// A cell that is trained by a process of its own. That keeps cells side by side apart: each has its
// own team of threads, its own memory, and its own way to end. The parent never starts a thread.
#ifndef NB_SRC_SWEEP_WORKER_H
#define NB_SRC_SWEEP_WORKER_H

#include <jansson.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "src/machine.h"
#include "src/sweep_cell.h"

struct nb_sweep_worker {
    const struct nb_sweep_cell *cell; // NULL: idle
    pid_t pid;
    int pipe;             // what it sends comes out here, to poll
    _Atomic size_t *rows; // trained so far: shared with the process
    char *text;           // what it has sent, (length)
    size_t length;
    char started[24]; // UTC
    double host_load; // NaN: unknown
    bool alone;       // the parent's: no other cell has run at the same time
};

// Gets the worker ready to start; NB_FAILED when memory is short. nb_sweep_worker_free undoes it.
enum nb_code nb_sweep_worker_make(struct nb_sweep_worker *worker, struct nb_error *error);

// Starts a process for the cell, which must not be an impossible one. It closes the descriptor
// `private` (-1: none) at once, and dies with its parent. NB_FAILED when the system refuses.
enum nb_code nb_sweep_worker_start(struct nb_sweep_worker *worker, const struct nb_sweep_cell *cell,
                                   const struct nb_machine *machine, int private,
                                   struct nb_error *error);

// Takes what the process has sent; waits if it has sent nothing yet. When that was all, *record is
// the cell's record and the worker idle again; before that it is NULL. NB_FAILED when the process
// failed; the worker is idle then, too.
enum nb_code nb_sweep_worker_take(struct nb_sweep_worker *worker, json_t **record,
                                  struct nb_error *error);

// Ends the process at once and drops what it did. Takes an idle worker, too.
void nb_sweep_worker_stop(struct nb_sweep_worker *worker);
void nb_sweep_worker_free(struct nb_sweep_worker *worker);

// The record of a cell that cannot be trained.
json_t *nb_sweep_impossible(const struct nb_sweep_cell *cell, const struct nb_machine *machine);

#endif
