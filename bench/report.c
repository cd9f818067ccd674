// SPDX-License-Identifier: MIT
#include "bench/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/standing.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { NOTES_TEXT = 256 };

static bool shown(const struct nb_row *row) { return row->samples > 0 || row->verdict == NB_WRONG; }

static void add_note(char notes[NOTES_TEXT], const char *note) {
    size_t length = strlen(notes);
    snprintf(notes + length, NOTES_TEXT - length, "%s%s", length == 0 ? "" : "; ", note);
}

static void notes_of(const struct nb_bench *bench, const struct nb_row *row,
                     char notes[NOTES_TEXT]) {
    *notes = '\0';
    if (row->verdict == NB_WRONG) {
        add_note(notes, "WRONG: ");
        strncat(notes, row->error, NOTES_TEXT - strlen(notes) - 1);
        return;
    }
    if (row->verdict == NB_UNCHECKED)
        add_note(notes, "unchecked");
    if (row->verdict == NB_BOUND)
        add_note(notes, "within bound");
    if (nb_row_unstable(row))
        add_note(notes, "unstable");
    if (row->samples < bench->options.samples)
        add_note(notes, "few samples");
    if (nb_row_shared(row))
        add_note(notes, "shared cores");
}

// "12.3 us": three digits and a unit.
static void time_text(char text[32], double seconds) {
    static const struct {
        double size;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;
    while (i + 1 < COUNT(units) && seconds < units[i].size)
        i++;
    double value = seconds / units[i].size;
    snprintf(text, 32, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, units[i].name);
}

static const struct nb_column people[] = {
    {.name = "problem"},
    {.name = "dtype"},
    {.name = "isa", .title = "ISA"},
    {.name = "threads", .align = NB_RIGHT},
    {.name = "cache"},
    {.name = "median", .align = NB_RIGHT},
    {.name = "spread", .unit = "%", .align = NB_RIGHT, .digits = 1},
    {.name = "samples", .title = "n", .align = NB_RIGHT},
    {.name = "gflops", .title = "GFLOP/s", .align = NB_RIGHT, .digits = 1},
    {.name = "gbytes", .title = "GB/s", .align = NB_RIGHT, .digits = 1},
    {.name = "share", .title = "of ceiling", .unit = "%", .align = NB_RIGHT, .digits = 0},
    {.name = "ceiling"},
    {.name = "vs_best_peer", .title = "vs best peer", .align = NB_RIGHT, .digits = 2},
    {.name = "best_peer", .title = "best peer"},
    {.name = "notes"},
};

// Where a run has no peers, their two columns are left out.
enum { COLUMNS = COUNT(people), PEER_COLUMNS = 2, FIRST_PEER_COLUMN = COLUMNS - 3 };

static size_t columns_of(const struct nb_bench *bench) {
    return nb_selection_has_peers(&bench->selection) ? COLUMNS : COLUMNS - PEER_COLUMNS;
}

// Takes them out of an array of COLUMNS columns or cells.
static void leave_out_peers(void *array, size_t size) {
    char *first = (char *)array + FIRST_PEER_COLUMN * size;
    memmove(first, first + PEER_COLUMNS * size, size);
}

// The texts that the cells of a row point to.
struct texts {
    char problem[NB_PROBLEM_TEXT], median[32], notes[NOTES_TEXT];
};

static struct nb_cell number_or_empty(double value) {
    return isfinite(value) ? nb_cell_number(value) : nb_cell_empty();
}

static void fill_cells(const struct nb_bench *bench, const struct nb_row *row, struct texts *texts,
                       struct nb_cell *cells) {
    nb_problem_text(row->problem, texts->problem);
    notes_of(bench, row, texts->notes);
    const struct nb_row *peer = row->best_peer;
    bool timed = row->samples > 0;
    if (timed)
        time_text(texts->median, row->median);
    struct nb_cell all[COLUMNS] = {
        nb_cell_text(texts->problem),
        nb_cell_text(nb_dtype_name(row->dtype)),
        nb_cell_text(row->implementation.name),
        nb_cell_count(row->threads),
        nb_cell_text(row->cold ? "cold" : "hot"),
        timed ? nb_cell_text(texts->median) : nb_cell_empty(),
        timed ? nb_cell_number(100 * nb_row_spread(row)) : nb_cell_empty(),
        nb_cell_count(row->samples),
        row->flops > 0 ? number_or_empty(nb_row_gflops(row)) : nb_cell_empty(),
        number_or_empty(nb_row_gbytes(row)),
        number_or_empty(100 * row->least / row->median),
        row->ceiling[0] != '\0' ? nb_cell_text(row->ceiling) : nb_cell_empty(),
        number_or_empty(row->vs_best_peer),
        peer ? nb_cell_text(peer->implementation.name) : nb_cell_empty(),
        nb_cell_text(texts->notes),
    };
    size_t count = columns_of(bench);
    if (count < COLUMNS)
        leave_out_peers(all, sizeof *all);
    memcpy(cells, all, count * sizeof *all);
}

static void family_table(const struct nb_bench *bench, FILE *stream, enum nb_table_format format,
                         const char *family) {
    const struct nb_selection *selection = &bench->selection;
    struct texts *texts = calloc(selection->count, sizeof *texts);
    struct nb_cell *cells = calloc(selection->count * COLUMNS, sizeof *cells);
    struct nb_column columns[COLUMNS];
    memcpy(columns, people, sizeof people);
    size_t rows = 0, count = columns_of(bench);
    if (count < COLUMNS)
        leave_out_peers(columns, sizeof *columns);
    for (size_t i = 0; i < selection->count && texts != NULL && cells != NULL; i++) {
        const struct nb_row *row = &selection->rows[i];
        if (!shown(row) || strcmp(row->problem->kernel->family, family) != 0)
            continue;
        fill_cells(bench, row, &texts[rows], &cells[rows * count]);
        rows++;
    }
    if (rows > 0) {
        fprintf(stream, format == NB_TABLE_MARKDOWN ? "\n## %s\n\n" : "\n%s\n", family);
        struct nb_table table;
        nb_table_fit(columns, count, cells, rows);
        nb_table_begin(&table, stream, format, columns, count);
        for (size_t i = 0; i < rows; i++)
            nb_table_row(&table, &cells[i * count]);
        nb_table_end(&table);
    }
    free(texts);
    free(cells);
}

static void ceilings_table(const struct nb_bench *bench, FILE *stream,
                           enum nb_table_format format) {
    static const struct nb_column columns[] = {
        {.name = "isa", .title = "ISA", .width = 8},
        {.name = "threads", .align = NB_RIGHT},
        {.name = "level", .width = 6},
        {.name = "f32", .title = "FMA f32", .unit = "GFLOP/s", .align = NB_RIGHT, .digits = 1},
        {.name = "f64", .title = "FMA f64", .unit = "GFLOP/s", .align = NB_RIGHT, .digits = 1},
        {.name = "read", .unit = "GB/s", .align = NB_RIGHT, .digits = 1},
        {.name = "write", .unit = "GB/s", .align = NB_RIGHT, .digits = 1},
        {.name = "copy", .unit = "GB/s", .align = NB_RIGHT, .digits = 1},
    };
    if (bench->ceilings.count == 0)
        return;
    fprintf(stream, format == NB_TABLE_MARKDOWN ? "\n## ceilings\n\n" : "\nceilings\n");
    struct nb_table table;
    nb_table_begin(&table, stream, format, columns, COUNT(columns));
    for (size_t i = 0; i < bench->ceilings.count; i++) {
        const struct nb_ceiling *ceiling = &bench->ceilings.all[i];
        for (enum nb_level level = 0; level < NB_LEVELS; level++) {
            const double *bytes = ceiling->bytes[level];
            if (isnan(bytes[NB_COPY]))
                continue;
            nb_table_row(&table, (struct nb_cell[]){
                                     nb_cell_text(nb_isa_name(ceiling->isa)),
                                     nb_cell_count(ceiling->threads),
                                     nb_cell_text(nb_level_name(level)),
                                     nb_cell_number(1e-9 * ceiling->flops[NB_F32]),
                                     nb_cell_number(1e-9 * ceiling->flops[NB_F64]),
                                     nb_cell_number(1e-9 * bytes[NB_READ]),
                                     nb_cell_number(1e-9 * bytes[NB_WRITE]),
                                     nb_cell_number(1e-9 * bytes[NB_COPY]),
                                 });
        }
    }
    nb_table_end(&table);
}

static bool has_shared(const struct nb_bench *bench) {
    for (size_t i = 0; i < bench->selection.count; i++)
        if (nb_row_shared(&bench->selection.rows[i]))
            return true;
    return false;
}

void nb_report_tables(const struct nb_bench *bench, FILE *stream, enum nb_table_format format) {
    ceilings_table(bench, stream, format);
    static const char *const families[] = {
#define FAMILY(family) #family,
        NB_FAMILY_LIST(FAMILY)
#undef FAMILY
    };
    for (size_t i = 0; i < COUNT(families); i++)
        family_table(bench, stream, format, families[i]);
    fprintf(stream,
            "\nmedian: of n samples, wall time of one call. spread: MAD of the samples, scaled "
            "to a standard\n"
            "deviation. GB/s: every operand counted once. of ceiling: the least time that "
            "the measured\n"
            "ceilings allow, over the median. Rows are checked against the scalar table "
            "before they are\n"
            "timed. Rows with spread above 5 %% are unstable.\n");
    if (has_shared(bench))
        fprintf(stream, "shared cores: in half of the rounds, or more, the threads had not a core "
                        "each: they multiplied\n"
                        "at less than three quarters of their speed. Neighbours of a virtual "
                        "machine do that.\n");
    if (nb_selection_has_peers(&bench->selection))
        fprintf(stream, "best peer: the fastest other library on as many threads. vs best peer: "
                        "its time over ours\n"
                        "in the same round of samples, the median over the rounds; above 1, ours "
                        "is faster.\n");
    if (!isnan(bench->noise_floor))
        fprintf(stream,
                "Noise: %.1f %%, the median over the rows of what two medians of one row differed "
                "by.\n",
                100 * bench->noise_floor);
    if (bench->ended != NB_OK)
        fprintf(stream, "Partial: interrupted after %zu of %zu rows.\n", bench->measured,
                bench->selection.count);
}

void nb_report_reproducer(const struct nb_bench *bench, const struct nb_row *row,
                          char text[NB_REPRODUCER_TEXT]) {
    char problem[NB_PROBLEM_TEXT];
    nb_problem_text(row->problem, problem);
    const struct nb_peer *peer = row->implementation.peer;
    int length = snprintf(
        text, NB_REPRODUCER_TEXT,
        "normbench bench --problems %s --dtypes %s --isas %s --threads %zu --caches %s --seed %llu "
        "--peers %s",
        problem, nb_dtype_name(row->dtype), nb_isa_name(row->implementation.isa), row->threads,
        row->cold ? "cold" : "hot", (unsigned long long)bench->options.seed,
        peer == NULL ? "none" : peer->name);
    if (peer != NULL)
        snprintf(text + length, NB_REPRODUCER_TEXT - (size_t)length, " --filter /%s/", peer->name);
}

void nb_report_csv(const struct nb_bench *bench, FILE *stream) {
    static const struct nb_column columns[] = {
        {.name = "name"},       {.name = "family"},        {.name = "kernel"},
        {.name = "problem"},    {.name = "dtype"},         {.name = "isa"},
        {.name = "threads"},    {.name = "cache"},         {.name = "check"},
        {.name = "samples"},    {.name = "calls"},         {.name = "median"},
        {.name = "min"},        {.name = "p05"},           {.name = "p95"},
        {.name = "mad"},        {.name = "noise"},         {.name = "flops"},
        {.name = "read_bytes"}, {.name = "written_bytes"}, {.name = "gflops"},
        {.name = "gbytes"},     {.name = "intensity"},     {.name = "ceiling"},
        {.name = "share"},      {.name = "vs_best_peer"},  {.name = "best_peer"},
        {.name = "notes"},      {.name = "reproduce"},
    };
    struct nb_table table;
    nb_table_begin(&table, stream, NB_TABLE_CSV, columns, COUNT(columns));
    for (size_t i = 0; i < bench->selection.count; i++) {
        const struct nb_row *row = &bench->selection.rows[i];
        if (!shown(row))
            continue;
        char name[NB_ROW_NAME], problem[NB_PROBLEM_TEXT], notes[NOTES_TEXT];
        char reproducer[NB_REPRODUCER_TEXT];
        const struct nb_row *peer = row->best_peer;
        nb_row_name(row, name);
        nb_problem_text(row->problem, problem);
        notes_of(bench, row, notes);
        nb_report_reproducer(bench, row, reproducer);
        nb_table_row(&table, (struct nb_cell[]){
                                 nb_cell_text(name),
                                 nb_cell_text(row->problem->kernel->family),
                                 nb_cell_text(row->problem->kernel->name),
                                 nb_cell_text(problem),
                                 nb_cell_text(nb_dtype_name(row->dtype)),
                                 nb_cell_text(row->implementation.name),
                                 nb_cell_count(row->threads),
                                 nb_cell_text(row->cold ? "cold" : "hot"),
                                 nb_cell_text(nb_verdict_name(row->verdict)),
                                 nb_cell_count(row->samples),
                                 nb_cell_count(row->calls),
                                 nb_cell_number(row->median),
                                 nb_cell_number(row->min),
                                 nb_cell_number(row->p05),
                                 nb_cell_number(row->p95),
                                 nb_cell_number(row->mad),
                                 nb_cell_number(row->noise),
                                 nb_cell_number(row->flops),
                                 nb_cell_number(row->traffic.read),
                                 nb_cell_number(row->traffic.written),
                                 nb_cell_number(nb_row_gflops(row)),
                                 nb_cell_number(nb_row_gbytes(row)),
                                 nb_cell_number(nb_row_intensity(row)),
                                 nb_cell_text(row->ceiling),
                                 nb_cell_number(row->least / row->median),
                                 number_or_empty(row->vs_best_peer),
                                 peer ? nb_cell_text(peer->implementation.name) : nb_cell_empty(),
                                 nb_cell_text(notes),
                                 nb_cell_text(reproducer),
                             });
    }
    nb_table_end(&table);
}

enum nb_code nb_report_page(const struct nb_bench *bench, FILE *stream, const char *const *pictures,
                            struct nb_error *error) {
    const struct nb_machine *machine = &bench->machine;
    fprintf(stream, "# Kernel timings: %s\n\n", machine->cpu);
    fprintf(stream,
            "- %s; %zu cores, %zu logical CPUs usable; hypervisor: %s; governor: %s\n"
            "- normbench %s, commit %s%s; %s, %s\n"
            "- load before the run: %.2f\n",
            bench->date, machine->usable_cores, machine->usable_cpus, machine->hypervisor,
            machine->governor, nb_build_version(), nb_build_commit(),
            nb_build_dirty() ? " with changes" : "", nb_build_compiler(), nb_build_flags(),
            machine->load[0]);
    json_t *peers = nb_peer_versions(bench->options.request.peers), *version;
    const char *name, *separator = "- peers: ";
    json_object_foreach(peers, name, version) {
        fprintf(stream, "%s%s %s", separator, name, json_string_value(version));
        separator = ", ";
    }
    fprintf(stream, json_object_size(peers) == 0 ? "- peers: none\n" : "\n");
    json_decref(peers);
    for (; *pictures != NULL; pictures++)
        fprintf(stream, "\n![Roofline](%s)\n", *pictures);
    const enum nb_code code = nb_standing_table(bench, stream, NB_TABLE_MARKDOWN, error);
    nb_report_tables(bench, stream, NB_TABLE_MARKDOWN);
    return code;
}
