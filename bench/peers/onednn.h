// SPDX-License-Identifier: MIT
// What the oneDNN peers share: a primitive, and its arguments among the operands of a call. From
// one failure on the functions do nothing; the status tells of it in the end.
#ifndef NB_BENCH_PEERS_ONEDNN_H
#define NB_BENCH_PEERS_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>

#include "bench/peer.h"

enum { NB_ONEDNN_ARGS = 10, NB_ONEDNN_OWN = -1 };

struct nb_onednn {
    dnnl_status_t status; // of what was done so far
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t forward, description; // `forward` is what a backward pass is told of
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t args[NB_ONEDNN_ARGS]; // (count)
    int operands[NB_ONEDNN_ARGS];         // which of the call each is; NB_ONEDNN_OWN: none
    void *at[NB_ONEDNN_ARGS];             // where it is now
    int count;
    struct nb_call whole; // of the operands that the row is prepared on
    void *copied;         // of panels.h: b of that call as rows; NULL: it has no panels
};

static inline bool nb_onednn_good(const struct nb_onednn *t) { return t->status == dnnl_success; }

// The layout of f32 in memory; strides NULL: as the primitive likes it best.
dnnl_memory_desc_t nb_onednn_describe(struct nb_onednn *t, int rank, const dnnl_dims_t dims,
                                      const dnnl_dims_t strides);
dnnl_memory_desc_t nb_onednn_vector(struct nb_onednn *t, size_t n);

// Element (i, j) is at i * row + j * col.
dnnl_memory_desc_t nb_onednn_matrix(struct nb_onednn *t, size_t rows, size_t cols, size_t row,
                                    size_t col);

// The argument `arg` of the primitive is an operand of each call, or memory that stays.
void nb_onednn_add(struct nb_onednn *t, int arg, const dnnl_memory_desc_t *desc, int operand);
dnnl_memory_t nb_onednn_added(const struct nb_onednn *t, int arg);

// The library's best code for an operation; of a backward pass with the description of the forward
// one.
dnnl_primitive_desc_t nb_onednn_choose(struct nb_onednn *t, const_dnnl_op_desc_t operation,
                                       const_dnnl_primitive_desc_t forward);

// What t->description has chosen as the layout of something.
dnnl_memory_desc_t nb_onednn_chosen(struct nb_onednn *t, dnnl_query_t what);

void nb_onednn_create(struct nb_onednn *t, const_dnnl_primitive_desc_t description,
                      dnnl_primitive_t *primitive);
void nb_onednn_execute(struct nb_onednn *t, const_dnnl_primitive_t primitive, int count,
                       const dnnl_exec_arg_t *args);

// onednn_normalization.c: sets description and arguments for the kernel.
void nb_onednn_layernorm_forward(struct nb_onednn *t, const struct nb_kernel *kernel);
void nb_onednn_layernorm_backward(struct nb_onednn *t, const struct nb_kernel *kernel);
void nb_onednn_batchnorm_forward(struct nb_onednn *t, const struct nb_kernel *kernel);
void nb_onednn_batchnorm_backward(struct nb_onednn *t, const struct nb_kernel *kernel);

// Operands of these kernels that it has another value for, as bits.
#define NB_ONEDNN_BIT(operand) (1u << (operand))
enum { NB_LN_MEAN = 3, NB_LN_RSTD, NB_LN_Y };                                        // layernorm
enum { NB_BN_RUNNING_MEAN = 3, NB_BN_RUNNING_VAR, NB_BN_Y, NB_BN_MEAN, NB_BN_RSTD }; // batchnorm
enum { NB_BACK_MEAN = 3, NB_BACK_RSTD, NB_BACK_DY, NB_BACK_DX, NB_BACK_DGAMMA, NB_BACK_DBETA };

#endif
