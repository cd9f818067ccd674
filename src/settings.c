// SPDX-License-Identifier: MIT
#include "src/settings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/number.h"

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

const char *const nb_norm_names[] = {"none", "batch", "layer", NULL};
const char *const nb_optimizer_names[] = {"sgd", "adam", NULL};
const char *const nb_dtype_names[] = {"f32", "f64", NULL};

const char *nb_norm_name(enum nb_norm norm) { return nb_norm_names[norm]; }
const char *nb_optimizer_name(enum nb_optimizer optimizer) { return nb_optimizer_names[optimizer]; }
const char *nb_dtype_name(enum nb_dtype dtype) { return nb_dtype_names[dtype]; }

const char *nb_norm_title(enum nb_norm norm) {
    static const char *const titles[] = {"no norm", "batch norm", "layer norm"};
    return titles[norm];
}

// Appends to a text of NB_SETTINGS_TEXT bytes.
__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...) {
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, NB_SETTINGS_TEXT - used, format, args);
    va_end(args);
}

static void append_real(char *text, const char *name, double value) {
    char number[NB_NUMBER_TEXT];
    nb_number_exact(number, value);
    append(text, ", %s %s", name, number);
}

void nb_settings_describe(const struct nb_settings *s, size_t features,
                          char text[NB_SETTINGS_TEXT]) {
    *text = '\0';
    append(text, "%zu", features);
    for (size_t i = 0; i < s->hidden_count; i++)
        append(text, "-%zu", s->hidden[i]);
    append(text, "-%zu, %s", s->classes, s->optimizer == NB_SGD ? "SGD" : "Adam");
    append_real(text, "lr", s->lr);
    if (s->momentum > 0)
        append_real(text, s->nesterov ? "Nesterov momentum" : "momentum", s->momentum);
    if (s->weight_decay > 0)
        append_real(text, "weight decay", s->weight_decay);
    if (s->train_rows > 0)
        append(text, ", %zu training rows", s->train_rows);
    append(text, ", batch size %zu, %zu epoch%s, seed %" PRIu64 ", %s", s->batch_size, s->epochs,
           s->epochs == 1 ? "" : "s", s->seed, nb_dtype_name(s->dtype));
}

size_t nb_settings_rows(const struct nb_settings *s, size_t rows) {
    return s->train_rows > 0 && s->train_rows < rows ? s->train_rows : rows;
}

struct nb_products nb_settings_products(const struct nb_settings *s, size_t features) {
    struct nb_products sum = {0};
    size_t in = features;
    for (size_t l = 0; l <= s->hidden_count; l++) {
        const size_t out = l < s->hidden_count ? s->hidden[l] : s->classes;
        const double product = 2.0 * (double)in * (double)out;
        sum.forward += product;
        sum.backward += l > 0 ? product : 0;
        sum.update += product;
        in = out;
    }
    return sum;
}

enum nb_code nb_settings_check(const struct nb_settings *s, size_t rows, struct nb_error *error) {
    if (s->train_rows > rows)
        return nb_error_set(error, NB_USAGE,
                            "--train-rows %zu: the data set has %zu training rows; ask for no more",
                            s->train_rows, rows);
    rows = nb_settings_rows(s, rows);
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
            return nb_error_set(error, NB_USAGE,
                                "%s batches of one row; use --batch-size 2 or more, or layer norm",
                                text);
        if (rows % s->batch_size == 1)
            return nb_error_set(
                error, NB_USAGE,
                "%s the last batch, which has one row (%zu rows in batches of %zu); "
                "use another --batch-size, or layer norm",
                text, rows, s->batch_size);
    }
    return NB_OK;
}
