// SPDX-License-Identifier: MIT
// Google Benchmark for C: as much of it as it takes to time functions and to report them.
#ifndef NB_BENCH_GOOGLE_SHIM_H
#define NB_BENCH_GOOGLE_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nb_google_benchmark {
    const char *name; // copied
    void *data;       // the first argument of the functions
    // Called before every measurement, and not timed. NULL, or why there must not be one; the text
    // is copied.
    const char *(*prepare)(void *data);
    // What is timed: `calls` calls, one after another. Returns the seconds that they took, which
    // is what the rates are computed from.
    double (*run)(void *data, size_t calls);
    double flops, bytes; // of one call
};

// Takes Google Benchmark's flags out of argv. For --help it calls `help` and exits.
void nb_google_begin(int *argc, char **argv, void (*help)(void));

// What --help says of those flags.
void nb_google_print_help(void);

// A line of the "context" of a report. A key may be given once.
void nb_google_context(const char *key, const char *text);

void nb_google_register(const struct nb_google_benchmark *benchmark);

// Runs or lists what the flags choose. Returns how many benchmarks these are; for 0 it has said why
// on standard error.
size_t nb_google_run(void);

#ifdef __cplusplus
}
#endif

#endif
