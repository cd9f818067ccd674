// SPDX-License-Identifier: MIT
// Options that say what a command runs on: one ISA and one number of threads for a run, lists of
// them for commands that compare.
#ifndef NB_SRC_MACHINE_OPTIONS_H
#define NB_SRC_MACHINE_OPTIONS_H

#include "kernels/kernels.h"
#include "src/option.h"

#define NB_MAX_THREADS 1024
#define NB_MAX_THREAD_COUNTS 16

// Different numbers of threads, in the order in which they were given; 0: as many as a run has by
// default.
struct nb_thread_counts {
    size_t values[NB_MAX_THREAD_COUNTS], count;
};

// The words of the two types of ISAs, ended by NULL; not every CPU can run each.
extern const char *const nb_isa_words[], *const nb_isas_words[];

extern const struct nb_option_type nb_option_isa;     // const char *: a usable one, or "auto"
extern const struct nb_option_type nb_option_isas;    // bool [NB_ISA_COUNT]; "all" is every one
extern const struct nb_option_type nb_option_threads; // size_t; 0: auto
extern const struct nb_option_type nb_option_thread_counts; // struct nb_thread_counts

#endif
