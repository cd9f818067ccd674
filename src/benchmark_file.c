// SPDX-License-Identifier: MIT
#include "src/benchmark_file.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "src/json.h"

// Growth: text of numbers packs into a tenth of its size; a file that unpacks to far more is none.
enum { MEBIBYTE = 1 << 20, MAX_BYTES = 64 * MEBIBYTE, MAX_GROWTH = 100 };

#define NO_MEMORY(error, path) \
    nb_error_set(error, NB_FAILED, "'%.400s': not enough memory to read it; free some", path)

static enum nb_code cannot_read(gzFile stream, const char *path, struct nb_error *error) {
    int kind;
    const char *why = gzerror(stream, &kind);
    return nb_error_set(error, NB_DATA, "cannot read '%.400s': %.200s; check the path", path,
                        kind == Z_ERRNO ? strerror(errno) : why);
}

// The file as it is, or unpacked by gzip.
static enum nb_code read_text(const char *path, char **text, size_t *size, struct nb_error *error) {
    gzFile stream = gzopen(path, "rbe");
    if (stream == NULL)
        return nb_error_set(error, NB_DATA, "cannot read '%.400s': %s; check the path", path,
                            strerror(errno));
    enum nb_code code = NB_OK;
    size_t room = 0;
    for (int got = 1; got > 0 && code == NB_OK; *size += (size_t)got) {
        if (room - *size < MEBIBYTE) {
            room += room / 2 + MEBIBYTE;
            char *larger = room <= MAX_BYTES ? realloc(*text, room) : NULL;
            if (larger == NULL) {
                code = room <= MAX_BYTES
                           ? NO_MEMORY(error, path)
                           : nb_error_set(error, NB_DATA,
                                          "'%.400s' has more than %d MiB: not a benchmark file",
                                          path, MAX_BYTES / MEBIBYTE);
                break;
            }
            *text = larger;
        }
        got = gzread(stream, *text + *size, (unsigned)(room - *size));
        if (got < 0) {
            code = cannot_read(stream, path, error);
            break;
        }
        if (*size > MEBIBYTE && (z_off_t)(*size / MAX_GROWTH) > gzoffset(stream))
            code = nb_error_set(error, NB_DATA,
                                "'%.400s' unpacks to more than %d times its size: not a benchmark "
                                "file",
                                path, MAX_GROWTH);
    }
    int closed = gzclose(stream);
    if (code == NB_OK && closed == Z_BUF_ERROR)
        code = nb_error_set(error, NB_DATA, "'%.400s' ends too early; measure again", path);
    return code;
}

// A copy of `text` (size) with null for every NaN, Infinity and their negatives outside strings, or
// NULL when memory is short. *size becomes that of the copy, *found how many there were.
static char *without_non_numbers(const char *text, size_t *size, size_t *found) {
    static const char *const tokens[] = {"-NaN", "NaN", "-Infinity", "Infinity"};
    char *copy = malloc(*size / 3 * 4 + 4); // the shortest, NaN, grows by one
    size_t length = 0;
    bool quoted = false;
    for (size_t i = 0; copy != NULL && i < *size;) {
        size_t token = 0;
        for (size_t k = 0; !quoted && token == 0 && k < 4; k++)
            if (strlen(tokens[k]) <= *size - i &&
                memcmp(text + i, tokens[k], strlen(tokens[k])) == 0)
                token = strlen(tokens[k]);
        if (token > 0) {
            // NOLINTNEXTLINE(bugprone-not-null-terminated-result): the text has a length
            memcpy(copy + length, "null", 4);
            length += 4;
            i += token;
            ++*found;
            continue;
        }
        if (quoted && text[i] == '\\' && i + 1 < *size)
            copy[length++] = text[i++];
        else if (text[i] == '"')
            quoted = !quoted;
        copy[length++] = text[i++];
    }
    *size = length;
    return copy;
}

static enum nb_code parse(struct nb_benchmark_file *file, const char *path, json_t **document,
                          struct nb_error *error) {
    char *text = NULL, *plain = NULL;
    size_t size = 0;
    enum nb_code code = read_text(path, &text, &size, error);
    if (code == NB_OK)
        plain = without_non_numbers(text, &size, &file->non_numbers);
    if (code == NB_OK && plain == NULL)
        code = NO_MEMORY(error, path);
    if (code == NB_OK) {
        json_error_t why;
        *document = json_loadb(plain, size, 0, &why);
        if (nb_json_memory_short())
            code = NO_MEMORY(error, path);
        else if (*document == NULL)
            code = nb_error_set(error, NB_DATA,
                                "'%.400s' is damaged or not JSON, line %d: %.200s; measure again",
                                path, why.line, why.text);
    }
    free(text);
    free(plain);
    return code;
}

// Seconds of a time unit, or 0 for an unknown one.
static double unit_seconds(const char *unit) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    for (size_t i = 0; unit != NULL && i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].seconds;
    return 0;
}

// Why a row was not measured, or NULL.
static const char *failure(const json_t *row) {
    const char *message = NULL;
    if (json_is_true(json_object_get(row, "error_occurred")))
        message = json_string_value(json_object_get(row, "error_message"));
    else if (json_is_true(json_object_get(row, "skipped")))
        message = json_string_value(json_object_get(row, "skip_message"));
    else
        return NULL;
    return message == NULL ? "no reason given" : message;
}

// The samples of a row that has them; a counter of that name is a number.
static const json_t *samples_of(const json_t *row) {
    const json_t *samples = json_object_get(row, "samples");
    return json_is_array(samples) ? samples : NULL;
}

// Sorts the rows by name into file->rows, without aggregates; refuses what is not of this schema.
static enum nb_code sort_rows(struct nb_benchmark_file *file, const char *path, const json_t *list,
                              struct nb_error *error) {
    size_t index;
    json_t *row;
    json_array_foreach(list, index, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name == NULL)
            return nb_error_set(error, NB_DATA, "'%.400s': benchmarks[%zu] has no name", path,
                                index);
        const char *type = json_string_value(json_object_get(row, "run_type"));
        if (type != NULL && strcmp(type, "aggregate") == 0)
            continue;
        const char *unit = json_string_value(json_object_get(row, "time_unit"));
        if (failure(row) == NULL && samples_of(row) == NULL &&
            json_object_get(row, "real_time") == NULL)
            return nb_error_set(error, NB_DATA,
                                "'%.400s': benchmarks[%zu], '%.200s', has no real_time", path,
                                index, name);
        if (failure(row) == NULL && unit_seconds(unit) == 0)
            return nb_error_set(
                error, NB_DATA,
                "'%.400s': benchmarks[%zu], '%.200s': its time_unit is not ns, us, ms or s", path,
                index, name);
        json_t *same = json_object_get(file->rows, name);
        if (same == NULL) {
            same = json_array();
            if (json_object_set_new(file->rows, name, same) != 0)
                return NO_MEMORY(error, path);
        }
        if (json_array_append(same, row) != 0)
            return NO_MEMORY(error, path);
    }
    return NB_OK;
}

// Any clock's times are in this range by far, and ratios of numbers in it are finite.
static bool is_time(double seconds) { return seconds > 1e-30 && seconds < 1e30; }

static double seconds_of(const json_t *time, const json_t *row) {
    double unit = unit_seconds(json_string_value(json_object_get(row, "time_unit")));
    return json_is_number(time) ? json_number_value(time) * unit : NAN;
}

// Takes the times of `rows`, all of one name, into `seconds` if that is not NULL. Returns how many
// there are. A row's samples are finer than its real_time: where it has samples, only they count.
static size_t times_of(const json_t *rows, double *seconds) {
    size_t index, k, count = 0;
    json_t *row, *time;
    json_array_foreach(rows, index, row) {
        const json_t *samples = samples_of(row);
        size_t times = samples == NULL ? 1 : json_array_size(samples);
        if (seconds != NULL && samples == NULL)
            seconds[count] = seconds_of(json_object_get(row, "real_time"), row);
        json_array_foreach(samples, k, time) {
            if (seconds != NULL)
                seconds[count + k] = seconds_of(time, row);
        }
        count += times;
    }
    return count;
}

// Raises *largest to the noise floor that the object states, if it does. False for one that cannot
// be.
static bool take_noise_floor(const json_t *object, double *largest) {
    const json_t *floor = json_object_get(object, "noise_floor");
    if (floor == NULL || json_is_null(floor))
        return true;
    *largest = fmax(*largest, json_number_value(floor)); // a number, if *largest is still NaN
    return json_is_number(floor) && json_number_value(floor) >= 0;
}

static enum nb_code read_benchmark(struct nb_benchmark *benchmark, const char *path,
                                   const json_t *rows, const json_t *context,
                                   struct nb_error *error) {
    size_t index;
    json_t *row;
    // One row's noise may have been measured small by luck: it counts where it is above that of the
    // whole file.
    benchmark->noise_floor = NAN;
    bool understood =
        take_noise_floor(context, &benchmark->noise_floor) &&
        take_noise_floor(json_object_get(context, "normbench"), &benchmark->noise_floor);
    json_array_foreach(rows, index, row) {
        understood = take_noise_floor(row, &benchmark->noise_floor) && understood;
        const char *why = failure(row);
        if (why != NULL)
            benchmark->fault = why;
    }
    if (!understood)
        return nb_error_set(error, NB_DATA,
                            "'%.400s': the noise_floor of '%.200s' is not a ratio like 0.02", path,
                            benchmark->name);
    if (benchmark->fault != NULL)
        return NB_OK;
    size_t n = times_of(rows, NULL);
    double *seconds = calloc(n + 1, sizeof *seconds);
    if (seconds == NULL)
        return NO_MEMORY(error, path);
    times_of(rows, seconds);
    size_t good = 0;
    while (good < n && is_time(seconds[good]))
        good++;
    enum nb_code code = NB_OK;
    if (n == 0)
        benchmark->fault = "it has no samples";
    else if (good < n)
        benchmark->fault =
            seconds[good] > 1 ? "a time is beyond any clock" : "a time is not above 0";
    else
        code = nb_sample_make(&benchmark->times, seconds, n, error);
    free(seconds);
    return code;
}

static enum nb_code read_document(struct nb_benchmark_file *file, const char *path,
                                  const json_t *document, struct nb_error *error) {
    const json_t *list = json_object_get(document, "benchmarks");
    json_t *context = json_object_get(document, "context");
    if (!json_is_array(list) || !json_is_object(context))
        return nb_error_set(error, NB_DATA,
                            "'%.400s' is not a benchmark file: it has no \"%s\"; make one with "
                            "ninja bench, or with Google Benchmark's --benchmark_out",
                            path, json_is_object(context) ? "benchmarks" : "context");
    const json_t *schema = json_object_get(context, "json_schema_version");
    if (schema != NULL && json_integer_value(schema) != 1)
        return nb_error_set(error, NB_DATA, "'%.400s': its json_schema_version is not 1", path);
    file->context = json_incref(context);
    file->rows = json_object();
    if (file->rows == NULL)
        return NO_MEMORY(error, path);
    enum nb_code code = sort_rows(file, path, list, error);
    if (code != NB_OK)
        return code;
    size_t names = json_object_size(file->rows);
    if (names == 0)
        return nb_error_set(error, NB_DATA, "'%.400s' holds no times%s", path,
                            json_array_size(list) == 0 ? ""
                                                       : ", only aggregates; measure again without "
                                                         "--benchmark_report_aggregates_only");
    file->benchmarks = calloc(names, sizeof *file->benchmarks);
    if (file->benchmarks == NULL)
        return NO_MEMORY(error, path);
    const char *name;
    json_t *rows;
    json_object_foreach(file->rows, name, rows) {
        struct nb_benchmark *benchmark = &file->benchmarks[file->count++];
        benchmark->name = name;
        code = read_benchmark(benchmark, path, rows, context, error);
        if (code != NB_OK)
            return code;
    }
    return NB_OK;
}

enum nb_code nb_benchmark_file_read(struct nb_benchmark_file *file, const char *path,
                                    struct nb_error *error) {
    *file = (struct nb_benchmark_file){0};
    json_t *document = NULL;
    enum nb_code code = parse(file, path, &document, error);
    if (code == NB_OK)
        code = read_document(file, path, document, error);
    json_decref(document);
    if (code != NB_OK)
        nb_benchmark_file_free(file);
    return code;
}

void nb_benchmark_file_free(struct nb_benchmark_file *file) {
    for (size_t i = 0; i < file->count; i++)
        nb_sample_free(&file->benchmarks[i].times);
    free(file->benchmarks);
    json_decref(file->rows);
    json_decref(file->context);
    *file = (struct nb_benchmark_file){0};
}

const struct nb_benchmark *nb_benchmark_file_find(const struct nb_benchmark_file *file,
                                                  const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->benchmarks[i].name, name) == 0)
            return &file->benchmarks[i];
    return NULL;
}
