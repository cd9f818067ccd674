// SPDX-License-Identifier: MIT
#include "src/json.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/file.h"

static bool memory_short;

// While it reads a string, Jansson crashes when it gets no memory. It lives on this until its
// caller learns that memory is short.
static _Alignas(max_align_t) unsigned char reserve[1 << 18];
static size_t reserve_used;

static void *watched_malloc(size_t size) {
    void *memory = malloc(size);
    if (memory != NULL)
        return memory;
    memory_short = true;
    size_t step = sizeof(max_align_t), room = (size / step + 1) * step;
    if (size > sizeof reserve || room > sizeof reserve - reserve_used)
        return NULL;
    reserve_used += room;
    return reserve + reserve_used - room;
}

static void watched_free(void *memory) {
    uintptr_t address = (uintptr_t)memory, start = (uintptr_t)reserve;
    if (address < start || address >= start + sizeof reserve)
        free(memory);
}

void nb_json_watch_memory(void) { json_set_alloc_funcs(watched_malloc, watched_free); }

bool nb_json_memory_short(void) { return memory_short; }

char *nb_json_text(const json_t *json, size_t flags) {
    char *text = json_dumps(json, flags);
    return memory_short ? NULL : text; // which may be in the reserve
}

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
