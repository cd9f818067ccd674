// SPDX-License-Identifier: MIT
#include "src/sweep_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/embedded.h"

const char *const nb_sweep_presets[] = {"smoke", "default", "full", "ba2016", NULL};

// A file while it is read.
struct reader {
    struct nb_sweep_parts *parts;
    const char *source; // for messages
    size_t line;
    struct nb_grid common; // of all parts, as far as they have not begun
    struct nb_error *error;
};

__attribute__((format(printf, 2, 3))) static enum nb_code refuse(struct reader *reader,
                                                                 const char *format, ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nb_error_set(reader->error, NB_USAGE, "%.300s, line %zu: %s", reader->source,
                        reader->line, text);
}

static enum nb_code add_part(struct nb_sweep_parts *parts, const char *name,
                             const struct nb_grid *grid, struct nb_error *error) {
    void *larger = realloc(parts->parts, (parts->count + 1) * sizeof *parts->parts);
    if (larger == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    parts->parts = larger;
    struct nb_sweep_part *part = &parts->parts[parts->count++];
    part->grid = *grid;
    snprintf(part->name, sizeof part->name, "%s", name);
    return NB_OK;
}

// "[mnist]"
static enum nb_code begin_part(struct reader *reader, char *line) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    char *name = line + 1, *end = strchr(name, ']');
    if (end == NULL || end[1] != '\0' || end == name || end - name >= NB_PART_NAME ||
        strspn(name, letters) != (size_t)(end - name))
        return refuse(reader,
                      "'%.100s' does not begin a part; write [name] with less than %d small "
                      "letters, digits, - and _",
                      line, NB_PART_NAME);
    *end = '\0';
    for (size_t i = 0; i < reader->parts->count; i++)
        if (strcmp(reader->parts->parts[i].name, name) == 0)
            return refuse(reader, "a second part [%s]; give it another name", name);
    if (reader->parts->count == NB_MAX_PARTS)
        return refuse(reader, "more than %d parts; use two files", NB_MAX_PARTS);
    return add_part(reader->parts, name, &reader->common, reader->error);
}

static enum nb_code read_line(struct reader *reader, char *line) {
    line += strspn(line, " \t");
    char *end = line + strlen(line);
    while (end > line && strchr(" \t\r", end[-1]) != NULL)
        *--end = '\0';
    if (*line == '\0' || *line == '#')
        return NB_OK;
    if (*line == '[')
        return begin_part(reader, line);
    char *value = line + strcspn(line, " \t");
    if (*value != '\0')
        *value++ = '\0';
    value += strspn(value, " \t");
    const struct nb_option *option = nb_grid_option(line);
    if (option == NULL)
        return refuse(
            reader, "unknown option '%.100s'; normbench sweep --help lists those of a grid", line);
    if (*value == '\0' && option->value == NULL)
        value = (char *)"yes";
    struct nb_sweep_parts *parts = reader->parts;
    struct nb_grid *grid =
        parts->count > 0 ? &parts->parts[parts->count - 1].grid : &reader->common;
    struct nb_error why;
    if (nb_option_set(option, line, value, grid, &why) != NB_OK)
        return refuse(reader, "%s", why.text);
    return NB_OK;
}

static enum nb_code read_lines(struct reader *reader, char *text) {
    enum nb_code code = NB_OK;
    for (char *line; code == NB_OK && (line = strsep(&text, "\n")) != NULL;) {
        reader->line++;
        code = read_line(reader, line);
    }
    if (code == NB_OK && reader->parts->count == 0)
        code = add_part(reader->parts, "sweep", &reader->common, reader->error);
    return code;
}

// The whole file as a text; NULL with the reason.
static char *load(const char *name, const char **source, struct nb_error *error) {
    static char file[64];
    FILE *stream = NULL;
    *source = name;
    for (size_t i = 0; nb_sweep_presets[i] != NULL; i++) {
        if (strcmp(name, nb_sweep_presets[i]) != 0)
            continue;
        snprintf(file, sizeof file, "%s.sweep", name);
        const struct nb_embedded *own = nb_embedded_file(file);
        *source = own->name;
        stream = fmemopen((void *)own->bytes, own->size, "r"); // which only reads
    }
    if (*source == name)
        stream = fopen(name, "re");
    if (stream == NULL) {
        nb_error_set(error, NB_USAGE,
                     "'%.300s' is neither a file that can be read (%s) nor one of smoke, default, "
                     "full, ba2016",
                     name, strerror(errno));
        return NULL;
    }
    enum { MOST = 1 << 16 };
    char *text = calloc(1, MOST + 1);
    size_t length = text == NULL ? 0 : fread(text, 1, MOST, stream);
    bool whole = text != NULL && !ferror(stream) && length < MOST && strlen(text) == length;
    fclose(stream);
    if (whole)
        return text;
    free(text);
    nb_error_set(error, NB_USAGE,
                 "%.300s: is no text of less than %d bytes; name a sweep file, or one of smoke, "
                 "default, full, ba2016",
                 name, MOST);
    return NULL;
}

// The options that the user gave and a grid has.
static enum nb_code apply(const struct nb_given *given, struct nb_grid *grid,
                          struct nb_error *error) {
    for (size_t i = 0; i < given->count; i++) {
        const struct nb_option *option = given->items[i].option;
        if (nb_grid_option(option->name) != option)
            continue;
        enum nb_code code = nb_option_set(option, option->name, given->items[i].text, grid, error);
        if (code != NB_OK)
            return code;
    }
    return NB_OK;
}

enum nb_code nb_sweep_parts_read(struct nb_sweep_parts *parts, const char *name,
                                 const struct nb_given *given, struct nb_error *error) {
    *parts = (struct nb_sweep_parts){0};
    struct reader reader = {.parts = parts, .common = nb_grid_default(), .error = error};
    enum nb_code code;
    if (name == NULL) {
        code = add_part(parts, "sweep", &reader.common, error);
    } else {
        parts->text = load(name, &reader.source, error);
        code = parts->text == NULL ? error->code : read_lines(&reader, parts->text);
    }
    for (size_t i = 0; i < parts->count && code == NB_OK; i++)
        code = apply(given, &parts->parts[i].grid, error);
    if (code != NB_OK)
        nb_sweep_parts_free(parts);
    return code;
}

void nb_sweep_parts_free(struct nb_sweep_parts *parts) {
    free(parts->parts);
    free(parts->text);
    *parts = (struct nb_sweep_parts){0};
}
