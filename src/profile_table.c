// SPDX-License-Identifier: MIT
#include "src/profile_table.h"

#include "src/peak.h"
#include "src/profile.h"
#include "src/table.h"

static const struct nb_column columns[] = {
    {.name = "phase", .width = 13},
    {.name = "seconds", .unit = "s/epoch", .align = NB_RIGHT, .digits = 4, .width = 7},
    {.name = "share", .unit = "%", .align = NB_RIGHT, .digits = 1},
    {.name = "gflops", .title = "GFLOP/s", .align = NB_RIGHT, .digits = 1},
    {.name = "peak", .title = "of peak", .unit = "%", .align = NB_RIGHT, .digits = 1},
    {.name = "what", .title = "what it is"},
};

// A row of the table; `flops` of the epoch, 0 where there is no product to count.
static void add_row(struct nb_table *table, const char *name, double seconds, double total,
                    double flops, double peak, const char *what) {
    const double rate = seconds > 0 ? flops / seconds : 0;
    nb_table_row(table, (struct nb_cell[]){
                            nb_cell_text(name),
                            nb_cell_number(seconds),
                            nb_cell_number(100 * seconds / total),
                            rate > 0 ? nb_cell_number(rate / 1e9) : nb_cell_empty(),
                            rate > 0 ? nb_cell_number(100 * rate / peak) : nb_cell_empty(),
                            nb_cell_text(what),
                        });
}

void nb_profile_table(FILE *stream, const struct nb_run *run) {
    double seconds[NB_PHASE_COUNT] = {0}, total = 0;
    size_t epochs = 0;
    for (size_t i = 0; i < run->epoch_count; i++) {
        if (!nb_epoch_finished(&run->epochs[i]))
            continue;
        epochs++;
        total += run->epochs[i].seconds;
        for (size_t phase = 0; phase < NB_PHASE_COUNT; phase++)
            seconds[phase] += run->epochs[i].phases[phase];
    }
    if (epochs == 0)
        return;
    const enum nb_isa isa = nb_isa_by_name(run->isa);
    const double peak = run->settings.dtype == NB_F64 ? nb_peak_flops_f64(isa, run->threads)
                                                      : nb_peak_flops_f32(isa, run->threads);
    const struct nb_products row = nb_settings_products(&run->settings, run->dataset->features);
    const double rows = (double)run->dataset->train.rows, mean = 1 / (double)epochs;
    const double flops[NB_PHASE_COUNT] = {
        [NB_PHASE_FORWARD] = rows * row.forward,
        [NB_PHASE_BACKWARD] = rows * row.backward,
        [NB_PHASE_UPDATE] = rows * row.update,
    };
    struct nb_table table;
    nb_table_begin(&table, stream, NB_TABLE_TEXT, columns, sizeof columns / sizeof *columns);
    for (enum nb_phase phase = 0; phase < NB_PHASE_COUNT; phase++)
        add_row(&table, nb_phase_name(phase), mean * seconds[phase], mean * total, flops[phase],
                peak, nb_phase_what(phase));
    add_row(&table, "epoch", mean * total, mean * total,
            rows * (row.forward + row.backward + row.update), peak, "training, without the test");
    nb_table_end(&table);
}
