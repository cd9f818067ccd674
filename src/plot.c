// SPDX-License-Identifier: MIT
#include "src/plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/gnuplot.h"
#include "src/plot_script.h"
#include "src/plot_text.h"
#include "src/table.h"

// Everything is made in a temporary folder inside the target, under its final name, and moved when
// it is whole: so the script that is kept is the script that ran.
struct work {
    const char *folder, *name;
    char temporary[NB_PLOT_PATH - 64]; // leaves room for the name of a file
};

static const char *const extensions[] = {".csv", ".gp", ".svg", ".png"};

static bool name_is_plain(const char *name) {
    return name[0] && name[0] != '.' && name[0] != '-' && strlen(name) < 48 &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

static void temporary_path(char path[NB_PLOT_PATH], const struct work *work,
                           const char *extension) {
    snprintf(path, NB_PLOT_PATH, "%s/%s%s", work->temporary, work->name, extension);
}

static void write_data(FILE *stream, const struct nb_plot *plot) {
    // The text comes last: gnuplot goes by the number, and need not read it.
    const struct nb_column columns[] = {{.name = "curve"}, {.name = "x"},    {.name = "y"},
                                        {.name = "low"},   {.name = "high"}, {.name = "series"}};
    struct nb_table table;
    nb_table_begin(&table, stream, NB_TABLE_CSV, columns, 6);
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct nb_series *series = &plot->series[i];
        char label[NB_PLOT_TEXT];
        nb_plot_clean(label, series->label);
        for (char *c = label; *c; c++)
            if (*c == '\n')
                *c = ' ';
        bool band = series->low && series->high;
        for (size_t j = 0; j < series->count; j++) {
            struct nb_cell cells[] = {
                nb_cell_count(i + 1),
                nb_cell_number(series->x[j]),
                nb_cell_number(series->y[j]),
                band ? nb_cell_number(series->low[j]) : nb_cell_empty(),
                band ? nb_cell_number(series->high[j]) : nb_cell_empty(),
                nb_cell_text(label),
            };
            nb_table_row(&table, cells);
        }
    }
    nb_table_end(&table);
}

// Closes a file that was written; false when that or any write failed.
static bool close_file(FILE *file) {
    bool failed = ferror(file);
    return !fclose(file) && !failed;
}

static bool write_sources(const struct work *work, const struct nb_plot *plot) {
    char path[NB_PLOT_PATH];
    temporary_path(path, work, ".csv");
    FILE *data = fopen(path, "w");
    if (!data)
        return false;
    write_data(data, plot);
    if (!close_file(data))
        return false;
    temporary_path(path, work, ".gp");
    FILE *script = fopen(path, "w");
    if (!script)
        return false;
    nb_plot_script(script, plot, work->name);
    return close_file(script);
}

// Moves one file to its place and notes where it is.
static bool move(const struct work *work, const char *extension, char final[NB_PLOT_PATH]) {
    char from[NB_PLOT_PATH];
    temporary_path(from, work, extension);
    snprintf(final, NB_PLOT_PATH, "%s/%s%s", work->folder, work->name, extension);
    if (!rename(from, final))
        return true;
    final[0] = '\0';
    return false;
}

static void remove_file(const char *folder, const char *name, const char *extension) {
    char path[NB_PLOT_PATH];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, extension);
    unlink(path);
}

static enum nb_code unwritable(const char *folder, struct nb_error *error) {
    return nb_error_set(error, NB_FAILED,
                        "cannot write a plot into \"%s\": %s; name a folder that can be written",
                        folder, strerror(errno));
}

static enum nb_code write_all(const struct work *work, const struct nb_plot *plot,
                              struct nb_plot_files *files, struct nb_error *error) {
    if (!write_sources(work, plot))
        return unwritable(work->folder, error);
    char script[64];
    snprintf(script, sizeof script, "%s.gp", work->name);
    enum nb_code code = nb_gnuplot_run(work->temporary, script, work->folder, error);
    if (!move(work, ".csv", files->csv) || !move(work, ".gp", files->gp))
        return unwritable(work->folder, error);
    if (code == NB_OK && move(work, ".svg", files->svg) && move(work, ".png", files->png))
        return NB_OK;
    if (code == NB_OK)
        code = nb_error_set(error, NB_FAILED,
                            "no pictures, as gnuplot left no svg or no png (%s); run \"gnuplot "
                            "%s\" in \"%s\" and see what it says",
                            strerror(errno), script, work->folder);
    // Pictures of an earlier run would not show these data.
    remove_file(work->folder, work->name, ".svg");
    remove_file(work->folder, work->name, ".png");
    files->svg[0] = files->png[0] = '\0';
    return code;
}

enum nb_code nb_plot_write(const struct nb_plot *plot, const char *folder, const char *name,
                           struct nb_plot_files *files, struct nb_error *error) {
    *files = (struct nb_plot_files){0};
    if (!name_is_plain(name))
        return nb_error_set(error, NB_USAGE,
                            "\"%s\" cannot name a plot; use letters, digits, '.', '_' and '-'",
                            name);
    struct work work = {.folder = folder, .name = name};
    int length = snprintf(work.temporary, sizeof work.temporary, "%s/.%s-XXXXXX", folder, name);
    if (length >= (int)sizeof work.temporary) {
        errno = ENAMETOOLONG;
        return unwritable(folder, error);
    }
    if (!mkdtemp(work.temporary))
        return unwritable(folder, error);
    enum nb_code code = write_all(&work, plot, files, error);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        remove_file(work.temporary, name, extensions[i]);
    remove_file(work.temporary, "gnuplot", ".log");
    rmdir(work.temporary);
    return code;
}
