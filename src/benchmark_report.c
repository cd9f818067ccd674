// SPDX-License-Identifier: MIT
#include "src/benchmark_report.h"

#include <math.h>
#include <string.h>

#include "src/json.h"

// The last two are for programs only.
enum { COLUMNS = 11, COLUMNS_FOR_PEOPLE = 9 };

static const struct nb_column columns[COLUMNS] = {
    {.name = "name", .title = "benchmark"},
    {.name = "a_us", .title = "A", .unit = "us", .align = NB_RIGHT, .digits = 4, .width = 12},
    {.name = "b_us", .title = "B", .unit = "us", .align = NB_RIGHT, .digits = 4, .width = 12},
    {.name = "ratio", .title = "B/A", .align = NB_RIGHT, .digits = 3, .width = 6},
    {.name = "low", .title = "from", .align = NB_RIGHT, .digits = 3, .width = 6},
    {.name = "high", .title = "to", .align = NB_RIGHT, .digits = 3, .width = 6},
    {.name = "noise_percent", .title = "noise", .unit = "%", .align = NB_RIGHT, .digits = 1},
    {.name = "p", .align = NB_RIGHT, .digits = 4, .width = 6},
    {.name = "verdict"},
    {.name = "a_samples", .align = NB_RIGHT},
    {.name = "b_samples", .align = NB_RIGHT},
};

static struct nb_cell number_cell(double value) {
    return isnan(value) ? nb_cell_empty() : nb_cell_number(value);
}

static struct nb_cell samples_cell(const struct nb_benchmark *benchmark) {
    return benchmark == NULL ? nb_cell_empty() : nb_cell_count(benchmark->times.n);
}

static void fill_cells(const struct nb_benchmark_change *change, struct nb_cell cells[COLUMNS]) {
    const struct nb_cell row[COLUMNS] = {
        nb_cell_text(change->name),
        number_cell(1e6 * change->median_a),
        number_cell(1e6 * change->median_b),
        number_cell(change->ratio),
        number_cell(change->interval.low),
        number_cell(change->interval.high),
        number_cell(100 * change->floor),
        number_cell(change->p),
        nb_cell_text(nb_change_names[change->change]),
        samples_cell(change->a),
        samples_cell(change->b),
    };
    memcpy(cells, row, sizeof row);
}

// What stands under a table for people.
static void write_summary(const struct nb_benchmark_report *report, FILE *stream) {
    const struct nb_benchmark_comparison *result = &report->result;
    const char *separator = "";
    for (enum nb_change change = 0; change < NB_CHANGES; change++) {
        if (result->counts[change] == 0)
            continue;
        fprintf(stream, "%s%zu %s", separator, result->counts[change], nb_change_names[change]);
        separator = ", ";
    }
    fprintf(stream, ". Geometric mean of B/A: ");
    fprintf(stream, isnan(result->geometric_mean) ? "none.\n" : "%.4f.\n", result->geometric_mean);
    fprintf(
        stream,
        "B/A: ratio of the median times, above 1 is slower; from, to: its %g %% interval. A "
        "change must\nexceed the noise, its interval exclude 1, and p (rank test, Holm over all "
        "rows) be at most %g.\n",
        100 * (1 - report->rule.alpha), report->rule.alpha);
    if (result->counts[NB_TOO_FEW] > 0)
        fprintf(stream, "Too few samples: every row needs %zu or more in each file.\n",
                result->needed);
}

void nb_benchmark_report_table(const struct nb_benchmark_report *report, FILE *stream,
                               enum nb_table_format format) {
    const struct nb_benchmark_comparison *result = &report->result;
    struct nb_column fitted[COLUMNS];
    memcpy(fitted, columns, sizeof columns);
    size_t count = format == NB_TABLE_CSV ? COLUMNS : COLUMNS_FOR_PEOPLE;
    struct nb_cell cells[COLUMNS];
    for (size_t i = 0; i < result->count; i++) {
        fill_cells(&result->changes[i], cells);
        nb_table_fit(fitted, count, cells, 1);
    }
    struct nb_table table;
    nb_table_begin(&table, stream, format, fitted, count);
    for (size_t i = 0; i < result->count; i++) {
        fill_cells(&result->changes[i], cells);
        nb_table_row(&table, cells);
    }
    nb_table_end(&table);
    if (format == NB_TABLE_MARKDOWN)
        fputc('\n', stream);
    if (format != NB_TABLE_CSV)
        write_summary(report, stream);
}

static json_t *benchmark_json(const struct nb_benchmark *benchmark, double median) {
    if (benchmark == NULL)
        return json_null();
    return json_pack("{so sI so ss?}", "median", nb_json_number(median), "samples",
                     (json_int_t)benchmark->times.n, "noise_floor",
                     nb_json_number(benchmark->noise_floor), "fault", benchmark->fault);
}

static json_t *rows_json(const struct nb_benchmark_comparison *result) {
    json_t *rows = json_array();
    for (size_t i = 0; i < result->count; i++) {
        const struct nb_benchmark_change *change = &result->changes[i];
        json_array_append_new(rows, json_pack("{ss ss so so so so so so so}", "name", change->name,
                                              "verdict", nb_change_names[change->change], "a",
                                              benchmark_json(change->a, change->median_a), "b",
                                              benchmark_json(change->b, change->median_b), "ratio",
                                              nb_json_number(change->ratio), "low",
                                              nb_json_number(change->interval.low), "high",
                                              nb_json_number(change->interval.high), "noise",
                                              nb_json_number(change->floor), "p",
                                              nb_json_number(change->p)));
    }
    return rows;
}

enum nb_code nb_benchmark_report_json(const struct nb_benchmark_report *report, FILE *stream,
                                      struct nb_error *error) {
    json_t *counts = json_object();
    for (enum nb_change change = 0; change < NB_CHANGES; change++)
        json_object_set_new(counts, nb_change_names[change],
                            json_integer((json_int_t)report->result.counts[change]));
    // A path that is not UTF-8 is left out.
    json_t *json = json_pack(
        "{si s{sf sf sI} s{so* sO} s{so* sO} sO so so so}", "schema", 1, "rule", "alpha",
        report->rule.alpha, "threshold", report->rule.threshold, "seed",
        (json_int_t)report->rule.seed, "a", "path", json_string(report->paths[0]), "context",
        report->a.context, "b", "path", json_string(report->paths[1]), "context", report->b.context,
        "differences", report->differences, "counts", counts, "geometric_mean",
        nb_json_number(report->result.geometric_mean), "rows", rows_json(&report->result));
    return nb_json_write(stream, json, JSON_INDENT(2), error);
}
