// SPDX-License-Identifier: MIT
// What a program measured, read from JSON in Google Benchmark's schema 1: its own files, with a row
// for each repetition, and ours, whose rows hold all samples. docs/statistics.md says which fields
// are read.
#ifndef NB_SRC_BENCHMARK_FILE_H
#define NB_SRC_BENCHMARK_FILE_H

#include <jansson.h>

#include "src/statistics.h"

// Everything that a file holds under one name.
struct nb_benchmark {
    const char *name;
    struct nb_sample times; // seconds of a call, wall time, all above 0; zero when there is a fault
    double noise_floor;     // the larger of the row's and the file's, a ratio: 0.02. NaN: unknown
    const char *fault;      // why there are no times; NULL: there are
};

struct nb_benchmark_file {
    json_t *context;                 // what the file says of the machine and the program: an object
    struct nb_benchmark *benchmarks; // (count) in the order of the file
    size_t count;
    size_t non_numbers; // NaN and Infinity in the place of numbers, which JSON does not have
    json_t *rows;       // name: rows of that name; the names live here
};

// Reads the whole file. NaN and Infinity, which Google Benchmark writes, are taken as null. NB_DATA
// with a line that says what is wrong for a file that cannot be read, is not JSON or not of this
// schema, or holds no times at all; NB_FAILED when memory is short. nb_benchmark_file_free releases
// it, and takes one that is zero.
enum nb_code nb_benchmark_file_read(struct nb_benchmark_file *file, const char *path,
                                    struct nb_error *error);
void nb_benchmark_file_free(struct nb_benchmark_file *file);

// The benchmark of that name, or NULL.
const struct nb_benchmark *nb_benchmark_file_find(const struct nb_benchmark_file *file,
                                                  const char *name);

#endif
