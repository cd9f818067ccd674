// SPDX-License-Identifier: MIT
// What this machine can do at most, measured in the same run as the rows that are held against it:
// arithmetic in registers, and the bandwidth of each level of the memory.
#ifndef NB_BENCH_CEILING_H
#define NB_BENCH_CEILING_H

#include "bench/group.h"
#include "bench/selection.h"
#include "src/machine.h"

enum nb_level { NB_L1, NB_L2, NB_L3, NB_MEMORY, NB_LEVELS };
enum nb_stream { NB_READ, NB_WRITE, NB_COPY, NB_STREAMS };

const char *nb_level_name(enum nb_level level);    // "L1", "memory"
const char *nb_stream_name(enum nb_stream stream); // "read"

// Of one ISA and number of threads.
struct nb_ceiling {
    enum nb_isa isa;
    size_t threads;
    double flops[NB_DTYPES];             // per second
    double bytes[NB_LEVELS][NB_STREAMS]; // per second; NaN: there is no such cache
};

#define NB_MAX_CEILINGS (NB_ISA_COUNT * NB_MAX_THREAD_COUNTS)

struct nb_ceilings {
    struct nb_ceiling all[NB_MAX_CEILINGS]; // (count)
    size_t count;
    size_t capacity[NB_LEVELS]; // bytes that one core can use alone, all cores together of the
                                // last; 0: none
    size_t largest;             // bytes of the largest cache, as the system reports it
};

// What a core finds at each level.
void nb_ceilings_begin(struct nb_ceilings *ceilings, const struct nb_machine *machine);

// Measures what these rows need. NB_FAILED when memory is short; NB_OK also when interrupted, with
// what there is.
enum nb_code nb_ceilings_measure(struct nb_ceilings *ceilings, const struct nb_row *rows,
                                 size_t count, const struct nb_timing *timing,
                                 struct nb_error *error);

// The bytes that no cache holds: what cold rows rotate over, and what each array has on which the
// bandwidth of memory is measured. Four times the largest cache, from 64 MiB to 256: the rule of
// STREAM (McCalpin). Less is not enough where threads lie on several caches of that size, of which
// the system shows one.
size_t nb_ceilings_beyond_caches(const struct nb_ceilings *ceilings);

// Sets row->ceiling and row->least: the longer of the time for the arithmetic at the FMA peak, and
// of the time for the least traffic at the bandwidth of the level that holds the row's working set
// (memory if cold). A kernel that hardly writes is held against reading, every other against
// copying.
void nb_ceilings_apply(const struct nb_ceilings *ceilings, struct nb_row *row);

// The ceiling of a row's ISA and threads, or NULL.
const struct nb_ceiling *nb_ceilings_find(const struct nb_ceilings *ceilings,
                                          const struct nb_row *row);

#endif
