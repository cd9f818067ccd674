// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stdlib.h>
#include <string.h>

#include "src/comparison.h"
#include "src/file.h"
#include "src/interrupt.h"
#include "src/notice.h"
#include "src/progress.h"
#include "src/record.h"
#include "src/settings_options.h"

struct experiment {
    struct nb_settings settings;
    struct nb_choices norms;
    const char *output;
};

static void defaults(void *options) {
    *(struct experiment *)options = (struct experiment){
        .settings = nb_settings_default(),
        .norms = {{NB_NORM_BATCH, NB_NORM_LAYER}, 2},
        .output = "normbench-experiment",
    };
}

// The files of an experiment beside those of the plot.
enum { EPOCHS, PAGE, RECORDS, FILES };
static const char *const names[FILES] = {"epochs.csv", "table.md", "records.jsonl"};

static enum nb_code open_files(const char *folder, struct nb_file files[FILES],
                               struct nb_error *error) {
    enum nb_code code = nb_folder_make(folder, error);
    for (int i = 0; i < FILES && code == NB_OK; i++) {
        char *path;
        if (asprintf(&path, "%s/%s", folder, names[i]) < 0)
            return nb_error_set(error, NB_FAILED, "not enough memory; free some");
        code = nb_file_open(&files[i], path, error);
        free(path);
    }
    return code;
}

static enum nb_code begin_runs(struct nb_comparison *comparison, const struct experiment *options,
                               const struct nb_dataset *dataset, struct nb_error *error) {
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < options->norms.count && code == NB_OK; i++) {
        struct nb_settings settings = options->settings;
        settings.norm = (enum nb_norm)options->norms.values[i];
        code = nb_run_begin(&comparison->runs[i], &settings, dataset, error);
        comparison->count += code == NB_OK;
    }
    return code;
}

static void on_step(void *user, const struct nb_run *run, size_t rows, double loss) {
    (void)run, (void)loss;
    nb_progress_add(user, (double)rows, (double)rows);
}

// Trains all runs, one epoch of each in turn, so that a row of the table is complete as early as
// can be and a change in the machine's speed meets all of them.
static void train_epochs(struct nb_comparison *comparison) {
    const struct nb_run *first = &comparison->runs[0];
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an option's list is never empty
    double rows = (double)first->dataset->train.rows;
    size_t epochs = first->settings.epochs;
    struct nb_table table;
    struct nb_progress progress;
    printf("Mean training loss and test accuracy after each epoch\n");
    nb_comparison_begin(comparison, &table, stdout, NB_TABLE_TEXT);
    nb_progress_begin(&progress, stderr, rows * (double)(epochs * comparison->count), "img");
    for (size_t epoch = 0; epoch < epochs && nb_interrupt_code() == NB_OK; epoch++) {
        bool trained = false;
        for (size_t i = 0; i < comparison->count; i++) {
            struct nb_run *run = &comparison->runs[i];
            char label[64];
            snprintf(label, sizeof label, "%s, epoch %zu/%zu", nb_norm_title(run->settings.norm),
                     epoch + 1, epochs);
            nb_progress_label(&progress, label);
            if (!nb_run_epoch(run, on_step, &progress))
                continue;
            trained = true;
            if (run->status == NB_STATUS_DIVERGED) {
                size_t done = run->epochs[epoch].samples;
                nb_progress_skip(&progress, rows * (double)(epochs - epoch) - (double)done);
            }
        }
        nb_progress_clear(&progress);
        if (!trained)
            break;
        nb_comparison_row(comparison, &table, epoch);
    }
    nb_progress_end(&progress);
    nb_table_end(&table);
}

static enum nb_code write_records(const struct nb_comparison *comparison, FILE *stream,
                                  struct nb_error *error) {
    struct nb_machine machine;
    nb_machine_read(&machine);
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < comparison->count && code == NB_OK; i++)
        code = nb_record_write(stream, &comparison->runs[i], &machine, NB_RECORD_LINE, error);
    return code;
}

// Draws the curves, writes the files and prints the paths of all. A picture that cannot be drawn is
// a warning: its data is there.
static enum nb_code write_files(struct nb_comparison *comparison, const char *folder,
                                struct nb_file files[FILES], struct nb_error *error) {
    struct nb_plot_files plot = {0};
    struct nb_error plot_error;
    if (nb_comparison_plot(comparison, folder, &plot, &plot_error) != NB_OK)
        fprintf(stderr, "normbench: warning: no plot: %s\n", plot_error.text);
    nb_comparison_csv(comparison, files[EPOCHS].stream);
    nb_comparison_page(comparison, files[PAGE].stream, *plot.svg == '\0' ? NULL : "curves.svg");
    enum nb_code code = write_records(comparison, files[RECORDS].stream, error);
    for (int i = 0; i < FILES && code == NB_OK; i++)
        code = nb_file_commit(&files[i], error);
    const char *const pictures[] = {plot.svg, plot.png, plot.gp, plot.csv};
    printf("\n");
    for (int i = 0; i < 4; i++)
        if (*pictures[i] != '\0')
            printf("%s\n", pictures[i]);
    for (int i = 0; i < FILES && code == NB_OK; i++)
        printf("%s/%s\n", folder, names[i]);
    return code;
}

static enum nb_code compare(struct nb_comparison *comparison, const char *folder,
                            struct nb_file files[FILES], struct nb_error *error) {
    const struct nb_run *first = &comparison->runs[0];
    nb_notice_dataset(first->dataset);
    char what[NB_OPTION_TEXT] = "";
    for (size_t i = 0; i < comparison->count; i++) {
        size_t used = strlen(what);
        snprintf(what + used, sizeof what - used, "%s%s", i == 0 ? "" : " | ",
                 nb_norm_title(comparison->runs[i].settings.norm));
    }
    nb_notice_begin(first, what);
    train_epochs(comparison);
    bool interrupted = false;
    for (size_t i = 0; i < comparison->count; i++) {
        struct nb_run *run = &comparison->runs[i];
        // One whose turn did not come any more learns of the interrupt here.
        if (nb_interrupt_code() != NB_OK && run->epoch_count < run->settings.epochs)
            nb_run_epoch(run, NULL, NULL);
        nb_run_end(run);
        nb_notice_end(run);
        interrupted |= run->status == NB_STATUS_INTERRUPTED;
    }
    printf("\nThe last epoch of each\n");
    nb_comparison_summary(comparison, stdout, NB_TABLE_TEXT);
    enum nb_code code = write_files(comparison, folder, files, error);
    return code == NB_OK && interrupted ? nb_interrupt_code() : code;
}

static enum nb_code run_experiment(void *data, struct nb_error *error) {
    const struct experiment *options = data;
    const struct nb_settings *settings = &options->settings;
    struct nb_dataset dataset;
    enum nb_code code =
        nb_dataset_load(&dataset, settings->dataset, settings->data_dir, settings->classes, error);
    if (code != NB_OK)
        return code;
    struct nb_comparison comparison = {.count = 0};
    struct nb_file files[FILES] = {0};
    nb_interrupt_catch();
    code = begin_runs(&comparison, options, &dataset, error);
    if (code == NB_OK)
        code = open_files(options->output, files, error);
    if (code == NB_OK)
        code = compare(&comparison, options->output, files, error);
    for (int i = 0; i < FILES; i++)
        nb_file_discard(&files[i]);
    for (size_t i = 0; i < comparison.count; i++)
        nb_run_free(&comparison.runs[i]);
    nb_dataset_free(&dataset);
    return code;
}

static const struct nb_option norms_options[] = {
    {.name = "norms",
     .value = "LIST",
     .help = "normalizations to compare, out of batch, layer and none",
     .type = &nb_option_choices,
     .offset = offsetof(struct experiment, norms),
     .choices = nb_norm_names},
    {.name = NULL},
};

static const struct nb_option output_options[] = {
    {.name = "output",
     .value = "DIR",
     .help = "folder for the tables, the plots and the records; made if it is not there",
     .type = &nb_option_text,
     .offset = offsetof(struct experiment, output)},
    {.name = NULL},
};

const struct nb_command nb_command_experiment = {
    .name = "experiment",
    .summary = "train with BatchNorm and LayerNorm side by side and plot the loss curves",
    .about = "Trains the same network with each normalization under identical settings and seed,\n"
             "and shows them side by side: a row per epoch, a summary and the curves of the\n"
             "training loss as SVG and PNG. The defaults are those of the PyTorch experiment that\n"
             "it reproduces. The folder gets curves.svg and curves.png with curves.gp and\n"
             "curves.csv to draw them again, epochs.csv, table.md, and records.jsonl with the\n"
             "record of each run.\n"
             "\n"
             "One SIGINT (Ctrl-C) or SIGTERM ends it after the step under way and writes what was\n"
             "reached; a second one ends it at once. A run that diverges does not stop the others.",
    .examples = "  normbench experiment\n"
                "  normbench experiment --norms batch,layer,none --batch-size 4 --lr 0.01\n"
                "  normbench experiment --dataset fashion-mnist --output fashion",
    .groups = {{"Network", norms_options},
               {"", nb_model_options},
               {"Training", nb_training_options},
               {"Machine (changes the time, never the result)", nb_machine_options},
               {"Data", nb_data_options},
               {"Output", output_options}},
    .size = sizeof(struct experiment),
    .defaults = defaults,
    .run = run_experiment,
};
