// SPDX-License-Identifier: MIT
// oneDNN 2: products, batch and layer normalization, f32 only. It is called with all threads at
// once, which are OpenMP's own, as ours are. Two peers: on plain row-major matrices, and with the
// right factor packed as the library likes it best, which is what it does with weights that stay.
#include "bench/peers/onednn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/panels.h"

dnnl_memory_desc_t nb_onednn_describe(struct nb_onednn *t, int rank, const dnnl_dims_t dims,
                                      const dnnl_dims_t strides) {
    dnnl_memory_desc_t desc = {0};
    if (!nb_onednn_good(t))
        return desc;
    t->status = strides == NULL
                    ? dnnl_memory_desc_init_by_tag(&desc, rank, dims, dnnl_f32, dnnl_format_tag_any)
                    : dnnl_memory_desc_init_by_strides(&desc, rank, dims, dnnl_f32, strides);
    return desc;
}

dnnl_memory_desc_t nb_onednn_vector(struct nb_onednn *t, size_t n) {
    return nb_onednn_describe(t, 1, (dnnl_dims_t){(dnnl_dim_t)n}, (dnnl_dims_t){1});
}

dnnl_memory_desc_t nb_onednn_matrix(struct nb_onednn *t, size_t rows, size_t cols, size_t row,
                                    size_t col) {
    return nb_onednn_describe(t, 2, (dnnl_dims_t){(dnnl_dim_t)rows, (dnnl_dim_t)cols},
                              (dnnl_dims_t){(dnnl_dim_t)row, (dnnl_dim_t)col});
}

void nb_onednn_add(struct nb_onednn *t, int arg, const dnnl_memory_desc_t *desc, int operand) {
    if (!nb_onednn_good(t))
        return;
    dnnl_exec_arg_t *added = &t->args[t->count];
    void *at = operand == NB_ONEDNN_OWN ? DNNL_MEMORY_ALLOCATE : t->whole.at[operand];
    t->status = dnnl_memory_create(&added->memory, desc, t->engine, at);
    if (!nb_onednn_good(t))
        return;
    added->arg = arg;
    t->at[t->count] = at;
    t->operands[t->count++] = operand;
}

dnnl_memory_t nb_onednn_added(const struct nb_onednn *t, int arg) {
    for (int i = 0; i < t->count; i++)
        if (t->args[i].arg == arg)
            return t->args[i].memory;
    return NULL;
}

dnnl_primitive_desc_t nb_onednn_choose(struct nb_onednn *t, const_dnnl_op_desc_t operation,
                                       const_dnnl_primitive_desc_t forward) {
    dnnl_primitive_desc_t description = NULL;
    if (nb_onednn_good(t))
        t->status = dnnl_primitive_desc_create(&description, operation, NULL, t->engine, forward);
    return description;
}

dnnl_memory_desc_t nb_onednn_chosen(struct nb_onednn *t, dnnl_query_t what) {
    if (!nb_onednn_good(t))
        return (dnnl_memory_desc_t){0};
    return *dnnl_primitive_desc_query_md(t->description, what, 0);
}

void nb_onednn_execute(struct nb_onednn *t, const_dnnl_primitive_t primitive, int count,
                       const dnnl_exec_arg_t *args) {
    if (nb_onednn_good(t))
        t->status = dnnl_primitive_execute(primitive, t->stream, count, args);
    if (nb_onednn_good(t))
        t->status = dnnl_stream_wait(t->stream);
}

void nb_onednn_create(struct nb_onednn *t, const_dnnl_primitive_desc_t description,
                      dnnl_primitive_t *primitive) {
    if (nb_onednn_good(t))
        t->status = dnnl_primitive_create(primitive, description);
}

// Only one thread calls.
static void call(const void *table, const struct nb_call *call) {
    struct nb_onednn *t = (struct nb_onednn *)table;
    for (int i = 0; i < t->count; i++) {
        if (t->operands[i] == NB_ONEDNN_OWN || t->at[i] == call->at[t->operands[i]])
            continue;
        t->at[i] = call->at[t->operands[i]];
        dnnl_memory_set_data_handle(t->args[i].memory, t->at[i]);
    }
    dnnl_primitive_execute(t->primitive, t->stream, t->count, t->args);
    dnnl_stream_wait(t->stream);
}

static void close_row(void *table) {
    struct nb_onednn *t = table;
    for (int i = 0; i < t->count; i++)
        dnnl_memory_destroy(t->args[i].memory);
    dnnl_primitive_destroy(t->primitive);
    dnnl_primitive_desc_destroy(t->description);
    dnnl_primitive_desc_destroy(t->forward);
    dnnl_stream_destroy(t->stream);
    dnnl_engine_destroy(t->engine);
    free(t->copied);
    free(t);
}

// Products. The operands are as in kernel_list.h.
enum { A, B, C };

static void prepare_plain(struct nb_onednn *t, const struct nb_kernel *kernel) {
    const struct nb_call *c = &t->whole;
    bool a_transposed = kernel->name[7] == 't', b_transposed = kernel->name[8] == 't';
    dnnl_memory_desc_t a = a_transposed ? nb_onednn_matrix(t, c->m, c->k, 1, c->ld[A])
                                        : nb_onednn_matrix(t, c->m, c->k, c->ld[A], 1);
    dnnl_memory_desc_t b = b_transposed ? nb_onednn_matrix(t, c->k, c->n, 1, c->ld[B])
                                        : nb_onednn_matrix(t, c->k, c->n, c->ld[B], 1);
    dnnl_memory_desc_t out = nb_onednn_matrix(t, c->m, c->n, c->ld[C], 1);
    dnnl_matmul_desc_t product;
    if (nb_onednn_good(t))
        t->status = dnnl_matmul_desc_init(&product, &a, &b, NULL, &out);
    t->description = nb_onednn_choose(t, &product, NULL);
    nb_onednn_add(t, DNNL_ARG_SRC, &a, A);
    nb_onednn_add(t, DNNL_ARG_WEIGHTS, &b, B);
    nb_onednn_add(t, DNNL_ARG_DST, &out, C);
}

// The weights as they lie into the memory of the argument, in its layout.
static void pack(struct nb_onednn *t, const dnnl_memory_desc_t *plain, dnnl_memory_t packed) {
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t reorder = NULL;
    const dnnl_memory_desc_t *layout = NULL;
    if (nb_onednn_good(t))
        t->status = dnnl_memory_create(&from, plain, t->engine, t->whole.at[B]);
    if (nb_onednn_good(t))
        t->status = dnnl_memory_get_memory_desc(packed, &layout);
    if (nb_onednn_good(t))
        t->status = dnnl_reorder_primitive_desc_create(&description, plain, t->engine, layout,
                                                       t->engine, NULL);
    nb_onednn_create(t, description, &reorder);
    nb_onednn_execute(t, reorder, 2,
                      (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, packed}});
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(description);
    dnnl_memory_destroy(from);
}

// c (m, n) = a (m, k) . w^T, w (n, k): the inner product of its networks.
static void prepare_packed(struct nb_onednn *t, const struct nb_kernel *kernel) {
    const struct nb_call *c = &t->whole;
    bool b_transposed = kernel->name[8] == 't';
    dnnl_memory_desc_t a = nb_onednn_matrix(t, c->m, c->k, c->ld[A], 1);
    dnnl_memory_desc_t plain = b_transposed ? nb_onednn_matrix(t, c->n, c->k, c->ld[B], 1)
                                            : nb_onednn_matrix(t, c->n, c->k, 1, c->ld[B]);
    dnnl_memory_desc_t any =
        nb_onednn_describe(t, 2, (dnnl_dims_t){(dnnl_dim_t)c->n, (dnnl_dim_t)c->k}, NULL);
    dnnl_memory_desc_t out = nb_onednn_matrix(t, c->m, c->n, c->ld[C], 1);
    dnnl_inner_product_desc_t product;
    if (nb_onednn_good(t))
        t->status = dnnl_inner_product_forward_desc_init(&product, dnnl_forward_inference, &a, &any,
                                                         NULL, &out);
    t->description = nb_onednn_choose(t, &product, NULL);
    dnnl_memory_desc_t packed = nb_onednn_chosen(t, dnnl_query_weights_md);
    nb_onednn_add(t, DNNL_ARG_SRC, &a, A);
    nb_onednn_add(t, DNNL_ARG_WEIGHTS, &packed, NB_ONEDNN_OWN);
    nb_onednn_add(t, DNNL_ARG_DST, &out, C);
    pack(t, &plain, nb_onednn_added(t, DNNL_ARG_WEIGHTS));
}

// How the rows of a kernel are prepared.
struct work {
    const char *kernel;
    void (*prepare)(struct nb_onednn *t, const struct nb_kernel *kernel);
};

static const struct work plain[] = {
    {"matmul_nn", prepare_plain},
    {"matmul_nt", prepare_plain},
    {"matmul_tn", prepare_plain},
    {"matmul_nn_panels", prepare_plain},
    {"matmul_nt_panels", prepare_plain},
    {"layernorm_forward", nb_onednn_layernorm_forward},
    {"layernorm_backward", nb_onednn_layernorm_backward},
    {"batchnorm_forward", nb_onednn_batchnorm_forward},
    {"batchnorm_relu_forward", nb_onednn_batchnorm_forward},
    {"batchnorm_backward", nb_onednn_batchnorm_backward},
    {"batchnorm_relu_backward", nb_onednn_batchnorm_backward},
};
static const struct work packed[] = {{"matmul_nn_panels", prepare_packed},
                                     {"matmul_nt_panels", prepare_packed}};

static enum nb_code open_row(const struct nb_job *job, const struct work *work, void **table,
                             struct nb_error *error) {
    const struct nb_kernel *kernel = job->operands->problem->kernel;
    struct nb_onednn *t = calloc(1, sizeof *t);
    if (t == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    if (nb_open_product(job, &t->copied, error) != NB_OK) {
        free(t);
        return error->code;
    }
    t->whole = nb_operands_call(job->operands, job->operands->first);
    if (t->copied != NULL)
        t->whole = nb_without_panels(t->copied, &t->whole);
    t->status = dnnl_engine_create(&t->engine, dnnl_cpu, 0);
    if (nb_onednn_good(t))
        t->status = dnnl_stream_create(&t->stream, t->engine, dnnl_stream_default_flags);
    while (strcmp(work->kernel, kernel->name) != 0)
        work++;
    work->prepare(t, kernel);
    for (int i = 0; t->copied != NULL && i < t->count; i++)
        if (t->operands[i] == B) // of each call in panels
            t->operands[i] = NB_ONEDNN_OWN;
    nb_onednn_create(t, t->description, &t->primitive);
    nb_onednn_execute(t, t->primitive, t->count, t->args);
    if (!nb_onednn_good(t)) {
        enum nb_code code = nb_error_set(error, NB_FAILED, "oneDNN cannot do %s: its status is %d",
                                         kernel->name, (int)t->status);
        close_row(t);
        return code;
    }
    *table = t;
    return NB_OK;
}

static enum nb_code open_plain(const struct nb_job *job, void **table, struct nb_error *error) {
    return open_row(job, plain, table, error);
}

static enum nb_code open_packed(const struct nb_job *job, void **table, struct nb_error *error) {
    return open_row(job, packed, table, error);
}

#define NO_STATISTICS                                                       \
    (NB_ONEDNN_BIT(NB_BN_RUNNING_MEAN) | NB_ONEDNN_BIT(NB_BN_RUNNING_VAR) | \
     NB_ONEDNN_BIT(NB_BN_RSTD))
#define OFFER(name, ...) \
    { .kernel = name, .dtypes = {[NB_F32] = true}, .call = call, __VA_ARGS__ }

static const struct nb_offer plain_offers[] = {
    OFFER("matmul_nn", .hot_only = false),
    OFFER("matmul_nt", .hot_only = false),
    OFFER("matmul_tn", .hot_only = false),
    OFFER("matmul_nn_panels", .hot_only = true),
    OFFER("matmul_nt_panels", .hot_only = true),
    OFFER("layernorm_forward", .plain_moments = true, .left_out = NB_ONEDNN_BIT(NB_LN_RSTD)),
    OFFER("layernorm_backward", .from_variance = true,
          .summed = NB_ONEDNN_BIT(NB_BACK_DGAMMA) | NB_ONEDNN_BIT(NB_BACK_DBETA)),
    OFFER("batchnorm_forward", .plain_moments = true, .left_out = NO_STATISTICS),
    OFFER("batchnorm_relu_forward", .plain_moments = true, .left_out = NO_STATISTICS),
    OFFER("batchnorm_backward", .from_variance = true),
    OFFER("batchnorm_relu_backward", .from_variance = true),
    {0},
};
static const struct nb_offer packed_offers[] = {
    OFFER("matmul_nn_panels", .hot_only = true),
    OFFER("matmul_nt_panels", .hot_only = true),
    {0},
};

static const char *version(void) {
    static char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

const struct nb_peer nb_peer_onednn = {
    .name = "onednn",
    .version = version,
    .offers = plain_offers,
    .whole = true,
    .open = open_plain,
    .close = close_row,
};

const struct nb_peer nb_peer_onednn_packed = {
    .name = "onednn-packed",
    .version = version,
    .offers = packed_offers,
    .whole = true,
    .open = open_packed,
    .close = close_row,
};
