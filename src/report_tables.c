// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>

#include "src/report.h"

static const char *const ahead_names[] = {"too few seeds", "neither", "BatchNorm", "LayerNorm"};

void nb_report_summary_table(const struct nb_report *report) {
    static const struct nb_column columns[] = {
        {.name = "batch_size", .title = "batch size", .align = NB_RIGHT},
        {.name = "pairs", .align = NB_RIGHT},
        {.name = "loss_difference", .title = "loss, BN - LN", .align = NB_RIGHT, .digits = 4},
        {.name = "loss_from", .title = "from", .align = NB_RIGHT, .digits = 4},
        {.name = "loss_to", .title = "to", .align = NB_RIGHT, .digits = 4},
        {.name = "loss_ahead", .title = "ahead in loss"},
        {.name = "accuracy_difference",
         .title = "accuracy, BN - LN",
         .unit = "points",
         .align = NB_RIGHT,
         .digits = 2},
        {.name = "accuracy_from", .title = "from", .align = NB_RIGHT, .digits = 2},
        {.name = "accuracy_to", .title = "to", .align = NB_RIGHT, .digits = 2},
        {.name = "accuracy_ahead", .title = "ahead in accuracy"},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "summary");
    nb_report_caption(
        caption, report,
        "BatchNorm (BN) against LayerNorm (LN): training loss of the last epoch and "
        "test accuracy after it; median of the differences for the same seed, and its "
        "95 %% bootstrap interval.");
    nb_page_table_begin(report->page, name, caption, columns, COLUMNS);
    for (size_t i = 0; i < report->results->pairing_count; i++) {
        const struct nb_pairing *pairing = &report->results->pairings[i];
        const struct nb_estimate *loss = &pairing->of[NB_LAST_LOSS],
                                 *accuracy = &pairing->of[NB_LAST_ACCURACY];
        const struct nb_cell cells[COLUMNS] = {
            nb_cell_count(pairing->batch_size),
            nb_cell_count(loss->n),
            nb_report_number(loss->median),
            nb_report_number(loss->median_in.low),
            nb_report_number(loss->median_in.high),
            nb_cell_text(ahead_names[nb_pairing_ahead(pairing, NB_LAST_LOSS)]),
            nb_report_number(100 * accuracy->median),
            nb_report_number(100 * accuracy->median_in.low),
            nb_report_number(100 * accuracy->median_in.high),
            nb_cell_text(ahead_names[nb_pairing_ahead(pairing, NB_LAST_ACCURACY)]),
        };
        nb_page_table_row(report->page, cells);
    }
    nb_page_table_end(report->page);
}

// The columns of a setting: what it is, and how its runs ended.
#define SETTING_COLUMNS                                                                 \
    {.name = "norm"}, {.name = "batch_size", .title = "batch size", .align = NB_RIGHT}, \
        {.name = "lr", .title = "learning rate", .align = NB_RIGHT, .digits = 4},       \
        {.name = "ok", .title = "ended well", .align = NB_RIGHT},                       \
        {.name = "diverged", .align = NB_RIGHT}, {                                      \
        .name = "impossible", .align = NB_RIGHT                                         \
    }
enum { SETTING_CELLS = 6 };

static void fill_setting(struct nb_cell *cells, const struct nb_setting *setting) {
    cells[0] = nb_cell_text(nb_norm_name(setting->norm));
    cells[1] = nb_cell_count(setting->batch_size);
    cells[2] = nb_report_number(setting->lr);
    for (int i = 0; i < NB_OUTCOMES; i++)
        cells[3 + i] = nb_cell_count(setting->counts[i]);
}

static size_t setting_count(const struct nb_report *report) {
    const struct nb_section *section = report->results->section;
    return section->batch_count * section->norm_count;
}

static void result_table(const struct nb_report *report, enum nb_measure measure, double scale,
                         int digits, const char *what, const char *file) {
    const struct nb_column columns[] = {
        SETTING_COLUMNS,
        {.name = "median", .align = NB_RIGHT, .digits = digits},
        {.name = "median_from", .title = "from", .align = NB_RIGHT, .digits = digits},
        {.name = "median_to", .title = "to", .align = NB_RIGHT, .digits = digits},
        {.name = "iqm", .title = "IQ mean", .align = NB_RIGHT, .digits = digits},
        {.name = "iqm_from", .title = "from", .align = NB_RIGHT, .digits = digits},
        {.name = "iqm_to", .title = "to", .align = NB_RIGHT, .digits = digits},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "%s", file);
    nb_report_caption(caption, report,
                      "%s: median and interquartile (IQ) mean over the runs that ended well, each "
                      "with its 95 %% bootstrap interval.",
                      what);
    nb_page_table_begin(report->page, name, caption, columns, COLUMNS);
    for (size_t i = 0; i < setting_count(report); i++) {
        const struct nb_setting *setting = &report->results->settings[i];
        const struct nb_estimate *of = &setting->of[measure];
        struct nb_cell cells[COLUMNS];
        fill_setting(cells, setting);
        const double values[] = {of->median, of->median_in.low, of->median_in.high,
                                 of->mean,   of->mean_in.low,   of->mean_in.high};
        for (int k = 0; k < COLUMNS - SETTING_CELLS; k++)
            cells[SETTING_CELLS + k] = nb_report_number(scale * values[k]);
        if (!isnan(setting->lr))
            nb_page_table_row(report->page, cells);
    }
    nb_page_table_end(report->page);
}

void nb_report_result_tables(const struct nb_report *report) {
    result_table(report, NB_LAST_LOSS, 1, 4, "Training loss of the last epoch (nats)",
                 "training-loss");
    result_table(report, NB_LAST_TEST, 1, 4, "Test loss after the last epoch (nats)", "test-loss");
    result_table(report, NB_LAST_ACCURACY, 100, 2, "Test accuracy after the last epoch (percent)",
                 "accuracy");
    for (size_t i = 0; i < setting_count(report); i++) {
        const struct nb_setting *setting = &report->results->settings[i];
        if (setting->counts[NB_OUTCOME_IMPOSSIBLE] > 0)
            nb_page_text(report->page, "Impossible: %s with batch size %zu%s%s.",
                         nb_norm_title(setting->norm), setting->batch_size,
                         setting->reason == NULL ? "" : ": ",
                         setting->reason == NULL ? "" : setting->reason);
    }
}

void nb_report_difference_table(const struct nb_report *report) {
    static const struct nb_column columns[] = {
        {.name = "measure"},
        {.name = "batch_size", .title = "batch size", .align = NB_RIGHT},
        {.name = "pairs", .align = NB_RIGHT},
        {.name = "batch_diverged", .title = "BN diverged", .align = NB_RIGHT},
        {.name = "layer_diverged", .title = "LN diverged", .align = NB_RIGHT},
        {.name = "median", .align = NB_RIGHT, .digits = 5},
        {.name = "median_from", .title = "from", .align = NB_RIGHT, .digits = 5},
        {.name = "median_to", .title = "to", .align = NB_RIGHT, .digits = 5},
        {.name = "iqm", .title = "IQ mean", .align = NB_RIGHT, .digits = 5},
        {.name = "iqm_from", .title = "from", .align = NB_RIGHT, .digits = 5},
        {.name = "iqm_to", .title = "to", .align = NB_RIGHT, .digits = 5},
        {.name = "negative", .title = "seeds below 0", .align = NB_RIGHT},
        {.name = "positive", .title = "seeds above 0", .align = NB_RIGHT},
        {.name = "ahead"},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    static const char *const measures[] = {"first loss", "mean loss", "last loss", "test loss",
                                           "accuracy"};
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "differences");
    nb_report_caption(caption, report,
                      "BatchNorm minus LayerNorm for the same seed: training loss of the first "
                      "epoch, mean over all epochs and of the last epoch, test loss and test "
                      "accuracy after the last epoch, losses in nats and accuracy as a share; "
                      "median and interquartile (IQ) mean over the pairs of runs that ended "
                      "well, each with its 95 %% bootstrap interval.");
    nb_page_table_begin(report->page, name, caption, columns, COLUMNS);
    for (enum nb_measure measure = 0; measure < NB_TO_LOSS; measure++)
        for (size_t i = 0; i < report->results->pairing_count; i++) {
            const struct nb_pairing *pairing = &report->results->pairings[i];
            const struct nb_estimate *of = &pairing->of[measure];
            const struct nb_cell cells[COLUMNS] = {
                nb_cell_text(measures[measure]),
                nb_cell_count(pairing->batch_size),
                nb_cell_count(of->n),
                nb_cell_count(pairing->diverged[0]),
                nb_cell_count(pairing->diverged[1]),
                nb_report_number(of->median),
                nb_report_number(of->median_in.low),
                nb_report_number(of->median_in.high),
                nb_report_number(of->mean),
                nb_report_number(of->mean_in.low),
                nb_report_number(of->mean_in.high),
                nb_cell_count(pairing->negative[measure]),
                nb_cell_count(pairing->positive[measure]),
                nb_cell_text(ahead_names[nb_pairing_ahead(pairing, measure)]),
            };
            nb_page_table_row(report->page, cells);
        }
    nb_page_table_end(report->page);
}

static void target_table(const struct nb_report *report, enum nb_measure measure, const char *what,
                         const char *file) {
    static const struct nb_column columns[] = {
        SETTING_COLUMNS,
        {.name = "reached", .align = NB_RIGHT},
        {.name = "epochs", .align = NB_RIGHT, .digits = 1},
        {.name = "epochs_from", .title = "from", .align = NB_RIGHT, .digits = 1},
        {.name = "epochs_to", .title = "to", .align = NB_RIGHT, .digits = 1},
        {.name = "steps", .align = NB_RIGHT},
        {.name = "samples", .align = NB_RIGHT},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "%s", file);
    nb_report_caption(
        caption, report,
        "Whole epochs to %s: median over all runs and its 95 %% bootstrap interval, "
        "and the steps and samples of the median. A run that does not come so far, or "
        "diverges, counts as later than any other; \"-\": beyond the last epoch.",
        what);
    nb_page_table_begin(report->page, name, caption, columns, COLUMNS);
    for (size_t i = 0; i < setting_count(report); i++) {
        const struct nb_setting *setting = &report->results->settings[i];
        const struct nb_estimate *of = &setting->of[measure];
        double rows = (double)report->results->section->like->rows;
        struct nb_cell cells[COLUMNS];
        fill_setting(cells, setting);
        cells[6] = nb_cell_count(measure == NB_TO_LOSS ? setting->reached_loss
                                                       : setting->reached_accuracy);
        cells[7] = nb_report_within(report, of->median, 1);
        cells[8] = nb_report_within(report, of->median_in.low, 1);
        cells[9] = nb_report_within(report, of->median_in.high, 1);
        cells[10] = nb_report_within(report, of->median, ceil(rows / (double)setting->batch_size));
        cells[11] = nb_report_within(report, of->median, rows);
        if (!isnan(setting->lr))
            nb_page_table_row(report->page, cells);
    }
    nb_page_table_end(report->page);
}

void nb_report_target_tables(const struct nb_report *report) {
    const struct nb_targets *targets = &report->results->targets;
    char what[96];
    snprintf(what, sizeof what, "a training loss of %g or less", targets->loss);
    target_table(report, NB_TO_LOSS, what, "epochs-to-loss");
    snprintf(what, sizeof what, "a test accuracy of %g or more", targets->accuracy);
    target_table(report, NB_TO_ACCURACY, what, "epochs-to-accuracy");
}
