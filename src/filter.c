// SPDX-License-Identifier: MIT
#include "src/filter.h"

#include <stddef.h>

enum nb_code nb_filter_make(struct nb_filter *filter, const char *pattern, struct nb_error *error) {
    *filter = (struct nb_filter){0};
    if (pattern == NULL)
        return NB_OK;
    filter->inverted = *pattern == '-';
    int problem =
        regcomp(&filter->regex, pattern + (filter->inverted ? 1 : 0), REG_EXTENDED | REG_NOSUB);
    filter->active = problem == 0;
    if (problem == 0)
        return NB_OK;
    char why[128];
    regerror(problem, &filter->regex, why, sizeof why);
    return nb_error_set(error, NB_USAGE, "--filter: '%.200s' is not a regular expression: %s",
                        pattern, why);
}

bool nb_filter_passes(const struct nb_filter *filter, const char *name) {
    return !filter->active || (regexec(&filter->regex, name, 0, NULL, 0) == 0) != filter->inverted;
}

void nb_filter_free(struct nb_filter *filter) {
    if (filter->active)
        regfree(&filter->regex);
    *filter = (struct nb_filter){0};
}
