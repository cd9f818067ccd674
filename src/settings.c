// SPDX-License-Identifier: MIT
#include "src/settings.h"

#include <math.h>

struct nb_settings nb_settings_default(void) {
    return (struct nb_settings){
        .norm = NB_NORM_BATCH,
        .hidden = {256},
        .hidden_count = 1,
        .classes = 10,
        .batch_size = 128,
        .epochs = 10,
        .optimizer = NB_SGD,
        .lr = 0.1,
        .dtype = NB_F32,
        .isa = "auto",
        .dataset = "mnist",
    };
}

const char *nb_norm_name(enum nb_norm norm) {
    static const char *const names[] = {"none", "batch", "layer"};
    return names[norm];
}

const char *nb_optimizer_name(enum nb_optimizer optimizer) {
    static const char *const names[] = {"sgd", "adam"};
    return names[optimizer];
}

const char *nb_dtype_name(enum nb_dtype dtype) {
    static const char *const names[] = {"f32", "f64"};
    return names[dtype];
}

enum nb_code nb_settings_check(const struct nb_settings *s, size_t rows, struct nb_error *error) {
    if (s->nesterov && (s->optimizer != NB_SGD || !(s->momentum > 0)))
        return nb_error_set(error, NB_USAGE,
                            "--nesterov needs SGD with a momentum: add --momentum 0.9");
    if (s->optimizer == NB_ADAM && s->momentum != 0)
        return nb_error_set(error, NB_USAGE,
                            "--momentum belongs to SGD: leave it out, or use --optimizer sgd");
    // PyTorch refuses a batch of one row in training mode: its variance is always 0.
    if (s->norm == NB_NORM_BATCH && s->hidden_count > 0) {
        const char *text =
            "expected more than 1 value per channel when training: batch norm cannot train on";
        if (s->batch_size == 1)
            return nb_error_set(
                error, NB_USAGE,
                "%s batches of one row; use --batch-size 2 or more, or --norm layer", text);
        if (rows % s->batch_size == 1)
            return nb_error_set(
                error, NB_USAGE,
                "%s the last batch, which has one row (%zu rows in batches of %zu); "
                "use another --batch-size, or --norm layer",
                text, rows, s->batch_size);
    }
    return NB_OK;
}
