// SPDX-License-Identifier: MIT
#include "src/sweep_grid.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *const nb_lr_rule_names[] = {"fixed", "linear", "sqrt", NULL};
const char *const nb_grid_lists[] = {"batch-size", "lr", "seed", "dataset", NULL};

struct nb_grid nb_grid_default(void) {
    struct nb_grid grid = {
        .settings = nb_settings_default(),
        .datasets = {{0}, 1},
        .norms = {{NB_NORM_BATCH, NB_NORM_LAYER, NB_NORM_NONE}, 3},
        .batch_sizes = {{2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}, 12},
        .seeds = {{1, 2, 3, 4, 5}, 5},
        .lrs = {{0.1}, 1},
        .lr_rule = NB_LR_FIXED,
        .threads = {{1, 2}, 2},
        .timing_epochs = 2,
    };
    memset(grid.isas, true, sizeof grid.isas);
    return grid;
}

double nb_grid_lr(enum nb_lr_rule rule, double lr, uint64_t batch_size) {
    double ratio = (double)batch_size / NB_LR_REFERENCE;
    return rule == NB_LR_LINEAR ? lr * ratio : rule == NB_LR_SQRT ? lr * sqrt(ratio) : lr;
}

#define FIELD(name) offsetof(struct nb_grid, name)

const struct nb_option nb_grid_list_options[] = {
    {.name = "datasets",
     .value = "LIST",
     .help = "data sets, out of mnist, fashion-mnist and mnist-sample: 1,000 images of MNIST that "
             "are part of this program",
     .type = &nb_option_choices,
     .offset = FIELD(datasets),
     .choices = nb_dataset_names},
    {.name = "norms",
     .value = "LIST",
     .help = "normalizations, out of batch, layer and none",
     .type = &nb_option_choices,
     .offset = FIELD(norms),
     .choices = nb_norm_names},
    {.name = "batch-sizes",
     .value = "LIST",
     .help = "batch sizes: 1,2,8, or a range as 1..5 or 2..4096*2",
     .type = &nb_option_counts,
     .offset = FIELD(batch_sizes),
     .low = 1,
     .high = INT32_MAX},
    {.name = "lrs",
     .value = "LIST",
     .help = "learning rates for batch size 128",
     .type = &nb_option_reals,
     .offset = FIELD(lrs),
     .low = DBL_TRUE_MIN,
     .high = DBL_MAX,
     .range = "above 0"},
    {.name = "lr-rule",
     .value = "NAME",
     .help = "how the learning rate follows the batch size B: fixed; linear: times B/128; sqrt: "
             "times the square root of B/128",
     .type = &nb_option_choice,
     .offset = FIELD(lr_rule),
     .choices = nb_lr_rule_names},
    {.name = "seeds",
     .value = "LIST",
     .help = "seeds: 1,7, or a range as 1..5",
     .type = &nb_option_counts,
     .offset = FIELD(seeds),
     .low = 0,
     .high = UINT32_MAX},
    {.name = NULL},
};

const struct nb_option nb_grid_timing_options[] = {
    {.name = "isas",
     .value = "LIST",
     .help = "instruction sets that are timed; all: every one that this CPU can run",
     .type = &nb_option_isas,
     .choices = nb_isas_words,
     .offset = FIELD(isas)},
    {.name = "threads",
     .value = "LIST",
     .help = "numbers of threads that are timed, such as 1,2,auto",
     .type = &nb_option_thread_counts,
     .offset = FIELD(threads),
     .low = 1,
     .high = NB_MAX_THREADS},
    {.name = "timing-epochs",
     .value = "N",
     .help = "epochs of a timing cell; one on scalar and autovec, which are slow; 0: time nothing",
     .type = &nb_option_count,
     .offset = FIELD(timing_epochs),
     .low = 0,
     .high = 1000},
    {.name = NULL},
};

const struct nb_option *nb_grid_option(const char *name) {
    static const struct nb_option_group groups[] = {NB_GRID_GROUPS};
    for (size_t i = 0; nb_grid_lists[i] != NULL; i++)
        if (strcmp(nb_grid_lists[i], name) == 0)
            return NULL;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct nb_option *option = groups[i].options; option->name != NULL; option++)
            if (strcmp(option->name, name) == 0)
                return option;
    return NULL;
}
