// SPDX-License-Identifier: MIT
// normbench-gbench: the rows of `normbench bench`, timed by Google Benchmark under the same names.
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/google/shim.h"
#include "bench/request.h"
#include "bench/verdict.h"
#include "src/command.h"

// What the row that is timed now runs on. Rows that follow one another are often of one problem,
// and the library measures each several times.
struct stage {
    size_t cold_bytes;
    uint64_t seed;
    struct nb_operands operands; // zero: none yet
    struct nb_row *open;         // the row whose implementation is prepared; NULL: none
    size_t next;                 // where a cold row goes on
    struct nb_error error;       // why a row could not be measured; NB_OK: each could
};

// A row and where it runs.
struct entry {
    struct nb_row *row;
    struct stage *stage;
};

static struct nb_job job_of(const struct entry *entry) {
    const struct nb_row *row = entry->row;
    return (struct nb_job){&row->implementation, &entry->stage->operands, row->threads, row->cold,
                           false};
}

static void close_row(struct stage *stage) {
    if (stage->open != NULL)
        nb_team_close(&stage->open->implementation);
    stage->open = NULL;
}

// Puts the row's operands on the stage, unless they are there.
static enum nb_code set_stage(struct stage *stage, const struct nb_row *row,
                              struct nb_error *error) {
    struct nb_operands *operands = &stage->operands;
    size_t sets =
        row->cold ? nb_operands_cold_sets(row->problem, row->dtype, stage->cold_bytes) : 1;
    if (operands->problem == row->problem && operands->dtype == row->dtype &&
        operands->sets >= sets)
        return NB_OK;
    close_row(stage);
    nb_operands_free(operands);
    stage->next = 0;
    enum nb_code code =
        nb_operands_make(operands, row->problem, row->dtype, sets, stage->seed, error);
    if (code == NB_OK)
        nb_verdict_prepare(operands);
    return code;
}

// Operands, the check of a row that was not yet checked, and an untimed call. What a peer measures
// by itself has no place here: the library's own clock counts the way to it and back as well.
static const char *prepare(void *data) {
    struct entry *entry = data;
    struct nb_row *row = entry->row;
    const struct nb_peer *peer = row->implementation.peer;
    if (peer != NULL && peer->run != NULL)
        return "this peer times itself; normbench bench has the row";
    struct nb_error *error = &entry->stage->error;
    enum nb_code code = set_stage(entry->stage, row, error);
    struct nb_job job = job_of(entry);
    if (code == NB_OK && entry->stage->open != row) {
        close_row(entry->stage);
        code = nb_team_open(&job, &row->implementation, error);
        entry->stage->open = code == NB_OK ? row : NULL;
    }
    if (code == NB_OK && row->verdict == NB_UNCHECKED)
        code = nb_verdict_reach(row, &job, error);
    if (code != NB_OK)
        return error->text;
    if (row->verdict == NB_WRONG)
        return row->error;
    nb_team_run(&job, 1, &entry->stage->next);
    return NULL;
}

static double run(void *data, size_t calls) {
    struct entry *entry = data;
    struct nb_job job = job_of(entry);
    return nb_team_run(&job, calls, &entry->stage->next).wall;
}

// The plain facts of an object, each under its path: "machine.build.compiler".
static void describe(const char *path, json_t *object) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        char key[128], text[32];
        snprintf(key, sizeof key, "%s.%s", path, name);
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        if (json_is_object(value))
            describe(key, value);
        else if (json_is_string(value))
            nb_google_context(key, json_string_value(value));
        else if (json_is_integer(value))
            nb_google_context(key, text);
        else if (json_is_boolean(value))
            nb_google_context(key, json_is_true(value) ? "true" : "false");
    }
}

static void register_row(struct entry *entry) {
    const struct nb_row *row = entry->row;
    char name[NB_ROW_NAME];
    nb_row_name(row, name);
    nb_google_register(&(struct nb_google_benchmark){
        .name = name,
        .data = entry,
        .prepare = prepare,
        .run = run,
        .flops = row->flops,
        .bytes = row->traffic.read + row->traffic.written,
    });
}

static enum nb_code run_rows(struct nb_bench *bench, struct nb_error *error) {
    struct stage stage = {.cold_bytes = nb_ceilings_beyond_caches(&bench->ceilings),
                          .seed = bench->options.seed};
    size_t count = bench->selection.count, wrong = 0;
    struct entry *entries = calloc(count, sizeof *entries);
    json_t *machine = nb_machine_json(&bench->machine);
    if (entries == NULL || machine == NULL) {
        free(entries);
        json_decref(machine);
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    }
    describe("machine", machine);
    json_decref(machine);
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct entry){.row = &bench->selection.rows[i], .stage = &stage};
        register_row(&entries[i]);
    }
    enum nb_code code = NB_OK;
    if (nb_google_run() == 0)
        code = nb_error_set(error, NB_USAGE, "nothing ran; --benchmark_list_tests shows all rows");
    for (size_t i = 0; i < count; i++)
        wrong += entries[i].row->verdict == NB_WRONG;
    if (stage.error.code != NB_OK)
        code = nb_error_set(error, stage.error.code, "%s", stage.error.text);
    else if (wrong > 0)
        code = nb_error_set(error, NB_FAILED,
                            "%zu rows compute something else than the scalar table; normbench "
                            "check tells more",
                            wrong);
    close_row(&stage);
    nb_operands_free(&stage.operands);
    free(entries);
    return code;
}

static enum nb_code run_command(void *options, struct nb_error *error) {
    struct nb_bench_options bench_options = {.seed = 1};
    struct nb_bench bench;
    enum nb_code code = nb_request_read(&bench_options.request, options, error);
    if (code == NB_OK)
        code = nb_bench_open(&bench, &bench_options, error);
    if (code != NB_OK)
        return code;
    code = run_rows(&bench, error);
    nb_bench_free(&bench);
    return code;
}

static void defaults(void *options) {
    *(struct nb_request_options *)options = (struct nb_request_options){0};
}

static const struct nb_command command = {
    .name = "gbench",
    .groups = {{"What to measure", nb_request_options}},
    .size = sizeof(struct nb_request_options),
    .defaults = defaults,
    .run = run_command,
};

static void print_help(void) {
    printf("Usage: normbench-gbench [OPTION]... [FLAG]...\n"
           "\n"
           "Times the rows of normbench bench by Google Benchmark, under the same names. Each is\n"
           "checked first. Options choose the rows; they are those under \"What to measure\" in\n"
           "normbench bench --help:\n"
           "\n ");
    for (const struct nb_option *option = nb_request_options; option->name != NULL; option++)
        printf(" --%s", option->name);
    printf("\n\n"
           "Flags are those of Google Benchmark:\n"
           "\n");
    fflush(stdout);
    nb_google_print_help();
}

int main(int argc, char **argv) {
    struct nb_request_options options;
    struct nb_error error = {0};
    enum nb_parsed parsed = NB_PARSED_RUN;
    nb_google_begin(&argc, argv, print_help);
    enum nb_code code = nb_command_parse(&command, argc, argv, &options, &parsed, &error);
    if (code == NB_OK && parsed == NB_PARSED_HELP)
        print_help();
    else if (code == NB_OK && parsed == NB_PARSED_VERSION)
        printf("normbench-gbench %s\n", nb_build_version());
    else if (code == NB_OK)
        code = command.run(&options, &error);
    if (error.code != NB_OK)
        fprintf(stderr, "normbench-gbench: %s%s\n", error.text,
                error.code == NB_USAGE ? "; see normbench-gbench --help" : "");
    return code;
}
