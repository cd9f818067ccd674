// SPDX-License-Identifier: MIT
// A labelled image data set in MNIST's format: four IDX files, raw or gzip. Pixels stay bytes.
#ifndef NB_SRC_DATASET_H
#define NB_SRC_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/error.h"

struct nb_split {
    size_t rows;
    uint8_t *pixels; // (rows, features)
    uint8_t *labels; // (rows), each below the data set's classes
};

struct nb_dataset {
    char name[32];   // "mnist"
    char *folder;    // where the four files were found, or "this program"
    size_t features; // pixels of an image: its rows times its columns
    size_t classes;
    struct nb_split train, test;
    bool published;     // the SHA-256 of all four files are the published ones
    char sha256[4][65]; // of the decompressed files: train images, train labels, test images, test
                        // labels
};

// Loads data set `name` from `folder`, or, when that is NULL, from the first folder of the search
// path that holds one of the four files: NORMBENCH_DATA_DIR,
// ${XDG_CACHE_HOME:-~/.cache}/normbench/<name>, /usr/share/datasets/<name>. Files found by
// searching the last two must have the published checksums; a folder that the user names may hold
// any data set of the format. "mnist-sample", 1,000 training and 500 test rows of MNIST, is part of
// the program and has no folder. Returns NB_DATA with one line and the remedy when something is
// missing or damaged, NB_USAGE for an unknown name. nb_dataset_free releases it; after a failure
// there is nothing to release.
enum nb_code nb_dataset_load(struct nb_dataset *dataset, const char *name, const char *folder,
                             size_t classes, struct nb_error *error);
void nb_dataset_free(struct nb_dataset *dataset);

// For people: "Fashion-MNIST" for "fashion-mnist"; another name stays as it is.
const char *nb_dataset_title(const char *name);

#endif
