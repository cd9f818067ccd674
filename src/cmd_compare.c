// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/benchmark_report.h"
#include "src/file.h"
#include "src/json.h"

enum output { MARKDOWN, CSV, JSON, OUTPUTS };

static const char *const output_names[OUTPUTS] = {"markdown", "csv", "json"};

struct compare {
    const char *paths[2]; // A and B
    const char *filter;
    double alpha, threshold; // threshold in percent
    uint64_t seed;
    bool fail_on_regression;
    const char *outputs[OUTPUTS]; // NULL: not asked for
};

static void defaults(void *options) {
    *(struct compare *)options = (struct compare){.alpha = 0.05, .seed = 1};
}

enum { LONGEST_VALUE = 60 };

static void print_value(const json_t *value) {
    char *text = nb_json_text(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    if (text != NULL)
        fprintf(stderr, strlen(text) > LONGEST_VALUE ? "%.*s..." : "%.*s", LONGEST_VALUE, text);
    free(text);
}

// What a reader must know before trusting the table.
static void print_warnings(const struct nb_benchmark_report *report) {
    const struct nb_benchmark_file *files[2] = {&report->a, &report->b};
    for (int i = 0; i < 2; i++)
        if (files[i]->non_numbers > 0)
            fprintf(stderr,
                    "normbench: warning: '%s' holds %zu values NaN or Infinity, which JSON does "
                    "not have: read as missing\n",
                    report->paths[i], files[i]->non_numbers);
    size_t index;
    json_t *difference;
    json_array_foreach(report->differences, index, difference) {
        fprintf(stderr, "normbench: warning: the files differ in %s: ",
                json_string_value(json_object_get(difference, "key")));
        print_value(json_object_get(difference, "a"));
        fprintf(stderr, " and ");
        print_value(json_object_get(difference, "b"));
        fprintf(stderr, "\n");
    }
    bool assumed = false;
    for (size_t i = 0; i < report->result.count; i++) {
        const struct nb_benchmark_change *change = &report->result.changes[i];
        const struct nb_benchmark *sides[2] = {change->a, change->b};
        for (int k = 0; k < 2; k++)
            if (sides[k] != NULL && sides[k]->fault != NULL)
                fprintf(stderr, "normbench: warning: '%s' is not measured in %c: %s\n",
                        change->name, "AB"[k], sides[k] -> fault);
        assumed = assumed || (sides[0] != NULL && sides[1] != NULL && !isnan(change->ratio) &&
                              isnan(change->a->noise_floor) && isnan(change->b->noise_floor));
    }
    if (assumed && report->rule.threshold == 0)
        fprintf(stderr,
                "normbench: warning: the files do not say how noisy they are: changes below %g %% "
                "do not count; set --threshold\n",
                100 * NB_ASSUMED_NOISE);
}

// Two outputs in one file would spoil each other. The caller discards what is open after a failure.
static enum nb_code open_outputs(const struct compare *options, struct nb_file *files,
                                 struct nb_error *error) {
    enum nb_code code = NB_OK;
    for (enum output i = 0; i < OUTPUTS && code == NB_OK; i++) {
        if (options->outputs[i] == NULL)
            continue;
        code = nb_file_open(&files[i], options->outputs[i], error);
        for (enum output k = 0; k < i && code == NB_OK; k++)
            if (files[k].path != NULL && strcmp(files[i].path, files[k].path) == 0)
                code = nb_error_set(error, NB_USAGE,
                                    "--%s and --%s both go to '%.200s'; give them different files",
                                    output_names[k], output_names[i], options->outputs[i]);
    }
    return code;
}

static enum nb_code write_outputs(const struct nb_benchmark_report *report,
                                  const char *const *paths, struct nb_file *files,
                                  struct nb_error *error) {
    FILE *people = stdout;
    for (enum output i = 0; i < OUTPUTS; i++)
        people = files[i].stream == stdout ? stderr : people;
    nb_benchmark_report_table(report, people, NB_TABLE_TEXT);
    for (enum output i = 0; i < OUTPUTS; i++) {
        if (files[i].stream == NULL)
            continue;
        enum nb_code code = NB_OK;
        if (i == JSON)
            code = nb_benchmark_report_json(report, files[i].stream, error);
        else
            nb_benchmark_report_table(report, files[i].stream,
                                      i == CSV ? NB_TABLE_CSV : NB_TABLE_MARKDOWN);
        if (code == NB_OK)
            code = nb_file_commit(&files[i], error);
        if (code != NB_OK)
            return code;
        if (strcmp(paths[i], "-") != 0)
            fprintf(people, "%s\n", paths[i]);
    }
    return NB_OK;
}

// With --fail-on-regression a comparison that could not find one must not pass either.
static enum nb_code check_regressions(const struct nb_benchmark_comparison *result,
                                      struct nb_error *error) {
    const struct nb_benchmark_change *worst = NULL;
    for (size_t i = 0; i < result->count; i++) {
        const struct nb_benchmark_change *change = &result->changes[i];
        if (change->change == NB_SLOWER && (worst == NULL || change->ratio > worst->ratio))
            worst = change;
    }
    if (worst != NULL)
        return nb_error_set(error, NB_FAILED, "slower: %zu of %zu rows, most '%.200s' by %.1f %%",
                            result->counts[NB_SLOWER], result->count, worst->name,
                            100 * (worst->ratio - 1));
    if (result->counts[NB_FASTER] + result->counts[NB_NO_EVIDENCE] == 0)
        return nb_error_set(error, NB_DATA,
                            "no row could show a regression; measure each at least %zu times",
                            result->needed);
    return NB_OK;
}

static enum nb_code compare_files(const struct compare *options, struct nb_benchmark_report *report,
                                  const struct nb_filter *filter, struct nb_file *files,
                                  struct nb_error *error) {
    struct nb_benchmark_comparison *result = &report->result;
    enum nb_code code = nb_benchmark_file_read(&report->a, report->paths[0], error);
    if (code == NB_OK)
        code = nb_benchmark_file_read(&report->b, report->paths[1], error);
    if (code == NB_OK)
        code = nb_benchmark_compare(result, &report->a, &report->b, filter, &report->rule, error);
    if (code != NB_OK)
        return code;
    if (result->count == 0)
        return nb_error_set(error, NB_USAGE, "--filter: no row matches '%.200s'", options->filter);
    if (result->counts[NB_ONLY_A] + result->counts[NB_ONLY_B] == result->count)
        return nb_error_set(error, NB_DATA,
                            "'%.300s' and '%.300s' have no row in common; measure the same rows",
                            report->paths[0], report->paths[1]);
    report->differences = nb_benchmark_context_differences(&report->a, &report->b);
    code = open_outputs(options, files, error);
    if (code != NB_OK)
        return code;
    print_warnings(report);
    code = write_outputs(report, options->outputs, files, error);
    return code == NB_OK && options->fail_on_regression ? check_regressions(result, error) : code;
}

static enum nb_code run_compare(void *data, struct nb_error *error) {
    const struct compare *options = data;
    struct nb_benchmark_report report = {
        .paths = {options->paths[0], options->paths[1]},
        .rule = {options->alpha, options->threshold / 100, options->seed},
    };
    struct nb_file files[OUTPUTS] = {0};
    struct nb_filter filter;
    enum nb_code code = nb_filter_make(&filter, options->filter, error);
    if (code == NB_OK)
        code = compare_files(options, &report, &filter, files, error);
    for (enum output i = 0; i < OUTPUTS; i++)
        nb_file_discard(&files[i]);
    json_decref(report.differences);
    nb_benchmark_comparison_free(&report.result);
    nb_benchmark_file_free(&report.a);
    nb_benchmark_file_free(&report.b);
    nb_filter_free(&filter);
    return code;
}

static const struct nb_option rule_options[] = {
    {.name = "alpha",
     .value = "P",
     .help = "the chance of even one false alarm in the whole comparison",
     .type = &nb_option_real,
     .offset = offsetof(struct compare, alpha),
     .low = 1e-9,
     .high = 0.5,
     .range = "from 1e-9 to 0.5"},
    {.name = "threshold",
     .value = "PERCENT",
     .help = "least change that counts, where it is above the measured noise",
     .type = &nb_option_real,
     .offset = offsetof(struct compare, threshold),
     .low = 0,
     .high = 1000,
     .range = "from 0 to 1000"},
    {.name = "seed",
     .value = "N",
     .help = "of the bootstrap: the same seed gives the same intervals",
     .type = &nb_option_u63,
     .offset = offsetof(struct compare, seed)},
    {.name = "filter",
     .value = "REGEX",
     .help = "only rows whose name matches; with a leading '-': only those whose name does not",
     .type = &nb_option_text,
     .offset = offsetof(struct compare, filter)},
    {.name = "fail-on-regression",
     .help = "exit with 1 if a row is slower, and with 3 if no row has samples enough to tell",
     .type = &nb_option_flag,
     .offset = offsetof(struct compare, fail_on_regression)},
    {.name = NULL},
};

static const struct nb_option output_options[] = {
    {.name = "markdown",
     .value = "FILE",
     .help = "write the table as Markdown too; -: to standard output, and the text to standard "
             "error",
     .type = &nb_option_text,
     .offset = offsetof(struct compare, outputs[MARKDOWN])},
    {.name = "csv",
     .value = "FILE",
     .help = "write the table as CSV, with all digits; -: as for --markdown",
     .type = &nb_option_text,
     .offset = offsetof(struct compare, outputs[CSV])},
    {.name = "json",
     .value = "FILE",
     .help = "write everything as JSON; -: as for --markdown",
     .type = &nb_option_text,
     .offset = offsetof(struct compare, outputs[JSON])},
    {.name = NULL},
};

const struct nb_command nb_command_compare = {
    .name = "compare",
    .summary = "tell what became slower or faster from one benchmark file to another",
    .about = "Compares the rows of two benchmark files, those of ninja bench or of any program\n"
             "that uses Google Benchmark (--benchmark_repetitions=20 --benchmark_out=FILE).\n"
             "Rows are matched by name. One is called slower or faster only if the ratio of its\n"
             "median times exceeds the measured noise, a bootstrap interval excludes 1, and a\n"
             "rank test agrees. docs/statistics.md explains each column.",
    .examples = "  normbench compare before.json after.json\n"
                "  normbench compare before.json after.json --filter matmul --csv table.csv\n"
                "  normbench compare before.json after.json --fail-on-regression --threshold 5",
    .operands = "A.json B.json",
    .operand_count = 2,
    .operand_offset = offsetof(struct compare, paths),
    .groups = {{"Verdict", rule_options}, {"Output", output_options}},
    .size = sizeof(struct compare),
    .defaults = defaults,
    .run = run_compare,
};
