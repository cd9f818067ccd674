// SPDX-License-Identifier: MIT
#include "src/sweep_cell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "kernels/contract.h"
#include "src/number.h"
#include "src/sha256.h"

const char *const nb_purpose_names[] = {"convergence", "timing"};

// Adds a line of text to a digest.
__attribute__((format(printf, 2, 3))) static void add(struct nb_sha256 *sha, const char *format,
                                                      ...) {
    char line[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    nb_sha256_add(sha, line, (size_t)length);
    nb_sha256_add(sha, "\n", 1);
}

static void add_real(struct nb_sha256 *sha, const char *name, double value) {
    char number[NB_NUMBER_TEXT];
    nb_number_exact(number, value);
    add(sha, "%s %s", name, number);
}

// What defines the bits, but for the number of epochs: a longer run begins as a shorter one.
static void add_bits(struct nb_sha256 *sha, const struct nb_sweep_cell *cell) {
    const struct nb_settings *s = &cell->settings;
    const struct nb_dataset *data = cell->dataset;
    add(sha, "contract %d", NB_CONTRACT_VERSION);
    for (int i = 0; i < 4; i++)
        add(sha, "file %s", data->sha256[i]);
    add(sha, "train rows %zu", nb_settings_rows(s, data->train.rows));
    add(sha, "norm %s", nb_norm_name(s->norm));
    for (size_t i = 0; i < s->hidden_count; i++)
        add(sha, "hidden %zu", s->hidden[i]);
    add(sha, "classes %zu", s->classes);
    add(sha, "batch size %zu", s->batch_size);
    add(sha, "optimizer %s", nb_optimizer_name(s->optimizer));
    add_real(sha, "lr", s->lr);
    add_real(sha, "momentum", s->momentum);
    add(sha, "nesterov %d", s->nesterov);
    add_real(sha, "weight decay", s->weight_decay);
    add(sha, "seed %" PRIu64, s->seed);
    add(sha, "dtype %s", nb_dtype_name(s->dtype));
}

void nb_sweep_cell_identify(struct nb_sweep_cell *cell, const char *cpu) {
    const struct nb_settings *s = &cell->settings;
    struct nb_sha256 digest, *sha = &digest;
    nb_sha256_begin(sha);
    add_bits(sha, cell);
    nb_sha256_end(sha, cell->bits);
    nb_sha256_begin(sha);
    add(sha, "bits %s", cell->bits);
    add(sha, "purpose %s", nb_purpose_names[cell->purpose]);
    add(sha, "epochs %zu", s->epochs);
    // A rule is a question of its own, also where its learning rate is that of another.
    add(sha, "lr rule %s", nb_lr_rule_names[cell->lr_rule]);
    add_real(sha, "lr base", cell->lr_base);
    if (cell->purpose == NB_TIMING) {
        add(sha, "isa %s", s->isa);
        add(sha, "threads %zu", s->threads);
        add(sha, "cpu %s", cpu);
    }
    nb_sha256_end(sha, cell->id);
}

void nb_sweep_cell_describe(const struct nb_sweep_cell *cell, char text[NB_CELL_TEXT_SIZE]) {
    const struct nb_settings *s = &cell->settings;
    char lr[NB_NUMBER_TEXT];
    nb_number_exact(lr, s->lr);
    int used = snprintf(text, NB_CELL_TEXT_SIZE, "%s, batch size %zu, lr %s, seed %" PRIu64,
                        nb_norm_title(s->norm), s->batch_size, lr, s->seed);
    if (cell->purpose == NB_TIMING)
        snprintf(text + used, NB_CELL_TEXT_SIZE - (size_t)used, ", %s, %zu thread%s", s->isa,
                 s->threads, s->threads == 1 ? "" : "s");
}

double nb_sweep_cell_flops(const struct nb_sweep_cell *cell) {
    const struct nb_settings *s = &cell->settings;
    if (*cell->impossible != '\0')
        return 0;
    const struct nb_products row = nb_settings_products(s, cell->dataset->features);
    double train = (double)nb_settings_rows(s, cell->dataset->train.rows);
    return (double)s->epochs * (train * (row.forward + row.backward + row.update) +
                                (double)cell->dataset->test.rows * row.forward);
}
