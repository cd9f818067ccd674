// SPDX-License-Identifier: MIT
#include "bench/standing.h"

#include <stdlib.h>
#include <string.h>

#include "src/statistics.h"

// The columns before those of the single others. Whoever runs a machine whose neighbours are heard
// asks how many are nearly level, too.
static const struct nb_column settings[] = {
    {.name = "family"},
    {.name = "dtype"},
    {.name = "isa", .title = "ISA"},
    {.name = "threads", .align = NB_RIGHT},
    {.name = "cache"},
    {.name = "problems", .align = NB_RIGHT},
    {.name = "vs_best_peer", .title = "vs best peer", .align = NB_RIGHT, .digits = 3},
    {.name = "not_behind", .title = "not behind", .unit = "%", .align = NB_RIGHT, .digits = 0},
    {.name = "level", .title = "0.95 or more", .unit = "%", .align = NB_RIGHT, .digits = 0},
    {.name = "least", .align = NB_RIGHT, .digits = 2},
};

enum {
    SETTINGS = sizeof settings / sizeof *settings,
    PLAIN_SETTINGS = SETTINGS - 5,  // without those of the best peer, where a run has none
    MOST_OTHERS = NB_MAX_PEERS + 1, // the peers and autovec
};

struct standing {
    const struct nb_selection *selection;
    const char *others[MOST_OTHERS]; // names of those that were measured, in the order of the rows
    size_t count, settings;          // of others, and of the columns before theirs
    double *ratios;                  // room for one of each row
};

static bool ours(const struct nb_row *row) { return row->samples > 0 && row->implementation.exact; }

static bool other(const struct nb_row *row) {
    return row->samples > 0 && !row->implementation.exact;
}

static void find_others(struct standing *standing) {
    for (size_t i = 0; i < standing->selection->count; i++) {
        const struct nb_row *row = &standing->selection->rows[i];
        size_t known = 0;
        while (known < standing->count &&
               strcmp(standing->others[known], row->implementation.name) != 0)
            known++;
        if (other(row) && known == standing->count && known < MOST_OTHERS)
            standing->others[standing->count++] = row->implementation.name;
    }
}

// Rows of one family and setting.
static bool alike(const struct nb_row *a, const struct nb_row *b) {
    return a->dtype == b->dtype && a->threads == b->threads && a->cold == b->cold &&
           strcmp(a->implementation.name, b->implementation.name) == 0 &&
           strcmp(a->problem->kernel->family, b->problem->kernel->family) == 0;
}

static const struct nb_row *rival(const struct nb_selection *selection, const struct nb_row *row,
                                  const char *name) {
    if (name == NULL)
        return row->best_peer;
    for (size_t i = 0; i < selection->count; i++) {
        const struct nb_row *there = &selection->rows[i];
        if (other(there) && nb_row_beside(there, row) &&
            strcmp(there->implementation.name, name) == 0)
            return there;
    }
    return NULL;
}

// The ratios of all rows like `first` to another, NULL: to the fastest peer. No sample where there
// are none.
static enum nb_code ratios_to(const struct standing *standing, size_t first, const char *name,
                              struct nb_sample *sample, struct nb_error *error) {
    const struct nb_selection *selection = standing->selection;
    size_t n = 0;
    enum nb_code code = NB_OK;
    *sample = (struct nb_sample){0};
    for (size_t i = first; i < selection->count && code == NB_OK; i++) {
        const struct nb_row *row = &selection->rows[i];
        const struct nb_row *against =
            ours(row) && alike(row, &selection->rows[first]) ? rival(selection, row, name) : NULL;
        if (against != NULL)
            code = nb_row_ratio(row, against, &standing->ratios[n++], error);
    }
    return n == 0 || code != NB_OK ? code : nb_sample_make(sample, standing->ratios, n, error);
}

static double percent_from(const struct nb_sample *sample, double least) {
    size_t below = 0;
    while (below < sample->n && sample->x[below] < least)
        below++;
    return 100 * (double)(sample->n - below) / (double)sample->n;
}

// The cells of the setting of row `first`. *any: whether somebody else was measured in it.
static enum nb_code fill_cells(const struct standing *standing, size_t first,
                               struct nb_cell cells[SETTINGS + MOST_OTHERS], bool *any,
                               struct nb_error *error) {
    const struct nb_row *row = &standing->selection->rows[first];
    struct nb_sample best;
    enum nb_code code = ratios_to(standing, first, NULL, &best, error);
    if (code != NB_OK)
        return code;
    const bool peers = best.n > 0;
    *any = peers;
    memcpy(cells,
           (struct nb_cell[SETTINGS]){
               nb_cell_text(row->problem->kernel->family),
               nb_cell_text(nb_dtype_name(row->dtype)),
               nb_cell_text(row->implementation.name),
               nb_cell_count(row->threads),
               nb_cell_text(row->cold ? "cold" : "hot"),
               nb_cell_count(best.n),
               peers ? nb_cell_number(nb_geometric_mean(&best)) : nb_cell_empty(),
               peers ? nb_cell_number(percent_from(&best, 1)) : nb_cell_empty(),
               peers ? nb_cell_number(percent_from(&best, 0.95)) : nb_cell_empty(),
               peers ? nb_cell_number(best.x[0]) : nb_cell_empty(),
           },
           standing->settings * sizeof *cells);
    nb_sample_free(&best);
    for (size_t i = 0; i < standing->count; i++) {
        struct nb_sample sample;
        code = ratios_to(standing, first, standing->others[i], &sample, error);
        if (code != NB_OK)
            return code;
        cells[standing->settings + i] =
            sample.n > 0 ? nb_cell_number(nb_geometric_mean(&sample)) : nb_cell_empty();
        *any = *any || sample.n > 0;
        nb_sample_free(&sample);
    }
    return NB_OK;
}

// Whether a row is the first of its setting.
static bool leads(const struct nb_selection *selection, size_t i) {
    if (!ours(&selection->rows[i]))
        return false;
    for (size_t j = 0; j < i; j++)
        if (ours(&selection->rows[j]) && alike(&selection->rows[i], &selection->rows[j]))
            return false;
    return true;
}

enum nb_code nb_standing_table(const struct nb_bench *bench, FILE *stream,
                               enum nb_table_format format, struct nb_error *error) {
    struct standing standing = {.selection = &bench->selection};
    const size_t rows = bench->selection.count;
    struct nb_column columns[SETTINGS + MOST_OTHERS];
    find_others(&standing);
    const bool peers = nb_selection_has_peers(&bench->selection);
    standing.settings = peers || format == NB_TABLE_CSV ? SETTINGS : PLAIN_SETTINGS;
    const size_t count = standing.settings + standing.count;
    standing.ratios = calloc(rows + 1, sizeof *standing.ratios);
    struct nb_cell *cells = calloc((rows + 1) * (SETTINGS + MOST_OTHERS), sizeof *cells);
    enum nb_code code = standing.ratios != NULL && cells != NULL
                            ? NB_OK
                            : nb_error_set(error, NB_FAILED, "not enough memory; free some");
    memcpy(columns, settings, sizeof settings);
    for (size_t i = 0; i < standing.count; i++)
        columns[standing.settings + i] =
            (struct nb_column){.name = standing.others[i], .align = NB_RIGHT, .digits = 2};
    size_t filled = 0;
    for (size_t i = 0; i < rows && code == NB_OK; i++) {
        bool any = false;
        if (leads(&bench->selection, i))
            code = fill_cells(&standing, i, &cells[filled * count], &any, error);
        filled += any;
    }
    if (code == NB_OK && (filled > 0 || format == NB_TABLE_CSV)) {
        struct nb_table table;
        if (format != NB_TABLE_CSV) {
            fprintf(stream, format == NB_TABLE_MARKDOWN ? "\n## standing\n\n" : "\nstanding\n");
            nb_table_fit(columns, count, cells, filled);
        }
        nb_table_begin(&table, stream, format, columns, count);
        for (size_t i = 0; i < filled; i++)
            nb_table_row(&table, &cells[i * count]);
        nb_table_end(&table);
    }
    if (code == NB_OK && filled > 0 && format != NB_TABLE_CSV)
        fprintf(
            stream,
            "\nstanding: over all problems of a family, geometric means of the other's time over "
            "ours; above 1,\n"
            "ours is faster. autovec may reorder sums.%s\n",
            peers ? " problems, not behind, 0.95 or more, least:\n"
                    "against the best peer of each problem."
                  : "");
    free(standing.ratios);
    free(cells);
    return code;
}
