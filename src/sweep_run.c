// SPDX-License-Identifier: MIT
#include "src/sweep_run.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "src/interrupt.h"
#include "src/progress.h"
#include "src/sweep_worker.h"
#include "src/table.h"

static const struct nb_column columns[] = {
    {.name = "part", .width = 12},
    {.name = "purpose", .width = 11},
    {.name = "norm", .width = 5},
    {.name = "batch", .align = NB_RIGHT, .width = 6},
    {.name = "lr", .align = NB_RIGHT, .digits = 4, .width = 8},
    {.name = "seed", .align = NB_RIGHT},
    {.name = "isa", .width = 7},
    {.name = "threads", .align = NB_RIGHT},
    {.name = "status", .width = 10},
    {.name = "train_loss", .title = "train loss", .align = NB_RIGHT, .digits = 6, .width = 10},
    {.name = "test_accuracy", .title = "accuracy", .unit = "%", .align = NB_RIGHT, .digits = 2},
    {.name = "seconds", .align = NB_RIGHT, .digits = 2, .width = 8},
};

// A sweep under way.
struct scheduler {
    struct nb_sweep_run *run;
    struct nb_sweep_worker *workers; // (run->jobs)
    struct pollfd *polls;            // (run->jobs)
    double *reported;                // (run->jobs): work of the cell that the bar knows of
    size_t running;
    struct nb_table table;
    struct nb_progress progress;
};

// What a cell adds to the time that the whole takes.
static double work_of(const struct nb_sweep_run *run, const struct nb_sweep_cell *cell) {
    double seconds = nb_sweep_forecast_seconds(run->forecast, cell);
    return cell->purpose == NB_CONVERGENCE ? seconds / (double)run->jobs : seconds;
}

double nb_sweep_run_seconds(const struct nb_sweep_run *run) {
    double seconds = 0;
    for (size_t i = 0; i < run->count; i++)
        seconds += work_of(run, run->cells[i]);
    return seconds;
}

static struct nb_cell last_number(const json_t *epoch, const char *key, double scale) {
    const json_t *value = json_object_get(epoch, key);
    return json_is_number(value) ? nb_cell_number(scale * json_number_value(value))
                                 : nb_cell_empty();
}

static void print_row(struct scheduler *s, const struct nb_sweep_cell *cell, const json_t *record) {
    const json_t *epochs = json_object_get(record, "epochs"), *epoch;
    double seconds = 0;
    size_t i;
    json_array_foreach((json_t *)epochs, i, epoch) seconds +=
        json_number_value(json_object_get(epoch, "seconds"));
    const json_t *last = i > 0 ? json_array_get(epochs, i - 1) : NULL;
    const struct nb_settings *settings = &cell->settings;
    nb_progress_clear(&s->progress);
    nb_table_row(&s->table, (struct nb_cell[]){
                                nb_cell_text(cell->part),
                                nb_cell_text(nb_purpose_names[cell->purpose]),
                                nb_cell_text(nb_norm_name(settings->norm)),
                                nb_cell_count(settings->batch_size),
                                nb_cell_number(settings->lr),
                                nb_cell_count(settings->seed),
                                nb_cell_text(settings->isa),
                                nb_cell_count(settings->threads),
                                nb_cell_text(json_string_value(json_object_get(record, "status"))),
                                last_number(last, "train_loss", 1),
                                last_number(last, "test_accuracy", 100),
                                i > 0 ? nb_cell_number(seconds) : nb_cell_empty(),
                            });
}

// Keeps a record for good, and releases it.
static enum nb_code keep(struct scheduler *s, const struct nb_sweep_cell *cell, json_t *record,
                         struct nb_error *error) {
    struct nb_sweep_run *run = s->run;
    enum nb_code code =
        record == NULL ? nb_error_set(error, NB_FAILED, "not enough memory for a record; free some")
                       : nb_journal_append(run->journal, record, error);
    if (code == NB_OK) {
        run->done++;
        nb_sweep_records_add(run->records, record);
        print_row(s, cell, record);
    }
    json_decref(record);
    return code;
}

static enum nb_code start(struct scheduler *s, const struct nb_sweep_cell *cell,
                          struct nb_error *error) {
    struct nb_sweep_run *run = s->run;
    if (*cell->impossible != '\0')
        return keep(s, cell, nb_sweep_impossible(cell, run->machine), error);
    size_t slot = 0;
    while (s->workers[slot].cell != NULL)
        slot++;
    struct nb_sweep_worker *worker = &s->workers[slot];
    enum nb_code code =
        nb_sweep_worker_start(worker, cell, run->machine, run->journal->descriptor, error);
    if (code != NB_OK)
        return code;
    worker->alone = s->running++ == 0;
    for (size_t i = 0; i < run->jobs && s->running > 1; i++)
        s->workers[i].alone = false;
    s->reported[slot] = 0;
    return NB_OK;
}

// Tells the bar how far each cell has come.
static void report(struct scheduler *s) {
    char label[64];
    snprintf(label, sizeof label, "%zu of %zu cells", s->run->done, s->run->count);
    nb_progress_label(&s->progress, label);
    for (size_t i = 0; i < s->run->jobs; i++) {
        const struct nb_sweep_worker *worker = &s->workers[i];
        if (worker->cell == NULL)
            continue;
        const struct nb_settings *settings = &worker->cell->settings;
        size_t rows = nb_settings_rows(settings, worker->cell->dataset->train.rows);
        double share =
            (double)atomic_load(worker->rows) / ((double)rows * (double)settings->epochs);
        double done = share * work_of(s->run, worker->cell);
        nb_progress_add(&s->progress, done - s->reported[i], 0);
        s->reported[i] = done;
    }
}

// Takes what the worker has; a record that is complete is kept.
static enum nb_code take(struct scheduler *s, size_t slot, struct nb_error *error) {
    const struct nb_sweep_cell *cell = s->workers[slot].cell;
    json_t *record;
    enum nb_code code = nb_sweep_worker_take(&s->workers[slot], &record, error);
    if (code != NB_OK || record == NULL)
        return code;
    s->running--;
    // One that diverged did less than was expected.
    nb_progress_skip(&s->progress, work_of(s->run, cell) - s->reported[slot]);
    return keep(s, cell, record, error);
}

// Waits until a process has something to say, but not long: the bar goes on, and a signal may come.
static enum nb_code wait_for_one(struct scheduler *s, struct nb_error *error) {
    enum { MILLISECONDS = 200 };
    for (size_t i = 0; i < s->run->jobs; i++)
        s->polls[i] = (struct pollfd){.fd = s->workers[i].pipe, .events = POLLIN};
    int ready = poll(s->polls, s->run->jobs, MILLISECONDS);
    if (ready < 0 && errno != EINTR)
        return nb_error_set(error, NB_FAILED, "cannot wait for the processes: %s", strerror(errno));
    report(s);
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < s->run->jobs && ready > 0 && code == NB_OK; i++)
        if (s->workers[i].cell != NULL && s->polls[i].revents != 0)
            code = take(s, i, error);
    return code;
}

// How many may run beside each other when this cell starts.
static size_t limit(const struct nb_sweep_run *run, const struct nb_sweep_cell *cell) {
    return cell->purpose == NB_TIMING ? 1 : run->jobs;
}

static enum nb_code schedule(struct scheduler *s, struct nb_error *error) {
    struct nb_sweep_run *run = s->run;
    enum nb_code code = NB_OK;
    for (size_t next = 0; code == NB_OK && (next < run->count || s->running > 0);) {
        if (nb_interrupt_code() != NB_OK)
            return nb_interrupt_code();
        if (next < run->count && s->running < limit(run, run->cells[next]))
            code = start(s, run->cells[next++], error);
        else
            code = wait_for_one(s, error);
    }
    return code;
}

enum nb_code nb_sweep_run(struct nb_sweep_run *run, struct nb_error *error) {
    struct scheduler s = {
        .run = run,
        .workers = calloc(run->jobs, sizeof *s.workers),
        .polls = calloc(run->jobs, sizeof *s.polls),
        .reported = calloc(run->jobs, sizeof *s.reported),
    };
    enum nb_code code = NB_OK;
    if (s.workers == NULL || s.polls == NULL || s.reported == NULL)
        code = nb_error_set(error, NB_FAILED, "not enough memory; free some");
    for (size_t i = 0; i < run->jobs && code == NB_OK; i++)
        code = nb_sweep_worker_make(&s.workers[i], error);
    if (code == NB_OK) {
        nb_table_begin(&s.table, run->people, NB_TABLE_TEXT, columns,
                       sizeof columns / sizeof *columns);
        nb_progress_begin(&s.progress, stderr, nb_sweep_run_seconds(run), NULL);
        code = schedule(&s, error);
        nb_progress_end(&s.progress);
        nb_table_end(&s.table);
    }
    for (size_t i = 0; i < run->jobs && s.workers != NULL; i++)
        nb_sweep_worker_free(&s.workers[i]);
    free(s.workers);
    free(s.polls);
    free(s.reported);
    return code;
}
