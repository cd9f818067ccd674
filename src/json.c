// SPDX-License-Identifier: MIT
#include "src/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/file.h"

static bool memory_short;

static void *watched_malloc(size_t size) {
    void *memory = malloc(size);
    memory_short = memory_short || memory == NULL;
    return memory;
}

void nb_json_watch_memory(void) { json_set_alloc_funcs(watched_malloc, free); }

bool nb_json_memory_short(void) { return memory_short; }

enum nb_code nb_json_write(FILE *stream, json_t *json, size_t flags, struct nb_error *error) {
    errno = 0;
    bool written = json != NULL && !memory_short && json_dumpf(json, stream, flags) == 0 &&
                   fputc('\n', stream) != EOF;
    int reason = errno;
    json_decref(json);
    if (written)
        return NB_OK;
    if (json == NULL || memory_short || reason == ENOMEM)
        return nb_error_set(error, NB_FAILED, "not enough memory for JSON; free some");
    return nb_error_set(error, NB_FAILED, "cannot write JSON: %s%s",
                        strerror(reason == 0 ? EIO : reason), nb_file_remedy(reason));
}

json_t *nb_json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }
