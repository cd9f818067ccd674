// SPDX-License-Identifier: MIT
#include "src/sketch.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

struct nb_curve nb_sketch_add(struct nb_sketch *sketch, enum nb_curve_kind kind, size_t look,
                              size_t count, const char *label, ...) {
    size_t n = sketch->plot.series_count;
    if (n == sketch->room) {
        void *larger = realloc(sketch->series, (2 * n + 8) * sizeof *sketch->series);
        if (larger == NULL) {
            sketch->failed = true;
        } else {
            sketch->series = larger;
            sketch->room = 2 * n + 8;
        }
    }
    double *data = calloc(4 * count + 1, sizeof *data);
    char *text = NULL;
    va_list args;
    va_start(args, label);
    int length = vasprintf(&text, label, args);
    va_end(args);
    if (sketch->failed || data == NULL || length < 0) {
        sketch->failed = true;
        free(data);
        if (length >= 0)
            free(text);
        return (struct nb_curve){0};
    }
    for (size_t i = 0; i < 4 * count; i++)
        data[i] = NAN;
    struct nb_curve curve = {data, data + count, data + 2 * count, data + 3 * count};
    bool limits = kind == NB_CURVE_BAND || kind == NB_CURVE_BARS;
    sketch->series[n] = (struct nb_series){
        .label = text,
        .count = count,
        .x = curve.x,
        .y = curve.y,
        .low = limits ? curve.low : NULL,
        .high = limits ? curve.high : NULL,
        .bars = kind == NB_CURVE_BARS,
        .thin = kind == NB_CURVE_THIN,
        .look = look,
    };
    sketch->plot.series_count++;
    return curve;
}

void nb_sketch_finish(struct nb_sketch *sketch, struct nb_page *page, const char *name,
                      const char *caption) {
    size_t values = 0;
    for (size_t i = 0; i < sketch->plot.series_count; i++)
        for (size_t k = 0; k < sketch->series[i].count; k++)
            values += isfinite(sketch->series[i].y[k]);
    sketch->plot.series = sketch->series;
    if (sketch->failed && page->code == NB_OK)
        page->code =
            nb_error_set(page->error, NB_FAILED, "not enough memory for a plot; free some");
    if (values > 0)
        nb_page_plot(page, &sketch->plot, name, caption);
    for (size_t i = 0; i < sketch->plot.series_count; i++) {
        free((char *)sketch->series[i].label);
        free((double *)sketch->series[i].x);
    }
    free(sketch->series);
}
