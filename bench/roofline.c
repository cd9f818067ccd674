// SPDX-License-Identifier: MIT
#include "bench/roofline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOF_POINTS = 3, MAX_FAMILIES = 16 };

// One plot being made.
struct drawing {
    const struct nb_bench *bench;
    const struct nb_ceiling *ceiling;
    enum nb_dtype dtype;
    double low, high; // the intensities that the roofs span
    double roof_x[NB_LEVELS][ROOF_POINTS], roof_y[NB_LEVELS][ROOF_POINTS];
    char labels[NB_LEVELS][48];
    double *x, *y; // (rows) of all families, one after another
    struct nb_series series[NB_LEVELS + MAX_FAMILIES];
    size_t count;
};

static bool belongs(const struct drawing *drawing, const struct nb_row *row) {
    return row->implementation.peer == NULL && row->samples > 0 && !row->cold && row->flops > 0 &&
           row->dtype == drawing->dtype && row->threads == drawing->ceiling->threads &&
           row->implementation.isa == drawing->ceiling->isa;
}

static void add_points(struct drawing *drawing) {
    static const char *const families[] = {
#define FAMILY(family) #family,
        NB_FAMILY_LIST(FAMILY)
#undef FAMILY
    };
    const struct nb_selection *selection = &drawing->bench->selection;
    size_t used = 0;
    drawing->low = INFINITY;
    drawing->high = 0;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        size_t first = used;
        for (size_t i = 0; i < selection->count; i++) {
            const struct nb_row *row = &selection->rows[i];
            if (!belongs(drawing, row) || strcmp(row->problem->kernel->family, families[f]) != 0)
                continue;
            drawing->x[used] = nb_row_intensity(row);
            drawing->y[used] = nb_row_gflops(row);
            drawing->low = fmin(drawing->low, drawing->x[used]);
            drawing->high = fmax(drawing->high, drawing->x[used]);
            used++;
        }
        if (used > first)
            drawing->series[drawing->count++] = (struct nb_series){.label = families[f],
                                                                   .style = NB_POINTS,
                                                                   .count = used - first,
                                                                   .x = drawing->x + first,
                                                                   .y = drawing->y + first};
    }
}

// A roof rises with the bandwidth of reading and is flat from where the arithmetic binds.
static void add_roofs(struct drawing *drawing) {
    double flops = drawing->ceiling->flops[drawing->dtype];
    double low = drawing->low, high = drawing->high;
    for (enum nb_level level = 0; level < NB_LEVELS; level++) {
        double bytes = drawing->ceiling->bytes[level][NB_READ];
        if (isnan(bytes))
            continue;
        low = fmin(low, 0.25 * flops / bytes);
        high = fmax(high, 4 * flops / bytes);
    }
    for (enum nb_level level = 0; level < NB_LEVELS; level++) {
        double bytes = drawing->ceiling->bytes[level][NB_READ];
        if (isnan(bytes))
            continue;
        const double x[ROOF_POINTS] = {low, flops / bytes, high};
        for (size_t i = 0; i < ROOF_POINTS; i++) {
            drawing->roof_x[level][i] = x[i];
            drawing->roof_y[level][i] = 1e-9 * fmin(flops, bytes * x[i]);
        }
        snprintf(drawing->labels[level], sizeof drawing->labels[level], "%s %.0f GB/s",
                 nb_level_name(level), 1e-9 * bytes);
        drawing->series[drawing->count++] = (struct nb_series){.label = drawing->labels[level],
                                                               .style = NB_LINES,
                                                               .count = ROOF_POINTS,
                                                               .x = drawing->roof_x[level],
                                                               .y = drawing->roof_y[level]};
    }
}

static enum nb_code draw(struct drawing *drawing, const char *folder,
                         struct nb_rooflines *rooflines, struct nb_error *error) {
    add_points(drawing);
    if (drawing->count == 0)
        return NB_OK;
    add_roofs(drawing);
    const struct nb_ceiling *ceiling = drawing->ceiling;
    const char *isa = nb_isa_name(ceiling->isa), *dtype = nb_dtype_name(drawing->dtype);
    char name[48], title[96], subtitle[320];
    snprintf(name, sizeof name, "roofline-%s-%zut-%s", isa, ceiling->threads, dtype);
    snprintf(title, sizeof title, "Roofline: %s, %s, %zu thread%s", isa, dtype, ceiling->threads,
             ceiling->threads == 1 ? "" : "s");
    snprintf(subtitle, sizeof subtitle,
             "%s, hot caches; roofs: reading, and %.0f GFLOP/s of FMA in registers",
             drawing->bench->machine.cpu, 1e-9 * ceiling->flops[drawing->dtype]);
    const struct nb_plot plot = {
        .title = title,
        .subtitle = subtitle,
        .x = {.label = "arithmetic intensity, least traffic", .unit = "FLOP/byte", .log = 10},
        .y = {.label = "speed", .unit = "GFLOP/s", .log = 10},
        .series = drawing->series,
        .series_count = drawing->count,
    };
    return nb_plot_write(&plot, folder, name, &rooflines->files[rooflines->count++], error);
}

enum nb_code nb_rooflines_write(const struct nb_bench *bench, const char *folder,
                                struct nb_rooflines *rooflines, struct nb_error *error) {
    size_t rows = bench->selection.count;
    double *points = malloc(2 * rows * sizeof *points);
    if (points == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory for the roofline plot; free some");
    enum nb_code code = NB_OK;
    *rooflines = (struct nb_rooflines){.count = 0};
    for (size_t i = 0; i < bench->ceilings.count; i++)
        for (enum nb_dtype dtype = 0; dtype < NB_DTYPES; dtype++) {
            struct drawing drawing = {.bench = bench,
                                      .ceiling = &bench->ceilings.all[i],
                                      .dtype = dtype,
                                      .x = points,
                                      .y = points + rows};
            enum nb_code drawn = draw(&drawing, folder, rooflines, error);
            code = code == NB_OK ? drawn : code;
        }
    free(points);
    return code;
}
