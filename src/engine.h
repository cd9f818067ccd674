// SPDX-License-Identifier: MIT
// What trainer.c needs of a network, whatever its precision: one table for f32, one for f64.
// Internal to the trainer.
#ifndef NB_SRC_ENGINE_H
#define NB_SRC_ENGINE_H

#include "src/trainer.h"

enum nb_parameter_kind { NB_WEIGHT, NB_BIAS, NB_GAMMA, NB_BETA };

struct nb_parameter {
    enum nb_parameter_kind kind;
    size_t layer;
    size_t out, in; // a weight has out * in elements, every other parameter `out` of them
    size_t length;
};

struct nb_engine {
    // A network whose parameters are 0, with room for batches of settings->batch_size rows; NULL:
    // out of memory. All three pointers must outlive it.
    void *(*create)(const struct nb_settings *settings, const struct nb_dataset *data,
                    enum nb_isa isa, size_t threads);
    void (*free)(void *network);
    // The ISA that the kernels of this network say they were compiled for.
    const char *(*isa)(const void *network);

    // Describes parameter `index` of the digest order: layer by layer weight, bias, gamma, beta.
    // False past the last.
    bool (*describe)(const void *network, size_t index, struct nb_parameter *parameter);
    // Copies a parameter in PyTorch's (out, in) order.
    void (*get)(const void *network, const struct nb_parameter *parameter, double *values);
    void (*set)(void *network, const struct nb_parameter *parameter, const double *values);

    // Trains on the data set's rows in this order, batch by batch. Fills train_loss, samples and
    // steps of `epoch`, and adds the time of each phase to `watches`, one for each thread, unless
    // that is NULL.
    enum nb_status (*train)(void *network, const uint32_t *order, nb_step_fn step, void *user,
                            struct nb_stopwatch *watches, struct nb_epoch *epoch);
    // Fills test_loss and test_correct.
    void (*evaluate)(void *network, struct nb_epoch *epoch);
};

extern const struct nb_engine nb_engine_f32, nb_engine_f64;

#endif
