// SPDX-License-Identifier: MIT
#include "src/sweep_forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/sweep_worker.h"

static size_t steps_of(size_t rows, size_t batch_size) {
    return (rows + batch_size - 1) / batch_size;
}

static bool alike(const struct nb_sweep_cell *x, const struct nb_sweep_cell *y) {
    const struct nb_settings *a = &x->settings, *b = &y->settings;
    return x->dataset == y->dataset && a->hidden_count == b->hidden_count &&
           memcmp(a->hidden, b->hidden, a->hidden_count * sizeof *a->hidden) == 0 &&
           a->optimizer == b->optimizer && (a->momentum > 0) == (b->momentum > 0) &&
           a->dtype == b->dtype && strcmp(a->isa, b->isa) == 0 && a->threads == b->threads;
}

static const struct nb_sweep_rate *find(const struct nb_sweep_forecast *forecast,
                                        const struct nb_sweep_cell *cell) {
    for (size_t i = 0; i < forecast->count; i++)
        if (alike(forecast->rates[i].cell, cell))
            return &forecast->rates[i];
    return NULL;
}

// Seconds of the second epoch of a run like the cell's on `rows` rows; the first one warms up. NaN
// when that diverges.
static enum nb_code time_epoch(const struct nb_sweep_cell *like, size_t rows, size_t batch_size,
                               const struct nb_machine *machine, double *seconds,
                               struct nb_error *error) {
    struct nb_dataset data = *like->dataset;
    data.train.rows = rows;
    data.test.rows = 1;
    struct nb_sweep_cell cell = *like;
    cell.dataset = &data;
    cell.settings.train_rows = 0;
    cell.settings.norm = NB_NORM_LAYER;
    cell.settings.batch_size = batch_size;
    cell.settings.epochs = 2;
    struct nb_sweep_worker worker;
    json_t *record = NULL;
    enum nb_code code = nb_sweep_worker_make(&worker, error);
    if (code == NB_OK)
        code = nb_sweep_worker_start(&worker, &cell, machine, -1, error);
    while (code == NB_OK && record == NULL)
        code = nb_sweep_worker_take(&worker, &record, error);
    if (code == NB_OK) {
        const json_t *epoch = json_array_get(json_object_get(record, "epochs"), 1);
        *seconds = epoch == NULL ? NAN : json_number_value(json_object_get(epoch, "seconds"));
    }
    json_decref(record);
    nb_sweep_worker_free(&worker);
    return code;
}

enum nb_code nb_sweep_forecast_add(struct nb_sweep_forecast *forecast,
                                   const struct nb_sweep_cell *cell,
                                   const struct nb_machine *machine, struct nb_error *error) {
    enum { SMALL = 4, LARGE = 128, SMALL_ROWS = 128, LARGE_ROWS = 1024 };
    if (*cell->impossible != '\0' || find(forecast, cell) != NULL)
        return NB_OK;
    void *larger = realloc(forecast->rates, (forecast->count + 1) * sizeof *forecast->rates);
    if (larger == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    forecast->rates = larger;
    size_t all = cell->dataset->train.rows;
    size_t few = all < SMALL_ROWS ? all : SMALL_ROWS, many = all < LARGE_ROWS ? all : LARGE_ROWS;
    double small = NAN, large = NAN;
    enum nb_code code = time_epoch(cell, few, SMALL, machine, &small, error);
    if (code == NB_OK)
        code = time_epoch(cell, many, LARGE, machine, &large, error);
    if (code != NB_OK)
        return code;
    // small = n step + few row, large = m step + many row
    double n = (double)steps_of(few, SMALL), m = (double)steps_of(many, LARGE);
    double rows = (double)many - m / n * (double)few;
    double row = rows > 0 ? fmax(large - m / n * small, 0) / rows : 0;
    double step = fmax(small - (double)few * row, 0) / n;
    forecast->rates[forecast->count++] =
        (struct nb_sweep_rate){cell, isfinite(step) ? step : 0, isfinite(row) ? row : 0};
    return NB_OK;
}

double nb_sweep_forecast_seconds(const struct nb_sweep_forecast *forecast,
                                 const struct nb_sweep_cell *cell) {
    const struct nb_sweep_rate *rate = find(forecast, cell);
    if (rate == NULL || *cell->impossible != '\0')
        return 0;
    const struct nb_settings *s = &cell->settings;
    size_t rows = nb_settings_rows(s, cell->dataset->train.rows);
    double train = (double)steps_of(rows, s->batch_size) * rate->step + (double)rows * rate->row;
    double test = (double)cell->dataset->test.rows * rate->row / 3; // forward only
    return (double)s->epochs * (train + test);
}

void nb_sweep_forecast_free(struct nb_sweep_forecast *forecast) {
    free(forecast->rates);
    *forecast = (struct nb_sweep_forecast){0};
}
