// SPDX-License-Identifier: MIT
// Checked first: whether an implementation computes what the scalar table does, before it is timed.
#ifndef NB_BENCH_VERDICT_H
#define NB_BENCH_VERDICT_H

#include "bench/row.h"
#include "bench/team.h"

// Prepares operands->wanted: what the scalar table makes of the inputs. Of a large problem only
// some pieces are computed, a few hundred million operations in all, spread from its first to its
// last row or column; contract rule 7 makes a piece of a call equal to the same part of the whole.
void nb_verdict_prepare(const struct nb_operands *operands);

// Runs the row's job once on set 0 and compares every output with operands->wanted to the bit or,
// if the implementation is not exact, with the tester's high-precision reference within its bound.
// What a peer leaves out is not compared; what it sums over all rows is compared with the sum of
// the reference's blocks.
// Sets row->verdict and row->error; set 0 is afterwards as it was. NB_FAILED when memory is short.
enum nb_code nb_verdict_reach(struct nb_row *row, const struct nb_job *job, struct nb_error *error);

#endif
