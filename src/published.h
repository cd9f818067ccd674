// SPDX-License-Identifier: MIT
// A list of published bits: settings of training runs with the digests that they give, on every ISA
// of the contract and for any number of threads. The list is a text:
//
//   # a comment
//   NAME
//     train    --option value ...       options of `normbench train`; the others have its defaults
//     init     sha256:...               of the initial weights
//     weights  sha256:...               of the trained weights
#ifndef NB_SRC_PUBLISHED_H
#define NB_SRC_PUBLISHED_H

#include <stdio.h>

#include "src/error.h"
#include "src/run.h"
#include "src/settings.h"

struct nb_published {
    char *name;
    struct nb_settings settings;
    char init_digest[NB_DIGEST], weights_digest[NB_DIGEST]; // both empty: not known yet
};

struct nb_published_list {
    struct nb_published *entries;
    size_t count; // at least 1
};

// Reads the list at `path`, or the project's own when that is NULL. NB_DATA with the line's number
// and the remedy when it cannot be read or understood. nb_published_free releases it; after a
// failure there is nothing to release.
enum nb_code nb_published_read(struct nb_published_list *list, const char *path,
                               struct nb_error *error);
void nb_published_free(struct nb_published_list *list);

// Writes one entry in the format of the list, an empty line first.
void nb_published_print(const struct nb_published *entry, FILE *stream);

// The options of `normbench train` that differ from its defaults: "--norm layer --hidden 40".
// Returns `text`.
const char *nb_published_options(const struct nb_published *entry, char text[NB_SETTINGS_TEXT]);

#endif
