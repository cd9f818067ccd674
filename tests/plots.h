// SPDX-License-Identifier: MIT
// What the tests of plots share: a plot, and a look at the files that it leaves.
#ifndef NB_TESTS_PLOTS_H
#define NB_TESTS_PLOTS_H

#include "tests/idx_files.h"

#include <dirent.h>
#include <math.h>

#include "src/plot.h"

static const double epochs[] = {1, 2, 3, 4};
static const double batch[] = {0.23, 0.10, NAN, 0.05}, layer[] = {0.24, 0.12, 0.08, 0.0625};
static const double low[] = {0.2, 0.1, 0.07, 0.05}, high[] = {0.3, 0.15, INFINITY, 0.07};

static struct nb_plot loss_curves(void) {
    static const struct nb_series series[] = {
        {.label = "batch", .count = 4, .x = epochs, .y = batch},
        {.label = "layer", .count = 4, .x = epochs, .y = layer, .low = low, .high = high},
    };
    return (struct nb_plot){
        .title = "Training loss",
        .subtitle = "784-256-10, batch 128",
        .x = {.label = "epoch", .integer = true},
        .y = {.label = "loss", .unit = "nats", .from_zero = true},
        .series = series,
        .series_count = 2,
    };
}

// The text of a file that holds no zero byte; free it.
static char *read_text(const char *path) {
    struct bytes bytes = read_bytes(path);
    bytes.data[bytes.size] = '\0'; // read_bytes leaves room for it
    return (char *)bytes.data;
}

static size_t files_in(const char *folder) {
    DIR *directory = opendir(folder);
    size_t count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 2; // without . and ..
}

#endif
