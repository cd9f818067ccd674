// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stdlib.h>
#include <string.h>

#include "src/file.h"
#include "src/interrupt.h"
#include "src/number.h"
#include "src/sweep_run.h"

struct sweep {
    struct nb_grid grid; // first: the offsets of a grid's options hold
    const char *name, *output;
    size_t jobs; // 0: as many as there are cores
    bool dry_run;
    struct nb_given given;
};

static void defaults(void *options) {
    *(struct sweep *)options =
        (struct sweep){.grid = nb_grid_default(), .output = "normbench-sweep"};
}

// What happens between the reading of the options and the end.
struct session {
    const struct sweep *options;
    char *path; // of the records
    struct nb_machine machine;
    struct nb_sweep_parts parts;
    struct nb_sweep_plan plan;
    struct nb_journal journal;
    struct nb_sweep_records records;
    struct nb_sweep_forecast forecast;
    struct nb_sweep_run run;
};

// "2 h 05 min", "12 min 30 s", "7 s"
static const char *time_text(double seconds, char text[32]) {
    unsigned long s = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(text, 32, "%lu h %02lu min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(text, 32, "%lu min %02lu s", s / 60, s % 60);
    else
        snprintf(text, 32, "%lu s", s);
    return text;
}

// Finds out which cells have no record yet, and how long they take.
static enum nb_code prepare(struct session *session, struct nb_error *error) {
    struct nb_sweep_plan *plan = &session->plan;
    struct nb_sweep_run *run = &session->run;
    *run = (struct nb_sweep_run){
        .cells = calloc(plan->count, sizeof *run->cells),
        .jobs = session->options->jobs > 0 ? session->options->jobs
                                           : nb_machine_threads(&session->machine),
        .machine = &session->machine,
        .forecast = &session->forecast,
        .journal = &session->journal,
        .records = &session->records,
        .people = stdout,
    };
    if (run->cells == NULL || session->records.no_memory)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    for (size_t i = 0; i < plan->count; i++)
        if (!nb_sweep_records_have(&session->records, plan->cells[i].id))
            run->cells[run->count++] = &plan->cells[i];
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < run->count && code == NB_OK; i++) {
        code = nb_sweep_forecast_add(&session->forecast, run->cells[i], &session->machine, error);
        if (code == NB_OK)
            code = nb_interrupt_code();
    }
    return code;
}

static void print_cells(const struct session *session) {
    const struct nb_sweep_run *run = &session->run;
    double flops = 0;
    printf("%-12s %-12s %-16s %10s %9s  %s\n", "cell", "purpose", "part", "GFLOP", "seconds",
           "what");
    for (size_t i = 0; i < run->count; i++) {
        const struct nb_sweep_cell *cell = run->cells[i];
        char what[NB_CELL_TEXT_SIZE];
        nb_sweep_cell_describe(cell, what);
        flops += nb_sweep_cell_flops(cell);
        printf("%.12s %-12s %-16s %10.3f %9.2f  %s%s\n", cell->id, nb_purpose_names[cell->purpose],
               cell->part, 1e-9 * nb_sweep_cell_flops(cell),
               nb_sweep_forecast_seconds(&session->forecast, cell), what,
               *cell->impossible != '\0' ? " (impossible)" : "");
    }
    printf("%.3f GFLOP in all\n", 1e-9 * flops);
}

// What there is to do, in one line.
static void print_summary(const struct session *session, FILE *stream) {
    const struct nb_sweep_run *run = &session->run;
    size_t timing = 0;
    for (size_t i = 0; i < run->count; i++)
        timing += run->cells[i]->purpose == NB_TIMING;
    char text[32];
    fprintf(stream,
            "%zu cells, %zu of them recorded; to do: %zu for convergence, %zu at a time, and %zu "
            "for timing; about %s\n",
            session->plan.count, session->plan.count - run->count, run->count - timing, run->jobs,
            timing, time_text(nb_sweep_run_seconds(run), text));
}

// Whether what the sweep did was right: the last word, after all cells are recorded.
static enum nb_code judge(struct session *session, struct nb_error *error) {
    size_t differing = nb_sweep_records_compare(&session->records, stderr);
    if (differing > 0)
        return nb_error_set(error, NB_FAILED,
                            "%zu records differ in bits from others of the same computation; "
                            "normbench check and verify tell where; then remove these records",
                            differing);
    return NB_OK;
}

static enum nb_code run_cells(struct session *session, struct nb_error *error) {
    if (session->journal.dropped > 0)
        fprintf(stderr,
                "normbench sweep: the last line of %s was cut or damaged; it is removed, and its "
                "cell runs again\n",
                session->path);
    enum nb_code code = prepare(session, error);
    if (code == NB_OK) {
        print_summary(session, stderr);
        if (session->run.count > 0)
            code = nb_sweep_run(&session->run, error);
    }
    if (code == nb_interrupt_code() && code != NB_OK)
        fprintf(stderr,
                "interrupted: %zu cells are recorded in %s; the same command goes on from there\n",
                session->journal.lines, session->path);
    if (code == NB_OK)
        code = judge(session, error);
    if (code == NB_OK)
        printf("%s\n", session->path);
    return code;
}

static enum nb_code open_records(struct session *session, struct nb_error *error) {
    const struct sweep *options = session->options;
    if (asprintf(&session->path, "%s/records.jsonl", options->output) < 0) {
        session->path = NULL;
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    }
    if (options->dry_run)
        return nb_journal_read(session->path, nb_sweep_records_add, &session->records, error);
    enum nb_code code = nb_folder_make(options->output, error);
    if (code != NB_OK)
        return code;
    return nb_journal_open(&session->journal, session->path, nb_sweep_records_add,
                           &session->records, error);
}

static enum nb_code run_sweep(void *data, struct nb_error *error) {
    const struct sweep *options = data;
    struct session session = {.options = options};
    nb_interrupt_catch();
    nb_machine_read(&session.machine);
    enum nb_code code = nb_sweep_parts_read(&session.parts, options->name, &options->given, error);
    if (code == NB_OK)
        code = nb_sweep_plan_make(&session.plan, &session.parts, session.machine.cpu, error);
    if (code == NB_OK)
        code = open_records(&session, error);
    if (code == NB_OK && options->dry_run) {
        code = prepare(&session, error);
        if (code == NB_OK) {
            print_cells(&session);
            print_summary(&session, stdout);
        }
    } else if (code == NB_OK) {
        code = run_cells(&session, error);
    }
    free(session.run.cells);
    free(session.path);
    nb_sweep_forecast_free(&session.forecast);
    nb_sweep_records_free(&session.records);
    nb_journal_close(&session.journal);
    nb_sweep_plan_free(&session.plan);
    nb_sweep_parts_free(&session.parts);
    return code;
}

static const struct nb_option run_options[] = {
    {.name = "jobs",
     .value = "N",
     .help = "convergence cells that run side by side, each with one thread; auto: one for each "
             "physical core that this process may use",
     .type = &nb_option_threads,
     .offset = offsetof(struct sweep, jobs),
     .low = 1,
     .high = NB_MAX_THREADS},
    {.name = "dry-run",
     .help = "print the cells that have no record yet, their floating-point operations and the "
             "expected time, and train none of them",
     .type = &nb_option_flag,
     .offset = offsetof(struct sweep, dry_run)},
    {.name = "output",
     .value = "DIR",
     .help = "folder of the records; made if it is not there. A sweep that is started again with "
             "the same folder goes on",
     .type = &nb_option_text,
     .offset = offsetof(struct sweep, output)},
    {.name = NULL},
};

const struct nb_command nb_command_sweep = {
    .name = "sweep",
    .summary = "train a grid of settings and record every run",
    .about =
        "Trains every combination of normalizations, batch sizes, learning rates and seeds,\n"
        "times each on the instruction sets and numbers of threads, and adds one record per\n"
        "run to records.jsonl in the output folder; docs/study.md says what is in it.\n"
        "\n"
        "NAME is one of smoke (seconds, needs no data set), default (half an hour), full\n"
        "(hours) and ba2016 (the Layer Normalization paper's experiment, hours); FILE is your\n"
        "own, in the same format. Options win over it, in each of its parts. Without NAME and\n"
        "FILE, the options and their defaults are the grid.\n"
        "\n"
        "Whatever ends a sweep, the same command goes on where it stopped. SIGINT (Ctrl-C)\n"
        "and SIGTERM drop the runs under way and keep all that were recorded. All bits that\n"
        "must agree are compared at the end; if some do not, the exit code is 1.",
    .examples = "  normbench sweep smoke\n"
                "  normbench sweep default --output study\n"
                "  normbench sweep --norms batch,layer --batch-sizes 2..64*2 --seeds 1..10 \\\n"
                "                  --lr-rule linear --isas all --threads 1,2\n"
                "  normbench sweep ba2016 --seeds 1 --epochs 5 --dry-run",
    .operands = "NAME|FILE",
    .operand_count = 1,
    .operands_optional = true,
    .operand_words = nb_sweep_presets,
    .operand_offset = offsetof(struct sweep, name),
    .given_offset = offsetof(struct sweep, given),
    .groups = {NB_GRID_GROUPS, {"Running", run_options}},
    .without = nb_grid_lists,
    .size = sizeof(struct sweep),
    .defaults = defaults,
    .run = run_sweep,
};
