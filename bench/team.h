// SPDX-License-Identifier: MIT
// Runs an implementation on the operands of a problem, with one thread or several, and times it.
#ifndef NB_BENCH_TEAM_H
#define NB_BENCH_TEAM_H

#include "bench/implementation.h"
#include "bench/operands.h"

struct nb_job {
    const struct nb_implementation *implementation;
    const struct nb_operands *operands;
    size_t threads;
    bool cold;    // each call on another set
    bool checked; // a call on set 0 as it was given: the results are wanted there
};

struct nb_elapsed {
    double wall, cpu; // seconds; cpu is that of the whole process
};

// Whether this problem can be divided: one of a kernel without cuts, or of a single unit, cannot.
bool nb_team_divides(const struct nb_problem *problem, enum nb_dtype dtype, size_t threads);

// The most threads that a parallel region gets here, up to `wanted`.
size_t nb_team_limit(size_t wanted);

// `calls` calls, one after another. The threads divide the outputs: rows, in blocks where the
// kernel asks for these; columns, in whole cache lines, where it allows no rows, or of a product
// with more columns than rows. Of a large problem of a kernel with steps they divide each step, and
// wait for one another in between. They start together and wait for one another after every call,
// as the next kernel of a training step would have them do: this is timed, starting them is not. A
// cold job walks through the sets in a scattered order and goes on, from call to call, where *next
// says. A peer that wants to is called with all threads at once, or runs the calls by itself.
struct nb_elapsed nb_team_run(const struct nb_job *job, size_t calls, size_t *next);

// Bytes from the first set to that of call number `call` of a cold job.
size_t nb_team_set(const struct nb_job *job, size_t call);

// Prepares the row's implementation, if it is a peer's, before it is run: sets its table. On
// failure there is nothing to close.
enum nb_code nb_team_open(const struct nb_job *job, struct nb_implementation *implementation,
                          struct nb_error *error);
void nb_team_close(struct nb_implementation *implementation);

#endif
