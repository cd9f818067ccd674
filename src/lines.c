// SPDX-License-Identifier: MIT
#include "src/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/json.h"

enum nb_code nb_lines_refuse(const struct nb_lines *lines, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nb_error_set(lines->error, NB_DATA, "'%.400s', line %zu: %s", lines->path, lines->number,
                        text);
}

enum nb_code nb_lines_no_memory(const struct nb_lines *lines) {
    return nb_error_set(lines->error, NB_FAILED, "not enough memory to read '%.400s'; free some",
                        lines->path);
}

static enum nb_code cannot_read(const struct nb_lines *lines) {
    if (errno == ENOMEM)
        return nb_lines_no_memory(lines);
    return nb_error_set(lines->error, NB_DATA,
                        "cannot read '%.400s': %s; name the folder of a sweep", lines->path,
                        strerror(errno));
}

enum nb_code nb_lines_load(struct nb_lines *lines, int descriptor, const char *path,
                           struct nb_error *error) {
    *lines = (struct nb_lines){.path = path, .error = error};
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return cannot_read(lines);
    size_t room = (size_t)status.st_size;
    lines->bytes = malloc(room + 1);
    if (lines->bytes == NULL)
        return nb_lines_no_memory(lines);
    for (ssize_t count = 1; count != 0 && lines->length < room;) {
        count = pread(descriptor, lines->bytes + lines->length, room - lines->length,
                      (off_t)lines->length);
        if (count < 0 && errno != EINTR)
            return cannot_read(lines);
        lines->length += count > 0 ? (size_t)count : 0;
    }
    return NB_OK;
}

enum nb_code nb_lines_open(struct nb_lines *lines, const char *path, struct nb_error *error) {
    *lines = (struct nb_lines){.path = path, .error = error};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return cannot_read(lines);
    enum nb_code code = nb_lines_load(lines, descriptor, path, error);
    close(descriptor);
    return code;
}

// Whether the last line may be what is left of a record: its beginning, or a block that the disk
// never got. Anything else is a file of another kind, of which nothing is cut off.
static bool may_be_cut(const char *line) { return *line == '{' || *line == '\0'; }

enum nb_code nb_lines_next(struct nb_lines *lines, json_t **record) {
    *record = NULL;
    size_t left = lines->length - lines->whole;
    if (left == 0)
        return NB_OK;
    lines->number++;
    const char *line = lines->bytes + lines->whole, *end = memchr(line, '\n', left);
    size_t size = end == NULL ? left : (size_t)(end - line) + 1;
    json_error_t why;
    json_t *read = json_loadb(line, size, JSON_REJECT_DUPLICATES, &why);
    if (nb_json_memory_short()) {
        json_decref(read);
        return nb_lines_no_memory(lines);
    }
    if (json_is_object(read) && end != NULL) {
        lines->whole += size;
        *record = read;
        return NB_OK;
    }
    bool cut = size == left && may_be_cut(line);
    const char *text = read != NULL ? "not a whole record" : why.text;
    json_decref(read);
    return cut ? NB_OK
               : nb_lines_refuse(
                     lines, "damaged: %.200s; remove that line, or choose another folder", text);
}

void nb_lines_free(struct nb_lines *lines) {
    free(lines->bytes);
    lines->bytes = NULL;
}
