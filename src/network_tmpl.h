// SPDX-License-Identifier: MIT
// The network in one precision (kernels/real.h): its parameters and the buffers of one batch. A
// template header: network_tmpl.c builds it, step_tmpl.c trains it, evaluate_tmpl.c tests it;
// trainer.c sees them through engine.h.
//
// Weights are kept transposed, (in, out), in panels of PANEL output columns: panel p is (in,
// PANEL), contiguous, so that the forward product streams through it. Activations are (batch,
// width) with rows padded to whole cache lines.
#ifndef NB_SRC_NETWORK_TMPL_H
#define NB_SRC_NETWORK_TMPL_H

#ifdef _OPENMP
#    include <omp.h>
#endif

#include "kernels/kernels.h"
#include "kernels/real.h"
#include "src/barrier.h"
#include "src/engine.h"

typedef struct NB_REAL(nb_epilogue) epilogue;
typedef struct NB_REAL(nb_kernels) kernels;

#define LINE (64 / sizeof(real)) // elements of a cache line: no two threads write to the same one
#define PANEL NB_PANEL(real)     // columns of a panel of weights

#define EPSILON ((real)1e-5)         // of both normalizations, as in PyTorch
#define RUNNING_MOMENTUM ((real)0.1) // weight of the new value in batch norm's running statistics

// A trainable array, its gradient and its optimizer state, all of one layout; NULL where the
// settings need none.
struct parameter {
    real *value;
    real *grad;
    real *first, *second; // SGD: velocity and nothing; Adam: first and second moment
};

// Linear (in -> out), then, in a hidden layer, normalization and ReLU.
struct layer {
    size_t in, out;
    size_t ld;               // row stride of the activations: out, rounded up to whole lines
    struct parameter weight; // panels of (in, PANEL)
    struct parameter bias;   // (out); none before batch norm, which would cancel it
    struct parameter gamma;  // (out); none without normalization
    struct parameter beta;   // (out)
    real *running_mean;      // (out); batch norm
    real *running_var;       // (out)
    real *mean, *rstd;       // of the batch: (out) for batch norm, (batch) for layer norm
    real *gamma_blocks;      // (NB_BLOCKS(batch), out): layer norm's gradients per block of rows
    real *beta_blocks;       // (NB_BLOCKS(batch), out)
    real *z;                 // (batch, ld): output of the linear part
    real *y;  // (batch, ld): output of the layer; the same array as z without normalization
    real *dz; // (batch, ld): gradient of y, then of z
};

struct NB_REAL(network) {
    const struct nb_settings *settings;
    const struct nb_dataset *data;
    const kernels *k;
    size_t threads;
    size_t batch;        // rows of the largest batch
    size_t layers;       // hidden layers + 1
    struct layer *layer; // [layers]
    size_t ldx;          // row stride of x
    real *x;             // (batch, ldx): the rows of this batch, converted
    uint8_t *labels;     // (batch)
    real *losses;        // (batch)
    uint64_t steps;      // optimizer steps made
    size_t test_ld;      // row stride of test_scratch: the widest layer
    real *test_scratch;  // (threads, 2, NB_TEST_CHUNK, test_ld); x, where that is as large
    real *test_losses;   // (test rows)
    void **memory;       // every array above, to free
    size_t arrays;
    struct nb_barrier barrier; // of the threads
};
typedef struct NB_REAL(network) network;

// Thread `id` of the `count` that work on one network.
struct member {
    size_t id, count;
    struct nb_stopwatch *watch; // its own; NULL: nobody asks where the time goes
};

enum { NB_TEST_CHUNK = 128 }; // rows that go through the network together in evaluation

struct range {
    size_t begin, end;
};

#ifdef _OPENMP
static inline struct member this_member(void) {
    return (struct member){(size_t)omp_get_thread_num(), (size_t)omp_get_num_threads(), NULL};
}
#else
static inline struct member this_member(void) { return (struct member){0, 1, NULL}; }
#endif

// This member's part of n items, cut at multiples of `unit`.
static inline struct range share(struct member me, size_t n, size_t unit) {
    const size_t units = (n + unit - 1) / unit;
    const size_t begin = units * me.id / me.count * unit,
                 end = units * (me.id + 1) / me.count * unit;
    return (struct range){begin < n ? begin : n, end < n ? end : n};
}

static inline size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// Where the weight from input `in` of `inputs` to output `out` lies.
static inline size_t weight_index(size_t inputs, size_t in, size_t out) {
    return (out / PANEL * inputs + in) * PANEL + out % PANEL;
}

// Where the outputs from c on leave their panel, or `end`.
static inline size_t panel_end(size_t c, size_t end) {
    const size_t border = (c / PANEL + 1) * PANEL;
    return border < end ? border : end;
}

#define network_create NB_REAL(nb_network_create)
#define network_free NB_REAL(nb_network_free)
#define network_isa NB_REAL(nb_network_isa)
#define network_describe NB_REAL(nb_network_describe)
#define network_get NB_REAL(nb_network_get)
#define network_set NB_REAL(nb_network_set)
#define network_load_row NB_REAL(nb_network_load_row)
#define network_linear NB_REAL(nb_network_linear)
#define network_train NB_REAL(nb_network_train)
#define network_evaluate NB_REAL(nb_network_evaluate)

// The functions of struct nb_engine.
void *network_create(const struct nb_settings *settings, const struct nb_dataset *data,
                     enum nb_isa isa, size_t threads);
void network_free(void *net);
const char *network_isa(const void *net);
bool network_describe(const void *net, size_t index, struct nb_parameter *parameter);
void network_get(const void *net, const struct nb_parameter *parameter, double *values);
void network_set(void *net, const struct nb_parameter *parameter, const double *values);
enum nb_status network_train(void *net, const uint32_t *order, nb_step_fn step, void *user,
                             struct nb_stopwatch *watches, struct nb_epoch *epoch);
void network_evaluate(void *net, struct nb_epoch *epoch);

// x (features) = row `row` of the split, converted from bytes as torchvision does for MNIST.
void network_load_row(const network *net, const struct nb_split *split, size_t row, real *x);

// z (rows, columns cols) = x (rows, in) . W + bias, then ReLU if `relu`. x may not be z.
void network_linear(const network *net, const struct layer *layer, size_t rows, const real *x,
                    size_t ldx, real *z, size_t ldz, struct range cols, bool relu);

#endif
