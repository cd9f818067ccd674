// SPDX-License-Identifier: MIT
// JSON that is written: whole, or not at all.
#ifndef NB_SRC_JSON_H
#define NB_SRC_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "src/error.h"

// Has Jansson's allocations watched from now on; call it before any other of its functions. What it
// builds without memory lacks a part, and of that most callers would never learn.
void nb_json_watch_memory(void);

// Whether one of them has failed: nothing that was built since then may be written.
bool nb_json_memory_short(void);

// The text of `json`, which the caller frees; NULL when memory was short, and for no JSON.
char *nb_json_text(const json_t *json, size_t flags);

// Writes `json` and a newline, and releases it; NULL stands for no memory. NB_FAILED when memory
// was short, or the stream takes no more.
enum nb_code nb_json_write(FILE *stream, json_t *json, size_t flags, struct nb_error *error);

// A JSON number, or null for what is not finite.
json_t *nb_json_number(double value);

#endif
