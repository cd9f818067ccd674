// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <string.h>

#include "src/file.h"
#include "src/interrupt.h"
#include "src/notice.h"
#include "src/profile_table.h"
#include "src/progress.h"
#include "src/record.h"
#include "src/settings_options.h"
#include "src/table.h"

struct train {
    struct nb_settings settings;
    const char *json, *trace;
    bool profile;
};

static void defaults(void *options) {
    *(struct train *)options = (struct train){.settings = nb_settings_default()};
}

// What watches the run: the bar on the terminal and the file of losses.
struct watch {
    struct nb_progress *progress;
    FILE *trace; // NULL: none
};

static void on_step(void *user, const struct nb_run *run, size_t rows, double loss) {
    (void)run;
    struct watch *watch = user;
    if (watch->trace != NULL)
        fprintf(watch->trace, "%.17g\n", loss);
    nb_progress_add(watch->progress, (double)rows, (double)rows);
}

static const struct nb_column columns[] = {
    {.name = "epoch", .align = NB_RIGHT},
    {.name = "train_loss", .title = "train loss", .align = NB_RIGHT, .digits = 6, .width = 10},
    {.name = "test_loss", .title = "test loss", .align = NB_RIGHT, .digits = 6, .width = 10},
    {.name = "test_accuracy",
     .title = "test accuracy",
     .unit = "%",
     .align = NB_RIGHT,
     .digits = 2},
    {.name = "seconds", .align = NB_RIGHT, .digits = 3},
    {.name = "samples_per_second", .title = "samples/s", .align = NB_RIGHT, .width = 10},
};

static void print_epoch(struct nb_table *table, const struct nb_run *run) {
    const struct nb_epoch *epoch = &run->epochs[run->epoch_count - 1];
    nb_table_row(table, (struct nb_cell[]){
                            nb_cell_count(epoch->epoch),
                            nb_cell_number(epoch->train_loss),
                            nb_cell_number(epoch->test_loss),
                            nb_cell_number(100 * nb_epoch_accuracy(run, epoch)),
                            nb_cell_number(epoch->seconds),
                            nb_cell_number(nb_epoch_speed(epoch)),
                        });
}

// Trains to the end, with a row of the table for each epoch.
static void train_epochs(struct nb_run *run, FILE *people, FILE *trace) {
    double rows = (double)run->dataset->train.rows;
    struct nb_progress progress;
    struct watch watch = {&progress, trace};
    struct nb_table table;
    nb_table_begin(&table, people, NB_TABLE_TEXT, columns, sizeof columns / sizeof *columns);
    nb_progress_begin(&progress, stderr, rows * (double)run->settings.epochs, "img");
    do {
        char label[64];
        snprintf(label, sizeof label, "%s, epoch %zu/%zu", nb_norm_title(run->settings.norm),
                 run->epoch_count + 1, run->settings.epochs);
        nb_progress_label(&progress, label);
        if (!nb_run_epoch(run, on_step, &watch))
            break;
        nb_progress_clear(&progress);
        if (run->status != NB_STATUS_INTERRUPTED)
            print_epoch(&table, run);
    } while (true);
    nb_progress_end(&progress);
    nb_table_end(&table);
}

static enum nb_code write_record(struct nb_file *json, const struct nb_run *run,
                                 struct nb_error *error) {
    struct nb_machine machine;
    nb_machine_read(&machine);
    enum nb_code code = nb_record_write(json->stream, run, &machine, NB_RECORD_INDENTED, error);
    return code == NB_OK ? nb_file_commit(json, error) : code;
}

// Opens the outputs that are asked for before any work is done for them. The caller discards them
// after a failure too.
static enum nb_code open_outputs(const struct train *options, struct nb_file *json,
                                 struct nb_file *trace, struct nb_error *error) {
    enum nb_code code = NB_OK;
    if (options->json != NULL)
        code = nb_file_open(json, options->json, error);
    if (options->trace != NULL && code == NB_OK)
        code = nb_file_open(trace, options->trace, error);
    if (code == NB_OK && json->path != NULL && trace->path != NULL &&
        strcmp(json->path, trace->path) == 0)
        code = nb_error_set(error, NB_USAGE,
                            "--json and --trace both go to '%.200s'; give them different files",
                            options->json);
    return code;
}

// Trains with the outputs open, then writes them: a failure of one does not spoil the other.
static enum nb_code train(struct nb_run *run, const struct train *options, struct nb_file *json,
                          struct nb_file *trace, struct nb_error *error) {
    FILE *people = json->stream == stdout || trace->stream == stdout ? stderr : stdout;
    nb_notice_begin(run, nb_norm_title(run->settings.norm));
    train_epochs(run, people, trace->stream);
    nb_run_end(run);
    nb_notice_end(run);
    if (run->profiled)
        nb_profile_table(people, run);
    fprintf(people, "weights %s\n", run->weights_digest);
    enum nb_code trace_code = NB_OK, json_code = NB_OK;
    if (options->trace != NULL)
        trace_code = nb_file_commit(trace, error);
    if (trace_code == NB_OK && options->trace != NULL && strcmp(options->trace, "-") != 0)
        fprintf(people, "trace   %s\n", options->trace);
    if (options->json != NULL)
        json_code = write_record(json, run, error);
    if (json_code == NB_OK && options->json != NULL && strcmp(options->json, "-") != 0)
        fprintf(people, "record  %s\n", options->json);
    return trace_code != NB_OK ? trace_code : json_code;
}

static enum nb_code run_train(void *data, struct nb_error *error) {
    const struct train *options = data;
    const struct nb_settings *settings = &options->settings;
    struct nb_dataset dataset;
    enum nb_code code =
        nb_dataset_load(&dataset, settings->dataset, settings->data_dir, settings->classes, error);
    if (code != NB_OK)
        return code;
    struct nb_run run;
    struct nb_file json = {0}, trace = {0};
    nb_interrupt_catch();
    code = nb_run_begin(&run, settings, &dataset, error);
    if (code == NB_OK) {
        code = open_outputs(options, &json, &trace, error);
        if (code == NB_OK && options->profile)
            code = nb_run_profile(&run, error);
        if (code == NB_OK) {
            nb_notice_dataset(&dataset);
            code = train(&run, options, &json, &trace, error);
        }
        if (code == NB_OK && run.status == NB_STATUS_INTERRUPTED)
            code = nb_interrupt_code();
        nb_run_free(&run);
    }
    nb_file_discard(&json);
    nb_file_discard(&trace);
    nb_dataset_free(&dataset);
    return code;
}

static const struct nb_option norm_options[] = {
    {.name = "norm",
     .value = "NAME",
     .help = "normalization after each hidden layer: batch, layer or none",
     .type = &nb_option_choice,
     .offset = offsetof(struct train, settings.norm),
     .choices = nb_norm_names},
    {.name = NULL},
};

static const struct nb_option output_options[] = {
    {.name = "json",
     .value = "FILE",
     .help = "write the run's record as JSON; -: to standard output, and the table to standard "
             "error",
     .type = &nb_option_text,
     .offset = offsetof(struct train, json)},
    {.name = "trace",
     .value = "FILE",
     .help = "write the loss of every step, 17 digits, one a line; -: as for --json",
     .type = &nb_option_text,
     .offset = offsetof(struct train, trace)},
    {.name = "profile",
     .help = "show where the time went: products, normalization, loss, waiting for other threads",
     .type = &nb_option_flag,
     .offset = offsetof(struct train, profile)},
    {.name = NULL},
};

const struct nb_command nb_command_train = {
    .name = "train",
    .summary = "train one network and show its losses and accuracy per epoch",
    .about = "Trains one network on MNIST or a data set of its format, and tests it after each\n"
             "epoch. The same settings and seed give the same bits on every instruction set and\n"
             "for any number of threads, and the losses of PyTorch. The last line is the digest\n"
             "of the trained weights: compare it to see whether two machines agree.\n"
             "\n"
             "One SIGINT (Ctrl-C) or SIGTERM ends the run after the step under way and keeps what\n"
             "was reached; a second one ends it at once. A run whose loss is no longer finite\n"
             "ends as diverged, which is a result: it is recorded, and the exit code is 0.",
    .examples = "  normbench train --norm layer --epochs 3\n"
                "  normbench train --norm batch --hidden 1000,1000 --optimizer adam --lr 0.001\n"
                "  normbench train --dtype f64 --trace losses.txt --json run.json\n"
                "  normbench train --profile --threads 2 --batch-size 32\n"
                "  NORMBENCH_ISA=scalar normbench train --json - | jq .weights_digest",
    .groups = {{"Network", norm_options},
               {"", nb_model_options},
               {"Training", nb_training_options},
               {"Machine (changes the time, never the result)", nb_machine_options},
               {"Data", nb_data_options},
               {"Output", output_options}},
    .size = sizeof(struct train),
    .defaults = defaults,
    .run = run_train,
};
