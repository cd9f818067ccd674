// SPDX-License-Identifier: MIT
// oneDNN 2: products, batch and layer normalization, f32 only. It is called with all threads at
// once, which are OpenMP's own, as ours are. Two peers: on plain row-major matrices, and with the
// right factor packed as the library likes it best, which is what it does with weights that stay.
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

enum { MAX_ARGS = 10, OWN = -1 };

// A primitive and its arguments.
struct table {
    dnnl_status_t status; // of what was done so far
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t forward, description; // `forward` is what a backward pass is told of
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t args[MAX_ARGS];
    int operands[MAX_ARGS]; // of the call, that the argument is; OWN: memory that stays
    int count;
    struct nb_call whole; // of the operands that the row is prepared on
};

// From one failure on, nothing more is done.
static bool good(const struct table *t) { return t->status == dnnl_success; }

static dnnl_memory_desc_t describe(struct table *t, int rank, const dnnl_dims_t dims,
                                   const dnnl_dims_t strides) {
    dnnl_memory_desc_t desc = {0};
    if (!good(t))
        return desc;
    t->status = strides == NULL
                    ? dnnl_memory_desc_init_by_tag(&desc, rank, dims, dnnl_f32, dnnl_format_tag_any)
                    : dnnl_memory_desc_init_by_strides(&desc, rank, dims, dnnl_f32, strides);
    return desc;
}

static dnnl_memory_desc_t vector(struct table *t, size_t n) {
    return describe(t, 1, (dnnl_dims_t){(dnnl_dim_t)n}, (dnnl_dims_t){1});
}

// Element (i, j) is at i * row + j * col.
static dnnl_memory_desc_t matrix(struct table *t, size_t rows, size_t cols, size_t row,
                                 size_t col) {
    return describe(t, 2, (dnnl_dims_t){(dnnl_dim_t)rows, (dnnl_dim_t)cols},
                    (dnnl_dims_t){(dnnl_dim_t)row, (dnnl_dim_t)col});
}

// The argument `arg` of the primitive is an operand of each call, or memory that stays.
static void add(struct table *t, int arg, const dnnl_memory_desc_t *desc, int operand) {
    if (!good(t))
        return;
    dnnl_exec_arg_t *added = &t->args[t->count];
    void *at = operand == OWN ? DNNL_MEMORY_ALLOCATE : t->whole.at[operand];
    t->status = dnnl_memory_create(&added->memory, desc, t->engine, at);
    if (!good(t))
        return;
    added->arg = arg;
    t->operands[t->count++] = operand;
}

static dnnl_memory_t added(const struct table *t, int arg) {
    for (int i = 0; i < t->count; i++)
        if (t->args[i].arg == arg)
            return t->args[i].memory;
    return NULL;
}

static dnnl_primitive_desc_t choose(struct table *t, const_dnnl_op_desc_t operation,
                                    const_dnnl_primitive_desc_t forward) {
    dnnl_primitive_desc_t description = NULL;
    if (good(t))
        t->status = dnnl_primitive_desc_create(&description, operation, NULL, t->engine, forward);
    return description;
}

static dnnl_memory_desc_t chosen(struct table *t, dnnl_query_t what) {
    if (!good(t))
        return (dnnl_memory_desc_t){0};
    return *dnnl_primitive_desc_query_md(t->description, what, 0);
}

static void execute(struct table *t, const_dnnl_primitive_t primitive, int count,
                    const dnnl_exec_arg_t *args) {
    if (good(t))
        t->status = dnnl_primitive_execute(primitive, t->stream, count, args);
    if (good(t))
        t->status = dnnl_stream_wait(t->stream);
}

static void create(struct table *t, const_dnnl_primitive_desc_t description,
                   dnnl_primitive_t *primitive) {
    if (good(t))
        t->status = dnnl_primitive_create(primitive, description);
}

static void call(const void *table, const struct nb_call *call) {
    const struct table *t = table;
    for (int i = 0; i < t->count; i++)
        if (t->operands[i] != OWN)
            dnnl_memory_set_data_handle(t->args[i].memory, call->at[t->operands[i]]);
    dnnl_primitive_execute(t->primitive, t->stream, t->count, t->args);
    dnnl_stream_wait(t->stream);
}

static void close_row(void *table) {
    struct table *t = table;
    for (int i = 0; i < t->count; i++)
        dnnl_memory_destroy(t->args[i].memory);
    dnnl_primitive_destroy(t->primitive);
    dnnl_primitive_desc_destroy(t->description);
    dnnl_primitive_desc_destroy(t->forward);
    dnnl_stream_destroy(t->stream);
    dnnl_engine_destroy(t->engine);
    free(t);
}

// Products. The operands are as in kernel_list.h.
enum { A, B, C };

static void prepare_plain(struct table *t, const struct nb_kernel *kernel) {
    const struct nb_call *c = &t->whole;
    bool a_transposed = kernel->name[7] == 't', b_transposed = kernel->name[8] == 't';
    dnnl_memory_desc_t a =
        a_transposed ? matrix(t, c->m, c->k, 1, c->ld[A]) : matrix(t, c->m, c->k, c->ld[A], 1);
    dnnl_memory_desc_t b =
        b_transposed ? matrix(t, c->k, c->n, 1, c->ld[B]) : matrix(t, c->k, c->n, c->ld[B], 1);
    dnnl_memory_desc_t out = matrix(t, c->m, c->n, c->ld[C], 1);
    dnnl_matmul_desc_t product;
    if (good(t))
        t->status = dnnl_matmul_desc_init(&product, &a, &b, NULL, &out);
    t->description = choose(t, &product, NULL);
    add(t, DNNL_ARG_SRC, &a, A);
    add(t, DNNL_ARG_WEIGHTS, &b, B);
    add(t, DNNL_ARG_DST, &out, C);
}

// The weights as they lie into the memory of the argument, in its layout.
static void pack(struct table *t, const dnnl_memory_desc_t *plain, dnnl_memory_t packed) {
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t reorder = NULL;
    const dnnl_memory_desc_t *layout = NULL;
    if (good(t))
        t->status = dnnl_memory_create(&from, plain, t->engine, t->whole.at[B]);
    if (good(t))
        t->status = dnnl_memory_get_memory_desc(packed, &layout);
    if (good(t))
        t->status = dnnl_reorder_primitive_desc_create(&description, plain, t->engine, layout,
                                                       t->engine, NULL);
    create(t, description, &reorder);
    execute(t, reorder, 2, (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, packed}});
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(description);
    dnnl_memory_destroy(from);
}

// c (m, n) = a (m, k) . w^T, w (n, k): the inner product of its networks.
static void prepare_packed(struct table *t, const struct nb_kernel *kernel) {
    const struct nb_call *c = &t->whole;
    bool b_transposed = kernel->name[8] == 't';
    dnnl_memory_desc_t a = matrix(t, c->m, c->k, c->ld[A], 1);
    dnnl_memory_desc_t plain =
        b_transposed ? matrix(t, c->n, c->k, c->ld[B], 1) : matrix(t, c->n, c->k, 1, c->ld[B]);
    dnnl_memory_desc_t any =
        describe(t, 2, (dnnl_dims_t){(dnnl_dim_t)c->n, (dnnl_dim_t)c->k}, NULL);
    dnnl_memory_desc_t out = matrix(t, c->m, c->n, c->ld[C], 1);
    dnnl_inner_product_desc_t product;
    if (good(t))
        t->status = dnnl_inner_product_forward_desc_init(&product, dnnl_forward_inference, &a, &any,
                                                         NULL, &out);
    t->description = choose(t, &product, NULL);
    dnnl_memory_desc_t packed = chosen(t, dnnl_query_weights_md);
    add(t, DNNL_ARG_SRC, &a, A);
    add(t, DNNL_ARG_WEIGHTS, &packed, OWN);
    add(t, DNNL_ARG_DST, &out, C);
    pack(t, &plain, added(t, DNNL_ARG_WEIGHTS));
}

// Normalization. It keeps variances where ours keeps rstd.
#define EPS 1e-5F
#define AFFINE (dnnl_use_scale | dnnl_use_shift)

enum { X, GAMMA, BETA };
enum { LN_MEAN = 3, LN_RSTD, LN_Y };                                  // of layernorm forward
enum { BN_RUNNING_MEAN = 3, BN_RUNNING_VAR, BN_Y, BN_MEAN, BN_RSTD }; // of batchnorm forward
enum { B_MEAN = 3, B_RSTD, DY, DX, DGAMMA, DBETA };                   // of both backward

// The variances (n) that belong to the given rstd.
static void add_variance(struct table *t, size_t n) {
    dnnl_memory_desc_t desc = vector(t, n);
    void *at = NULL;
    add(t, DNNL_ARG_VARIANCE, &desc, OWN);
    if (good(t))
        t->status = dnnl_memory_get_data_handle(added(t, DNNL_ARG_VARIANCE), &at);
    if (!good(t))
        return;
    float *variance = at;
    const float *rstd = t->whole.at[B_RSTD];
    for (size_t i = 0; i < n; i++)
        variance[i] = (float)(1 / ((double)rstd[i] * rstd[i]) - (double)EPS);
}

// What all passes of both normalizations read: x, of layout `data`, gamma and beta.
static void add_inputs(struct table *t, const dnnl_memory_desc_t *data) {
    dnnl_memory_desc_t cols = vector(t, t->whole.n);
    add(t, DNNL_ARG_SRC, data, X);
    add(t, DNNL_ARG_SCALE, &cols, GAMMA);
    add(t, DNNL_ARG_SHIFT, &cols, BETA);
}

static void add_forward(struct table *t, const dnnl_memory_desc_t *data, size_t stats, int mean,
                        int rstd, int y) {
    dnnl_memory_desc_t each = vector(t, stats);
    add_inputs(t, data);
    add(t, DNNL_ARG_MEAN, &each, mean);
    add(t, DNNL_ARG_VARIANCE, &each, rstd);
    add(t, DNNL_ARG_DST, data, y);
}

static void add_backward(struct table *t, const dnnl_memory_desc_t *data, size_t stats) {
    dnnl_memory_desc_t cols = vector(t, t->whole.n), each = vector(t, stats);
    add_inputs(t, data);
    add(t, DNNL_ARG_MEAN, &each, B_MEAN);
    add_variance(t, stats);
    add(t, DNNL_ARG_DIFF_DST, data, DY);
    add(t, DNNL_ARG_DIFF_SRC, data, DX);
    add(t, DNNL_ARG_DIFF_SCALE, &cols, DGAMMA);
    add(t, DNNL_ARG_DIFF_SHIFT, &cols, DBETA);
}

static dnnl_primitive_desc_t choose_layernorm(struct table *t, const dnnl_memory_desc_t *data) {
    dnnl_memory_desc_t rows = vector(t, t->whole.m);
    dnnl_layer_normalization_desc_t forward;
    if (good(t))
        t->status = dnnl_layer_normalization_forward_desc_init(&forward, dnnl_forward_training,
                                                               data, &rows, EPS, AFFINE);
    return choose(t, &forward, NULL);
}

static void prepare_layernorm_forward(struct table *t, const struct nb_kernel *kernel) {
    (void)kernel;
    dnnl_memory_desc_t data = matrix(t, t->whole.m, t->whole.n, t->whole.ld[X], 1);
    t->description = choose_layernorm(t, &data);
    add_forward(t, &data, t->whole.m, LN_MEAN, LN_RSTD, LN_Y);
}

static void prepare_layernorm_backward(struct table *t, const struct nb_kernel *kernel) {
    (void)kernel;
    dnnl_memory_desc_t data = matrix(t, t->whole.m, t->whole.n, t->whole.ld[X], 1);
    dnnl_memory_desc_t rows = vector(t, t->whole.m);
    dnnl_layer_normalization_desc_t backward;
    t->forward = choose_layernorm(t, &data);
    if (good(t))
        t->status = dnnl_layer_normalization_backward_desc_init(&backward, dnnl_backward, &data,
                                                                &data, &rows, EPS, AFFINE);
    t->description = choose(t, &backward, t->forward);
    add_backward(t, &data, t->whole.m);
}

// (rows, cols) as an image of one column, rows high, with `cols` channels, these innermost: for
// this layout the library has its fast code.
static dnnl_memory_desc_t image(struct table *t) {
    dnnl_dim_t m = (dnnl_dim_t)t->whole.m, n = (dnnl_dim_t)t->whole.n;
    dnnl_dim_t ld = (dnnl_dim_t)t->whole.ld[X];
    return describe(t, 4, (dnnl_dims_t){1, n, m, 1}, (dnnl_dims_t){m * ld, 1, ld, ld});
}

static bool fuses_relu(const struct nb_kernel *kernel) { return kernel->name[10] == 'r'; }

static dnnl_primitive_desc_t choose_batchnorm(struct table *t, const dnnl_memory_desc_t *data,
                                              unsigned flags) {
    dnnl_batch_normalization_desc_t forward;
    if (good(t))
        t->status = dnnl_batch_normalization_forward_desc_init(&forward, dnnl_forward_training,
                                                               data, EPS, flags);
    return choose(t, &forward, NULL);
}

static void add_workspace(struct table *t) {
    dnnl_memory_desc_t workspace = chosen(t, dnnl_query_workspace_md);
    add(t, DNNL_ARG_WORKSPACE, &workspace, OWN);
}

static void prepare_batchnorm_forward(struct table *t, const struct nb_kernel *kernel) {
    dnnl_memory_desc_t data = image(t);
    t->description =
        choose_batchnorm(t, &data, AFFINE | (fuses_relu(kernel) ? dnnl_fuse_norm_relu : 0));
    add_forward(t, &data, t->whole.n, BN_MEAN, BN_RSTD, BN_Y);
    if (fuses_relu(kernel))
        add_workspace(t);
}

// The signs of y, which backward needs: from a forward pass with the statistics that it is given.
static void fill_workspace(struct table *t, const dnnl_memory_desc_t *data) {
    dnnl_primitive_desc_t description =
        choose_batchnorm(t, data, AFFINE | dnnl_fuse_norm_relu | dnnl_use_global_stats);
    dnnl_primitive_t forward = NULL;
    dnnl_memory_t y = NULL;
    create(t, description, &forward);
    if (good(t))
        t->status = dnnl_memory_create(&y, data, t->engine, DNNL_MEMORY_ALLOCATE);
    execute(t, forward, 7,
            (dnnl_exec_arg_t[]){{DNNL_ARG_SRC, added(t, DNNL_ARG_SRC)},
                                {DNNL_ARG_SCALE, added(t, DNNL_ARG_SCALE)},
                                {DNNL_ARG_SHIFT, added(t, DNNL_ARG_SHIFT)},
                                {DNNL_ARG_MEAN, added(t, DNNL_ARG_MEAN)},
                                {DNNL_ARG_VARIANCE, added(t, DNNL_ARG_VARIANCE)},
                                {DNNL_ARG_DST, y},
                                {DNNL_ARG_WORKSPACE, added(t, DNNL_ARG_WORKSPACE)}});
    dnnl_memory_destroy(y);
    dnnl_primitive_destroy(forward);
    dnnl_primitive_desc_destroy(description);
}

static void prepare_batchnorm_backward(struct table *t, const struct nb_kernel *kernel) {
    dnnl_memory_desc_t data = image(t);
    unsigned flags = AFFINE | (fuses_relu(kernel) ? dnnl_fuse_norm_relu : 0);
    dnnl_batch_normalization_desc_t backward;
    t->forward = choose_batchnorm(t, &data, flags);
    if (good(t))
        t->status = dnnl_batch_normalization_backward_desc_init(&backward, dnnl_backward, &data,
                                                                &data, EPS, flags);
    t->description = choose(t, &backward, t->forward);
    add_backward(t, &data, t->whole.n);
    if (fuses_relu(kernel)) {
        add_workspace(t);
        fill_workspace(t, &data);
    }
}

// How the rows of a kernel are prepared.
struct work {
    const char *kernel;
    void (*prepare)(struct table *t, const struct nb_kernel *kernel);
};

static const struct work plain[] = {
    {"matmul_nn", prepare_plain},
    {"matmul_nt", prepare_plain},
    {"matmul_tn", prepare_plain},
    {"layernorm_forward", prepare_layernorm_forward},
    {"layernorm_backward", prepare_layernorm_backward},
    {"batchnorm_forward", prepare_batchnorm_forward},
    {"batchnorm_relu_forward", prepare_batchnorm_forward},
    {"batchnorm_backward", prepare_batchnorm_backward},
    {"batchnorm_relu_backward", prepare_batchnorm_backward},
};
static const struct work packed[] = {{"matmul_nn", prepare_packed}, {"matmul_nt", prepare_packed}};

static enum nb_code open_row(const struct nb_job *job, const struct work *work, void **table,
                             struct nb_error *error) {
    const struct nb_kernel *kernel = job->operands->problem->kernel;
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory");
    t->whole = nb_operands_call(job->operands, job->operands->first);
    t->status = dnnl_engine_create(&t->engine, dnnl_cpu, 0);
    if (good(t))
        t->status = dnnl_stream_create(&t->stream, t->engine, dnnl_stream_default_flags);
    while (strcmp(work->kernel, kernel->name) != 0)
        work++;
    work->prepare(t, kernel);
    create(t, t->description, &t->primitive);
    execute(t, t->primitive, t->count, t->args);
    if (!good(t)) {
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

#define BIT(operand) (1u << (operand))
#define NO_STATISTICS (BIT(BN_RUNNING_MEAN) | BIT(BN_RUNNING_VAR) | BIT(BN_RSTD))
#define OFFER(name, ...) \
    { .kernel = name, .dtypes = {[NB_F32] = true}, .call = call, __VA_ARGS__ }

static const struct nb_offer plain_offers[] = {
    OFFER("matmul_nn", .hot_only = false),
    OFFER("matmul_nt", .hot_only = false),
    OFFER("matmul_tn", .hot_only = false),
    OFFER("layernorm_forward", .left_out = BIT(LN_RSTD)),
    OFFER("layernorm_backward", .from_variance = true, .summed = BIT(DGAMMA) | BIT(DBETA)),
    OFFER("batchnorm_forward", .left_out = NO_STATISTICS),
    OFFER("batchnorm_relu_forward", .left_out = NO_STATISTICS),
    OFFER("batchnorm_backward", .from_variance = true),
    OFFER("batchnorm_relu_backward", .from_variance = true),
    {0},
};
static const struct nb_offer packed_offers[] = {
    OFFER("matmul_nn", .hot_only = true),
    OFFER("matmul_nt", .hot_only = true),
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
