// SPDX-License-Identifier: MIT
// A choice of names by a regular expression, as Google Benchmark's --benchmark_filter makes it.
#ifndef NB_SRC_FILTER_H
#define NB_SRC_FILTER_H

#include <regex.h>
#include <stdbool.h>

#include "src/error.h"

struct nb_filter {
    bool active, inverted;
    regex_t regex; // of an active one
};

// `pattern` is a POSIX extended regular expression that a name must match somewhere; after a "-" it
// must not. NULL: every name passes. NB_USAGE when it is no regular expression. nb_filter_free
// releases it, and takes one that is zero.
enum nb_code nb_filter_make(struct nb_filter *filter, const char *pattern, struct nb_error *error);
bool nb_filter_passes(const struct nb_filter *filter, const char *name);
void nb_filter_free(struct nb_filter *filter);

#endif
