// SPDX-License-Identifier: MIT
// Everything that defines one training run. The same settings give the same bits; isa and threads
// change only the time.
#ifndef NB_SRC_SETTINGS_H
#define NB_SRC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/error.h"

#define NB_MAX_HIDDEN 16
#define NB_SETTINGS_TEXT 512

enum nb_norm { NB_NORM_NONE, NB_NORM_BATCH, NB_NORM_LAYER };
enum nb_optimizer { NB_SGD, NB_ADAM };
enum nb_dtype { NB_F32, NB_F64 };

struct nb_settings {
    enum nb_norm norm;
    size_t hidden[NB_MAX_HIDDEN]; // widths of the hidden layers, input side first
    size_t hidden_count;          // may be 0: a linear classifier
    size_t classes;               // width of the output
    size_t batch_size, epochs;
    enum nb_optimizer optimizer;
    double lr, momentum, weight_decay;
    bool nesterov;
    uint64_t seed; // PyTorch uses the low 32 bits
    enum nb_dtype dtype;
    const char *isa;      // a name of kernels/isa_list.h, or "auto": the best usable one
    size_t threads;       // 0: the physical cores that this process may use
    const char *dataset;  // "mnist", "fashion-mnist" or "mnist-sample"
    const char *data_dir; // the folder of the four files, or NULL: search
    size_t train_rows;    // the first ones of the data set; 0: all
};

// The defaults: the PyTorch experiment. 784-256-10, SGD 0.1, batch 128, 10 epochs, seed 0, f32,
// batch norm.
struct nb_settings nb_settings_default(void);

// How many of the data set's `rows` training rows a run takes.
size_t nb_settings_rows(const struct nb_settings *settings, size_t rows);

// Floating-point operations of the matrix products for one row.
struct nb_products {
    double forward;  // inputs times weights
    double backward; // gradients of the layers' inputs; nobody needs that of the pixels
    double update;   // gradients of the weights
};
struct nb_products nb_settings_products(const struct nb_settings *settings, size_t features);

// Whether a run of these settings can exist on a data set of `rows` training rows; NB_USAGE with
// the remedy if not.
enum nb_code nb_settings_check(const struct nb_settings *settings, size_t rows,
                               struct nb_error *error);

const char *nb_norm_name(enum nb_norm norm);                // "none", "batch", "layer"
const char *nb_norm_title(enum nb_norm norm);               // for people: "batch norm"
const char *nb_optimizer_name(enum nb_optimizer optimizer); // "sgd", "adam"
const char *nb_dtype_name(enum nb_dtype dtype);             // "f32", "f64"

// The same names by their numbers, ended by NULL.
extern const char *const nb_norm_names[], *const nb_optimizer_names[], *const nb_dtype_names[];

// The run in one line for people: "784-256-10, SGD, lr 0.1, batch size 128, 10 epochs, seed 0,
// f32". The normalization is not in it: what is compared is named apart.
void nb_settings_describe(const struct nb_settings *settings, size_t features,
                          char text[NB_SETTINGS_TEXT]);

#endif
