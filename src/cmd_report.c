// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stdlib.h>

#include "src/report.h"

struct report {
    const char *folder; // of the records
    const char *output; // NULL: "report" inside it
    struct nb_targets targets;
};

static void defaults(void *options) {
    *(struct report *)options = (struct report){.targets = {.loss = 0.2, .accuracy = 0.95}};
}

static enum nb_code write_report(const struct report *options, const struct nb_study *study,
                                 struct nb_error *error) {
    char *inside = NULL;
    if (options->output == NULL && asprintf(&inside, "%s/report", options->folder) < 0)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    struct nb_page page;
    nb_report_write(&page, study, inside == NULL ? options->output : inside, &options->targets,
                    error);
    if (page.no_pictures.code != NB_OK)
        fprintf(stderr, "normbench: warning: no plots: %s\n", page.no_pictures.text);
    enum nb_code code = nb_page_close(&page, stdout);
    free(inside);
    return code;
}

static enum nb_code run_report(void *data, struct nb_error *error) {
    const struct report *options = data;
    struct nb_study study;
    enum nb_code code = nb_study_read(&study, options->folder, error);
    if (code == NB_OK)
        code = write_report(options, &study, error);
    nb_study_free(&study);
    return code;
}

static const struct nb_option target_options[] = {
    {.name = "target-loss",
     .value = "X",
     .help = "training loss whose epochs, steps and seconds are reported",
     .type = &nb_option_real,
     .offset = offsetof(struct report, targets.loss),
     .low = 1e-9,
     .high = 1e9,
     .range = "above 0"},
    {.name = "target-accuracy",
     .value = "X",
     .help = "test accuracy whose epochs, steps and seconds are reported",
     .type = &nb_option_real,
     .offset = offsetof(struct report, targets.accuracy),
     .low = 0,
     .high = 1,
     .range = "from 0 to 1"},
    {.name = NULL},
};

static const struct nb_option output_options[] = {
    {.name = "output",
     .value = "DIR",
     .help = "folder for the report; without it, the folder 'report' beside the records",
     .type = &nb_option_text,
     .offset = offsetof(struct report, output)},
    {.name = NULL},
};

const struct nb_command nb_command_report = {
    .name = "report",
    .summary = "tables, plots and a page from the records of a sweep",
    .about = "Reads DIR/records.jsonl, which normbench sweep writes, and makes from it alone\n"
             "index.html, one page that needs no other file and no network; report.md with\n"
             "the same content; and every table as CSV and every plot as SVG and PNG, with\n"
             "its data and its gnuplot script. The same records give the same bytes.\n"
             "\n"
             "Each setting is shown as median and interquartile mean over its seeds with 95 %\n"
             "bootstrap intervals, BatchNorm against LayerNorm seed by seed, and claims are\n"
             "judged by rules that were written down in advance: docs/report.md.",
    .examples = "  normbench report sweep\n"
                "  normbench report --target-accuracy 0.97 --output page sweep",
    .operands = "DIR",
    .operand_count = 1,
    .operand_offset = offsetof(struct report, folder),
    .groups = {{"Targets", target_options}, {"Output", output_options}},
    .size = sizeof(struct report),
    .defaults = defaults,
    .run = run_report,
};
