// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stdlib.h>
#include <string.h>

#include "bench/gbench.h"
#include "bench/report.h"
#include "bench/results.h"
#include "src/file.h"
#include "src/interrupt.h"

struct options {
    const char *problems, *filter, *preset, *threads, *peers, *json, *output, *results;
    struct nb_choices isas, dtypes, caches;
    double seconds;
    size_t samples;
    uint64_t seed;
    bool list, dry_run, no_check, no_ceilings;
};

static void defaults(void *data) {
    *(struct options *)data = (struct options){.samples = 31, .seed = 1};
}

static const char *const isa_names[] = {
#define NAME(id, name, exact, about) name,
    NB_ISA_LIST(NAME)
#undef NAME
        NULL};
static const char *const cache_names[] = {"hot", "cold", NULL};

static const struct nb_option what_options[] = {
    {.name = "preset",
     .value = "NAME",
     .help =
         "quick (half a minute), default (five) or full (hours); NORMBENCH_BENCH is another name "
         "for NORMBENCH_PRESET",
     .type = &nb_option_word,
     .choices = nb_preset_names,
     .offset = offsetof(struct options, preset)},
    {.name = "problems",
     .value = "TEXT",
     .help =
         "these problems instead of the preset's, with spaces between: matmul_nt:128x256x784 is "
         "m x n x k, layernorm_*:4..8192*2x256,1000 rows x columns, sgd_step:200704 n",
     .type = &nb_option_text,
     .offset = offsetof(struct options, problems)},
    {.name = "filter",
     .value = "REGEX",
     .help = "only rows whose name matches, or with - in front: does not match",
     .type = &nb_option_text,
     .offset = offsetof(struct options, filter)},
    {.name = "dtypes",
     .value = "LIST",
     .help = "f32, f64 or f32,f64",
     .type = &nb_option_choices,
     .choices = nb_dtype_names,
     .offset = offsetof(struct options, dtypes)},
    {.name = "isas",
     .value = "LIST",
     .help = "instruction sets that this CPU has; see normbench info",
     .type = &nb_option_choices,
     .choices = isa_names,
     .offset = offsetof(struct options, isas)},
    {.name = "threads",
     .value = "LIST",
     .help = "numbers of threads: 1,2",
     .type = &nb_option_text,
     .offset = offsetof(struct options, threads)},
    {.name = "caches",
     .value = "LIST",
     .help = "hot: the same operands again and again; cold: others each time, from memory",
     .type = &nb_option_choices,
     .choices = cache_names,
     .offset = offsetof(struct options, caches)},
    {.name = "peers",
     .value = "LIST",
     .help =
         "libraries to time beside ours: all, none, or some of those that normbench info names; "
         "default: none for quick, else all",
     .type = &nb_option_text,
     .offset = offsetof(struct options, peers)},
    {.name = NULL},
};

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

// NORMBENCH_BENCH names the preset where no option does: `NORMBENCH_BENCH=quick ninja bench`.
static enum nb_code read_preset(struct options *options, enum nb_preset *preset,
                                struct nb_error *error) {
    const char *text = getenv("NORMBENCH_BENCH");
    *preset = NB_PRESET_DEFAULT;
    if (options->preset == NULL && text != NULL) {
        enum nb_code code =
            nb_option_set(&what_options[0], "NORMBENCH_BENCH", text, options, error);
        if (code != NB_OK)
            return code;
    }
    for (int i = 0; options->preset != NULL && nb_preset_names[i] != NULL; i++)
        if (strcmp(options->preset, nb_preset_names[i]) == 0)
            *preset = (enum nb_preset)i;
    return NB_OK;
}

static int ascending(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static enum nb_code read_threads(const char *text, size_t threads[NB_MAX_THREAD_COUNTS],
                                 struct nb_error *error) {
    size_t count = 0;
    for (const char *word = text; word != NULL;) {
        char number[16];
        uint64_t value;
        size_t length = strcspn(word, ",");
        snprintf(number, sizeof number, "%.*s", (int)length, word);
        if (length >= sizeof number || !nb_parse_count(number, 1, 4096, &value) ||
            count == NB_MAX_THREAD_COUNTS - 1)
            return nb_error_set(
                error, NB_USAGE,
                "--threads: '%.200s' is not a list of up to %d numbers from 1 to 4096", text,
                NB_MAX_THREAD_COUNTS - 1);
        threads[count++] = (size_t)value;
        word = word[length] == ',' ? word + length + 1 : NULL;
    }
    qsort(threads, count, sizeof *threads, ascending);
    for (size_t i = 1; i < count; i++)
        if (threads[i] == threads[i - 1])
            return nb_error_set(error, NB_USAGE, "--threads: %zu is named twice", threads[i]);
    return NB_OK;
}

static enum nb_code read_isas(const struct nb_choices *chosen, bool isas[NB_ISA_COUNT],
                              struct nb_error *error) {
    for (size_t i = 0; i < chosen->count; i++) {
        enum nb_isa isa = (enum nb_isa)chosen->values[i];
        if (!nb_isa_usable(isa)) {
            char usable[128] = "";
            for (enum nb_isa other = 0; other < NB_ISA_COUNT; other++)
                if (nb_isa_usable(other)) {
                    strcat(usable, *usable == '\0' ? "" : ", ");
                    strcat(usable, nb_isa_name(other));
                }
            return nb_error_set(error, NB_USAGE,
                                "--isas: this computer cannot run %s; it can run %s",
                                nb_isa_name(isa), usable);
        }
        isas[isa] = true;
    }
    return NB_OK;
}

static enum nb_code read_options(struct options *options, struct nb_bench_options *bench,
                                 struct nb_error *error) {
    static const double preset_seconds[] = {30, 270, 4 * 3600};
    *bench = (struct nb_bench_options){
        .request = {.problems = options->problems, .filter = options->filter},
        .samples = options->samples,
        .seed = options->seed,
        .no_check = options->no_check,
        .no_ceilings = options->no_ceilings,
        .dry_run = options->dry_run,
    };
    struct nb_request *request = &bench->request;
    enum nb_code code = read_preset(options, &request->preset, error);
    if (code == NB_OK && options->threads != NULL)
        code = read_threads(options->threads, request->threads, error);
    if (code == NB_OK)
        code = read_isas(&options->isas, request->isas, error);
    bool by_default = request->problems != NULL || request->preset != NB_PRESET_QUICK;
    if (code == NB_OK)
        code = nb_peers_choose(options->peers != NULL ? options->peers
                               : by_default           ? "all"
                                                      : "none",
                               request->peers, error);
    for (size_t i = 0; i < options->dtypes.count; i++)
        request->dtypes[options->dtypes.values[i]] = true;
    for (size_t i = 0; i < options->caches.count; i++)
        *(options->caches.values[i] == 0 ? &request->hot : &request->cold) = true;
    bench->seconds = options->seconds > 0 ? options->seconds : preset_seconds[request->preset];
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

static void print_wrong(const struct nb_bench *bench) {
    for (size_t i = 0; i < bench->selection.count; i++) {
        const struct nb_row *row = &bench->selection.rows[i];
        char name[NB_ROW_NAME];
        nb_row_name(row, name);
        if (row->verdict == NB_WRONG)
            fprintf(stderr, "wrong: %s: %s\n", name, row->error);
    }
}

// The folder that the user asked for, if any.
static enum nb_code write_folder(const struct nb_bench *bench, const struct options *options,
                                 struct nb_error *error) {
    char folder[NB_FOLDER_TEXT] = "";
    enum nb_code code = NB_OK;
    if (options->results != NULL)
        code = nb_results_folder(bench, options->results, folder, error);
    if (options->output != NULL) {
        snprintf(folder, sizeof folder, "%s", options->output);
        code = nb_folder_make(folder, error);
    }
    if (code != NB_OK || *folder == '\0')
        return code;
    struct nb_error unplotted;
    bool stdout_taken = options->json != NULL && strcmp(options->json, "-") == 0;
    fprintf(stdout_taken ? stderr : stdout, "\n");
    code = nb_results_write(bench, folder, stdout_taken ? stderr : stdout, &unplotted, error);
    if (code == NB_OK && unplotted.code != NB_OK)
        fprintf(stderr, "no roofline plots: %s\n", unplotted.text);
    return code;
}

// What is left to do when the rows are measured: print, write, and judge.
static enum nb_code conclude(const struct nb_bench *bench, const struct options *options,
                             struct nb_file *json, struct nb_error *error) {
    bool stdout_taken = json->stream == stdout;
    enum nb_code code = NB_OK;
    print_wrong(bench);
    if (options->dry_run && !stdout_taken)
        printf("%zu rows checked and run once, %zu wrong\n", bench->selection.count, bench->wrong);
    else if (!stdout_taken)
        nb_report_tables(bench, stdout, NB_TABLE_TEXT);
    if (json->stream != NULL) {
        code = nb_gbench_write(bench, json->stream, error);
        if (code == NB_OK)
            code = nb_file_commit(json, error);
        if (code == NB_OK && !stdout_taken)
            printf("\n%s\n", options->json);
    }
    if (code == NB_OK && !options->dry_run)
        code = write_folder(bench, options, error);
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
        if (options->json != NULL)
            code = nb_file_open(&json, options->json, error);
        struct nb_progress progress;
        nb_interrupt_catch();
        if (code == NB_OK)
            code = nb_bench_run(&bench, &progress, stderr, error);
        if (code == NB_OK)
            code = conclude(&bench, options, &json, error);
        nb_file_discard(&json);
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
    .groups = {{"What to measure", what_options}, {"How", how_options}, {"Output", output_options}},
    .size = sizeof(struct options),
    .defaults = defaults,
    .run = run_bench,
};
