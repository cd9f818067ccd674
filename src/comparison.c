// SPDX-License-Identifier: MIT
#include "src/comparison.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void nb_comparison_begin(struct nb_comparison *comparison, struct nb_table *table, FILE *stream,
                         enum nb_table_format format) {
    struct nb_column *column = comparison->columns;
    *column = (struct nb_column){.name = "epoch", .align = NB_RIGHT};
    for (size_t i = 0; i < comparison->count; i++) {
        const char *norm = nb_norm_name(comparison->runs[i].settings.norm);
        char *loss = comparison->titles[2 * i], *accuracy = comparison->titles[2 * i + 1];
        snprintf(loss, sizeof comparison->titles[0], "%s loss", norm);
        snprintf(accuracy, sizeof comparison->titles[0], "%s acc", norm);
        *++column = (struct nb_column){.name = loss, .align = NB_RIGHT, .digits = 6};
        *++column =
            (struct nb_column){.name = accuracy, .unit = "%", .align = NB_RIGHT, .digits = 2};
    }
    nb_table_begin(table, stream, format, comparison->columns, 1 + 2 * comparison->count);
}

void nb_comparison_row(const struct nb_comparison *comparison, struct nb_table *table,
                       size_t epoch) {
    struct nb_cell cells[NB_COMPARISON_COLUMNS], *cell = cells;
    *cell++ = nb_cell_count(epoch + 1);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct nb_run *run = &comparison->runs[i];
        const struct nb_epoch *e = &run->epochs[epoch];
        bool there =
            epoch < run->epoch_count && (nb_epoch_finished(e) || run->status == NB_STATUS_DIVERGED);
        *cell++ = there ? nb_cell_number(e->train_loss) : nb_cell_empty();
        *cell++ = there ? nb_cell_number(100 * nb_epoch_accuracy(run, e)) : nb_cell_empty();
    }
    nb_table_row(table, cells);
}

// The last epoch that came to its end, or NULL.
static const struct nb_epoch *last_finished(const struct nb_run *run) {
    for (size_t i = run->epoch_count; i-- > 0;)
        if (nb_epoch_finished(&run->epochs[i]))
            return &run->epochs[i];
    return NULL;
}

void nb_comparison_summary(const struct nb_comparison *comparison, FILE *stream,
                           enum nb_table_format format) {
    static const struct nb_column columns[] = {
        {.name = "norm", .width = 10},
        {.name = "status", .width = 11},
        {.name = "epochs", .align = NB_RIGHT},
        {.name = "train loss", .align = NB_RIGHT, .digits = 6},
        {.name = "test loss", .align = NB_RIGHT, .digits = 6},
        {.name = "test accuracy", .unit = "%", .align = NB_RIGHT, .digits = 2},
        {.name = "training", .unit = "s", .align = NB_RIGHT, .digits = 2},
        {.name = "samples/s", .align = NB_RIGHT, .width = 10},
    };
    struct nb_table table;
    nb_table_begin(&table, stream, format, columns, COUNT(columns));
    for (size_t i = 0; i < comparison->count; i++) {
        const struct nb_run *run = &comparison->runs[i];
        const struct nb_epoch *last = last_finished(run);
        double seconds = 0, samples = 0;
        for (size_t e = 0; e < run->epoch_count; e++) {
            seconds += run->epochs[e].seconds;
            samples += (double)run->epochs[e].samples;
        }
        struct nb_cell none = nb_cell_empty();
        nb_table_row(&table,
                     (struct nb_cell[]){
                         nb_cell_text(nb_norm_title(run->settings.norm)),
                         nb_cell_text(nb_status_name(run->status)),
                         nb_cell_count(last == NULL ? 0 : last->epoch),
                         last == NULL ? none : nb_cell_number(last->train_loss),
                         last == NULL ? none : nb_cell_number(last->test_loss),
                         last == NULL ? none : nb_cell_number(100 * nb_epoch_accuracy(run, last)),
                         nb_cell_number(seconds),
                         seconds > 0 ? nb_cell_number(samples / seconds) : none,
                     });
    }
    nb_table_end(&table);
}

void nb_comparison_csv(const struct nb_comparison *comparison, FILE *stream) {
    static const struct nb_column columns[] = {
        {.name = "norm"},
        {.name = "epoch"},
        {.name = "train_loss"},
        {.name = "test_loss"},
        {.name = "test_accuracy"},
        {.name = "seconds"},
        {.name = "samples_per_second"},
    };
    struct nb_table table;
    nb_table_begin(&table, stream, NB_TABLE_CSV, columns, COUNT(columns));
    for (size_t i = 0; i < comparison->count; i++) {
        const struct nb_run *run = &comparison->runs[i];
        for (size_t e = 0; e < run->epoch_count; e++) {
            const struct nb_epoch *epoch = &run->epochs[e];
            nb_table_row(&table, (struct nb_cell[]){
                                     nb_cell_text(nb_norm_name(run->settings.norm)),
                                     nb_cell_count(epoch->epoch),
                                     nb_cell_number(epoch->train_loss),
                                     nb_cell_number(epoch->test_loss),
                                     nb_cell_number(nb_epoch_accuracy(run, epoch)),
                                     nb_cell_number(epoch->seconds),
                                     nb_cell_number(nb_epoch_speed(epoch)),
                                 });
        }
    }
    nb_table_end(&table);
}

void nb_comparison_page(struct nb_comparison *comparison, FILE *stream, const char *picture) {
    const struct nb_run *run = &comparison->runs[0];
    char settings[NB_SETTINGS_TEXT];
    nb_settings_describe(&run->settings, run->dataset->features, settings);
    fprintf(stream, "# Normalization on %s\n\n%s; %s, %zu threads.\n\n",
            nb_dataset_title(run->dataset->name), settings, run->isa, run->threads);
    if (picture != NULL)
        fprintf(stream, "![Training loss per epoch](%s)\n\n", picture);
    fprintf(stream, "Mean training loss and test accuracy after each epoch:\n\n");
    struct nb_table table;
    nb_comparison_begin(comparison, &table, stream, NB_TABLE_MARKDOWN);
    for (size_t epoch = 0; epoch < run->settings.epochs; epoch++) {
        bool reached = false;
        for (size_t i = 0; i < comparison->count; i++)
            reached |= epoch < comparison->runs[i].epoch_count;
        if (!reached)
            break;
        nb_comparison_row(comparison, &table, epoch);
    }
    nb_table_end(&table);
    fprintf(stream, "\nThe last epoch of each:\n\n");
    nb_comparison_summary(comparison, stream, NB_TABLE_MARKDOWN);
}

enum nb_code nb_comparison_plot(const struct nb_comparison *comparison, const char *folder,
                                struct nb_plot_files *files, struct nb_error *error) {
    const struct nb_run *first = &comparison->runs[0];
    size_t epochs = first->settings.epochs;
    double *numbers = calloc((1 + comparison->count) * epochs, sizeof *numbers);
    if (numbers == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory for the plot; free some");
    double *x = numbers;
    for (size_t e = 0; e < epochs; e++)
        x[e] = (double)(e + 1);
    struct nb_series series[NB_MAX_CHOICES];
    for (size_t i = 0; i < comparison->count; i++) {
        const struct nb_run *run = &comparison->runs[i];
        double *y = numbers + (1 + i) * epochs;
        for (size_t e = 0; e < run->epoch_count; e++)
            y[e] = run->epochs[e].train_loss;
        series[i] = (struct nb_series){.label = nb_norm_title(run->settings.norm),
                                       .style = NB_LINES_POINTS,
                                       .count = run->epoch_count,
                                       .x = x,
                                       .y = y};
    }
    char title[64], subtitle[NB_SETTINGS_TEXT];
    snprintf(title, sizeof title, "Training loss on %s", nb_dataset_title(first->dataset->name));
    nb_settings_describe(&first->settings, first->dataset->features, subtitle);
    struct nb_plot plot = {
        .title = title,
        .subtitle = subtitle,
        .x = {.label = "epoch", .integer = true},
        .y = {.label = "mean training loss", .unit = "nats"},
        .series = series,
        .series_count = comparison->count,
    };
    enum nb_code code = nb_plot_write(&plot, folder, "curves", files, error);
    free(numbers);
    return code;
}
