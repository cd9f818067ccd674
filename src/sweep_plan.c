// SPDX-License-Identifier: MIT
#include "src/sweep_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/machine.h"

enum { MAX_CELLS = 20000 }; // more take longer to list than anybody waits

static const char sample[] = "mnist-sample"; // part of the program: it has no folder

// The data set of `index` in a grid, out of those that are loaded; NULL: not loaded.
static const struct nb_dataset *find_dataset(const struct nb_sweep_plan *plan,
                                             const struct nb_grid *grid, size_t index) {
    const char *name = nb_dataset_names[grid->datasets.values[index]];
    for (size_t i = 0; i < plan->dataset_count; i++)
        if (strcmp(plan->datasets[i].name, name) == 0 &&
            plan->datasets[i].classes == grid->settings.classes)
            return &plan->datasets[i];
    return NULL;
}

// Cells keep pointers to data sets, so all are there before the first cell is made.
static enum nb_code load_datasets(struct nb_sweep_plan *plan, const struct nb_sweep_parts *parts,
                                  struct nb_error *error) {
    size_t most = 0;
    for (size_t i = 0; i < parts->count; i++)
        most += parts->parts[i].grid.datasets.count;
    plan->datasets = calloc(most + 1, sizeof *plan->datasets);
    if (plan->datasets == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    const char *folder_of = NULL;
    for (size_t i = 0; i < parts->count; i++) {
        const struct nb_grid *grid = &parts->parts[i].grid;
        for (size_t j = 0; j < grid->datasets.count; j++) {
            if (find_dataset(plan, grid, j) != NULL)
                continue;
            const char *name = nb_dataset_names[grid->datasets.values[j]];
            const char *folder = strcmp(name, sample) == 0 ? NULL : grid->settings.data_dir;
            if (folder != NULL && folder_of != NULL && strcmp(folder_of, name) != 0)
                return nb_error_set(error, NB_USAGE,
                                    "--data-dir is the folder of one data set, and this sweep has "
                                    "%s and %s; leave it out, or name one of them in --datasets",
                                    folder_of, name);
            folder_of = folder != NULL ? name : folder_of;
            enum nb_code code = nb_dataset_load(&plan->datasets[plan->dataset_count], name, folder,
                                                grid->settings.classes, error);
            if (code != NB_OK)
                return code;
            plan->dataset_count++;
        }
    }
    return NB_OK;
}

// What every cell of the grid shares must make sense for any normalization, and every learning rate
// must be a number.
static enum nb_code check_grid(const struct nb_grid *grid, const struct nb_dataset *dataset,
                               struct nb_error *error) {
    struct nb_settings any = grid->settings;
    any.norm = NB_NORM_NONE;
    enum nb_code code = nb_settings_check(&any, dataset->train.rows, error);
    for (size_t i = 0; i < grid->lrs.count && code == NB_OK; i++)
        for (size_t j = 0; j < grid->batch_sizes.count && code == NB_OK; j++) {
            double lr = nb_grid_lr(grid->lr_rule, grid->lrs.values[i], grid->batch_sizes.values[j]);
            if (!isfinite(lr) || !(lr > 0))
                code = nb_error_set(error, NB_USAGE,
                                    "--lr-rule %s: the learning rate for batch size %zu is no "
                                    "number above 0; use other --lrs",
                                    nb_lr_rule_names[grid->lr_rule],
                                    (size_t)grid->batch_sizes.values[j]);
        }
    return code;
}

// Lists multiply: a few short ones may name more cells than a machine can ever run.
static enum nb_code check_count(const struct nb_sweep_parts *parts, struct nb_error *error) {
    size_t cells = 0;
    for (size_t i = 0; i < parts->count; i++) {
        const struct nb_grid *grid = &parts->parts[i].grid;
        size_t shared = grid->datasets.count * grid->norms.count * grid->batch_sizes.count;
        size_t places = grid->timing_epochs == 0 ? 0 : NB_ISA_COUNT * grid->threads.count;
        cells += shared * (grid->lrs.count * grid->seeds.count + places);
    }
    if (cells > MAX_CELLS)
        return nb_error_set(error, NB_USAGE,
                            "these lists make %zu runs, the limit is %d; shorten them, or make "
                            "several sweeps",
                            cells, MAX_CELLS);
    return NB_OK;
}

// Adds a cell unless it is there. The list grows by doubling.
static enum nb_code add_cell(struct nb_sweep_plan *plan, struct nb_sweep_cell *cell,
                             const char *cpu, struct nb_error *error) {
    nb_sweep_cell_identify(cell, cpu);
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->cells[i].id, cell->id) == 0)
            return NB_OK;
    if ((plan->count & (plan->count - 1)) == 0) {
        size_t room = plan->count == 0 ? 1 : 2 * plan->count;
        void *larger = realloc(plan->cells, room * sizeof *plan->cells);
        if (larger == NULL)
            return nb_error_set(error, NB_FAILED,
                                "not enough memory for %zu cells; use shorter lists", room);
        plan->cells = larger;
    }
    plan->cells[plan->count++] = *cell;
    return NB_OK;
}

// One point of the lists.
struct point {
    size_t dataset, norm, batch_size, lr, seed;
};

static struct nb_sweep_cell cell_at(const struct nb_sweep_plan *plan,
                                    const struct nb_sweep_part *part, struct point at) {
    const struct nb_grid *grid = &part->grid;
    struct nb_sweep_cell cell = {
        .purpose = NB_CONVERGENCE,
        .settings = grid->settings,
        .dataset = find_dataset(plan, grid, at.dataset),
        .part = part->name,
        .lr_rule = grid->lr_rule,
        .lr_base = grid->lrs.values[at.lr],
    };
    struct nb_settings *s = &cell.settings;
    s->dataset = nb_dataset_names[grid->datasets.values[at.dataset]];
    s->data_dir = NULL; // the same records wherever the data lies
    s->norm = (enum nb_norm)grid->norms.values[at.norm];
    s->batch_size = (size_t)grid->batch_sizes.values[at.batch_size];
    s->seed = grid->seeds.values[at.seed];
    s->lr = nb_grid_lr(cell.lr_rule, cell.lr_base, s->batch_size);
    s->isa = nb_isa_name(nb_isa_best());
    s->threads = 1;
    struct nb_error why;
    if (nb_settings_check(s, cell.dataset->train.rows, &why) != NB_OK)
        snprintf(cell.impossible, sizeof cell.impossible, "%.255s", why.text);
    return cell;
}

static enum nb_code add_convergence(struct nb_sweep_plan *plan, const struct nb_sweep_part *part,
                                    const char *cpu, struct nb_error *error) {
    const struct nb_grid *grid = &part->grid;
    struct point at;
    for (at.seed = 0; at.seed < grid->seeds.count; at.seed++)
        for (at.dataset = 0; at.dataset < grid->datasets.count; at.dataset++)
            for (at.lr = 0; at.lr < grid->lrs.count; at.lr++)
                for (at.batch_size = 0; at.batch_size < grid->batch_sizes.count; at.batch_size++)
                    for (at.norm = 0; at.norm < grid->norms.count; at.norm++) {
                        struct nb_sweep_cell cell = cell_at(plan, part, at);
                        enum nb_code code = add_cell(plan, &cell, cpu, error);
                        if (code != NB_OK)
                            return code;
                    }
    return NB_OK;
}

// Epochs of a timing cell: scalar and autovec take about ten times as long as the others.
static size_t timing_epochs(const struct nb_grid *grid, enum nb_isa isa) {
    return isa == NB_ISA_SCALAR || isa == NB_ISA_AUTOVEC ? 1 : grid->timing_epochs;
}

// The cells of one point on every ISA with every number of threads.
static enum nb_code add_places(struct nb_sweep_plan *plan, const struct nb_grid *grid,
                               struct nb_sweep_cell *cell, const char *cpu,
                               struct nb_error *error) {
    cell->purpose = NB_TIMING;
    enum nb_code code = NB_OK;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        for (size_t i = 0; i < grid->threads.count && code == NB_OK; i++) {
            if (!grid->isas[isa] || !nb_isa_usable(isa))
                continue;
            size_t threads = grid->threads.values[i];
            cell->settings.isa = nb_isa_name(isa);
            cell->settings.threads = threads > 0 ? threads : nb_machine_default_threads();
            cell->settings.epochs = timing_epochs(grid, isa);
            code = add_cell(plan, cell, cpu, error);
        }
    return code;
}

static enum nb_code add_timing(struct nb_sweep_plan *plan, const struct nb_sweep_part *part,
                               const char *cpu, struct nb_error *error) {
    const struct nb_grid *grid = &part->grid;
    struct point at = {0};
    if (grid->timing_epochs == 0)
        return NB_OK;
    for (at.dataset = 0; at.dataset < grid->datasets.count; at.dataset++)
        for (at.batch_size = 0; at.batch_size < grid->batch_sizes.count; at.batch_size++)
            for (at.norm = 0; at.norm < grid->norms.count; at.norm++) {
                struct nb_sweep_cell cell = cell_at(plan, part, at);
                enum nb_code code =
                    *cell.impossible != '\0' ? NB_OK : add_places(plan, grid, &cell, cpu, error);
                if (code != NB_OK)
                    return code;
            }
    return NB_OK;
}

enum nb_code nb_sweep_plan_make(struct nb_sweep_plan *plan, const struct nb_sweep_parts *parts,
                                const char *cpu, struct nb_error *error) {
    *plan = (struct nb_sweep_plan){0};
    enum nb_code code = check_count(parts, error);
    if (code == NB_OK)
        code = load_datasets(plan, parts, error);
    for (size_t i = 0; i < parts->count && code == NB_OK; i++)
        for (size_t j = 0; j < parts->parts[i].grid.datasets.count && code == NB_OK; j++)
            code = check_grid(&parts->parts[i].grid, find_dataset(plan, &parts->parts[i].grid, j),
                              error);
    for (size_t i = 0; i < parts->count && code == NB_OK; i++)
        code = add_convergence(plan, &parts->parts[i], cpu, error);
    for (size_t i = 0; i < parts->count && code == NB_OK; i++)
        code = add_timing(plan, &parts->parts[i], cpu, error);
    if (code != NB_OK)
        nb_sweep_plan_free(plan);
    return code;
}

void nb_sweep_plan_free(struct nb_sweep_plan *plan) {
    for (size_t i = 0; i < plan->dataset_count; i++)
        nb_dataset_free(&plan->datasets[i]);
    free(plan->datasets);
    free(plan->cells);
    *plan = (struct nb_sweep_plan){0};
}
