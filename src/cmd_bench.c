// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <string.h>
#include <unistd.h>

#include "bench/gbench.h"
#include "bench/peer_core.h"
#include "bench/report.h"
#include "bench/request.h"
#include "bench/results.h"
#include "bench/standing.h"
#include "src/file.h"
#include "src/interrupt.h"

struct options {
    struct nb_request_options what;
    const char *json, *output, *results;
    double seconds;
    size_t samples;
    uint64_t seed;
    bool list, dry_run, no_check, no_ceilings;
};

static void defaults(void *data) {
    *(struct options *)data = (struct options){.samples = 31, .seed = 1};
}

static const struct nb_option how_options[] = {
    {.name = "time",
     .value = "SECONDS",
     .help = "for all samples together, about; default: by the preset",
     .type = &nb_option_real,
     .low = 0,
     .high = 1e6,
     .range = "from 0 to 1000000",
     .offset = offsetof(struct options, seconds)},
    {.name = "samples",
     .value = "N",
     .help = "of each row, if the time allows it; at least 3 are taken",
     .type = &nb_option_count,
     .low = 3,
     .high = 100000,
     .offset = offsetof(struct options, samples)},
    {.name = "seed",
     .value = "N",
     .help = "of the inputs and of the order in which rows are timed",
     .type = &nb_option_u63,
     .offset = offsetof(struct options, seed)},
    {.name = "no-check",
     .help = "do not compare results with the scalar table first",
     .type = &nb_option_flag,
     .offset = offsetof(struct options, no_check)},
    {.name = "no-ceilings",
     .help = "do not measure the peaks of arithmetic and bandwidth",
     .type = &nb_option_flag,
     .offset = offsetof(struct options, no_ceilings)},
    {.name = "list",
     .help = "print the names of the rows and measure nothing",
     .type = &nb_option_flag,
     .offset = offsetof(struct options, list)},
    {.name = "dry-run",
     .help = "check and call every row once and time nothing",
     .type = &nb_option_flag,
     .offset = offsetof(struct options, dry_run)},
    {.name = NULL},
};

static const struct nb_option output_options[] = {
    {.name = "json",
     .value = "FILE",
     .help = "every sample, in Google Benchmark's format; -: to standard output, and nothing else "
             "there",
     .type = &nb_option_text,
     .offset = offsetof(struct options, json)},
    {.name = "output",
     .value = "DIR",
     .help = "write tables, JSON, machine card and roofline plots into this folder",
     .type = &nb_option_text,
     .offset = offsetof(struct options, output)},
    {.name = "results",
     .value = "DIR",
     .help = "the same into a new folder <machine>-<date> inside this one",
     .type = &nb_option_text,
     .offset = offsetof(struct options, results)},
    {.name = NULL},
};

static enum nb_code read_options(struct options *options, struct nb_bench_options *bench,
                                 struct nb_error *error) {
    static const double preset_seconds[] = {30, 270, 4 * 3600};
    *bench = (struct nb_bench_options){
        .samples = options->samples,
        .seed = options->seed,
        .no_check = options->no_check,
        .no_ceilings = options->no_ceilings,
        .dry_run = options->dry_run,
    };
    enum nb_code code = nb_request_read(&bench->request, &options->what, error);
    bench->seconds =
        options->seconds > 0 ? options->seconds : preset_seconds[bench->request.preset];
    if (code == NB_OK && options->output != NULL && options->results != NULL)
        code = nb_error_set(error, NB_USAGE, "--output and --results: choose one of them");
    return code;
}

static void print_list(const struct nb_bench *bench) {
    for (size_t i = 0; i < bench->selection.count; i++) {
        char name[NB_ROW_NAME];
        nb_row_name(&bench->selection.rows[i], name);
        printf("%s\n", name);
    }
}

// What somebody's shell has set once makes a library slow for ever, and its ratio look good.
static void print_held(const struct nb_bench *bench) {
    const bool *chosen = bench->options.request.peers;
    if (memchr(chosen, 1, NB_MAX_PEERS * sizeof *chosen) == NULL)
        return; // so as to load none
    for (size_t i = 0; nb_peers()[i] != NULL; i++) {
        const struct nb_peer *peer = nb_peers()[i];
        const char *variable = nb_peer_core_held(peer->name);
        if (chosen[i] && variable != NULL && peer->version() != NULL)
            fprintf(stderr,
                    "%s is set: %s runs the code it names; unset it, and the quickest is found\n",
                    variable, peer->name);
    }
}

static void print_wrong(const struct nb_bench *bench) {
    for (size_t i = 0; i < bench->selection.count; i++) {
        const struct nb_row *row = &bench->selection.rows[i];
        char name[NB_ROW_NAME];
        nb_row_name(row, name);
        if (row->verdict == NB_WRONG)
            fprintf(stderr, "wrong: %s: %s\n", name, row->error);
    }
}

// Makes what the user asked for before anything is measured: a file, and a folder. The caller
// discards the file, and removes an empty folder, after a failure too.
static enum nb_code open_outputs(const struct nb_bench *bench, const struct options *options,
                                 struct nb_file *json, char folder[NB_FOLDER_TEXT],
                                 struct nb_error *error) {
    enum nb_code code = NB_OK;
    if (options->json != NULL)
        code = nb_file_open(json, options->json, error);
    if (code != NB_OK || options->dry_run)
        return code;
    if (options->results != NULL)
        return nb_results_folder(bench, options->results, folder, error);
    if (options->output == NULL)
        return NB_OK;
    if (snprintf(folder, NB_FOLDER_TEXT, "%s", options->output) >= NB_FOLDER_TEXT)
        return nb_error_set(
            error, NB_USAGE,
            "--output: '%.200s...' is too long; name a folder of less than %d bytes",
            options->output, NB_FOLDER_TEXT);
    return nb_folder_make(folder, error);
}

static enum nb_code write_folder(const struct nb_bench *bench, const struct options *options,
                                 const char *folder, struct nb_error *error) {
    struct nb_error unplotted;
    bool stdout_taken = options->json != NULL && strcmp(options->json, "-") == 0;
    fprintf(stdout_taken ? stderr : stdout, "\n");
    enum nb_code code =
        nb_results_write(bench, folder, stdout_taken ? stderr : stdout, &unplotted, error);
    if (code == NB_OK && unplotted.code != NB_OK)
        fprintf(stderr, "no roofline plots: %s\n", unplotted.text);
    return code;
}

// What is left to do when the rows are measured: print, write, and judge.
static enum nb_code conclude(const struct nb_bench *bench, const struct options *options,
                             struct nb_file *json, const char *folder, struct nb_error *error) {
    bool stdout_taken = json->stream == stdout;
    enum nb_code code = NB_OK;
    print_wrong(bench);
    if (options->dry_run && !stdout_taken)
        printf("%zu rows checked and run once, %zu wrong\n", bench->selection.count, bench->wrong);
    else if (!stdout_taken) {
        nb_report_tables(bench, stdout, NB_TABLE_TEXT);
        code = nb_standing_table(bench, stdout, NB_TABLE_TEXT, error);
    }
    if (code == NB_OK && json->stream != NULL) {
        code = nb_gbench_write(bench, json->stream, error);
        if (code == NB_OK)
            code = nb_file_commit(json, error);
        if (code == NB_OK && !stdout_taken)
            printf("\n%s\n", options->json);
    }
    if (code == NB_OK && *folder != '\0')
        code = write_folder(bench, options, folder, error);
    if (code == NB_OK && bench->wrong > 0)
        code = nb_error_set(error, NB_FAILED,
                            "%zu of %zu rows compute something else than the scalar table; "
                            "normbench check tells more",
                            bench->wrong, bench->selection.count);
    return code == NB_OK ? bench->ended : code;
}

static enum nb_code run_bench(void *data, struct nb_error *error) {
    struct options *options = data;
    struct nb_bench_options bench_options;
    struct nb_bench bench;
    enum nb_code code = read_options(options, &bench_options, error);
    if (code == NB_OK)
        code = nb_bench_open(&bench, &bench_options, error);
    if (code != NB_OK)
        return code;
    struct nb_file json = {0};
    if (options->list) {
        print_list(&bench);
    } else {
        char folder[NB_FOLDER_TEXT] = "";
        code = open_outputs(&bench, options, &json, folder, error);
        struct nb_progress progress;
        nb_interrupt_catch();
        if (nb_peer_core_held_to() == NB_ISA_COUNT)
            print_held(&bench);
        if (code == NB_OK)
            code = nb_bench_run(&bench, &progress, stderr, error);
        if (code == NB_OK)
            code = conclude(&bench, options, &json, folder, error);
        nb_file_discard(&json);
        if (options->results != NULL && *folder != '\0')
            rmdir(folder); // unless something is in it
    }
    nb_bench_free(&bench);
    return code;
}

const struct nb_command nb_command_bench = {
    .name = "bench",
    .summary = "time every kernel against the ceilings of this machine",
    .about = "Checks every kernel against the scalar table, then times it: problems that are\n"
             "compared are timed in turn, in a random order, and each row says how far it\n"
             "scatters and how near it comes to what this machine can do, measured in the\n"
             "same run. An interrupt keeps what was measured.",
    .examples = "  normbench bench --preset quick\n"
                "  normbench bench --problems 'matmul_nn:128x256x784 layernorm_*:4..512*2x256'\n"
                "  normbench bench --filter '^batchnorm.*/avx2/' --output results",
    .groups = {{"What to measure", nb_request_options},
               {"How", how_options},
               {"Output", output_options}},
    .size = sizeof(struct options),
    .defaults = defaults,
    .run = run_bench,
};
