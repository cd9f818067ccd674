// SPDX-License-Identifier: MIT
// Normalization by oneDNN. It keeps variances where ours keeps rstd: a forward pass leaves them in
// rstd's place, a backward pass gets those that belong to the rstd of the call.
#include "bench/peers/onednn.h"

#define EPS 1e-5F
#define AFFINE (dnnl_use_scale | dnnl_use_shift)

enum { X, GAMMA, BETA };

// The variances (n) that belong to the given rstd.
static void add_variance(struct nb_onednn *t, size_t n) {
    dnnl_memory_desc_t desc = nb_onednn_vector(t, n);
    void *at = NULL;
    nb_onednn_add(t, DNNL_ARG_VARIANCE, &desc, NB_ONEDNN_OWN);
    if (nb_onednn_good(t))
        t->status = dnnl_memory_get_data_handle(nb_onednn_added(t, DNNL_ARG_VARIANCE), &at);
    if (!nb_onednn_good(t))
        return;
    float *variance = at;
    const float *rstd = t->whole.at[NB_BACK_RSTD];
    for (size_t i = 0; i < n; i++)
        variance[i] = (float)(1 / ((double)rstd[i] * rstd[i]) - (double)EPS);
}

// What all passes of both normalizations read: x, of layout `data`, gamma and beta.
static void add_inputs(struct nb_onednn *t, const dnnl_memory_desc_t *data) {
    dnnl_memory_desc_t cols = nb_onednn_vector(t, t->whole.n);
    nb_onednn_add(t, DNNL_ARG_SRC, data, X);
    nb_onednn_add(t, DNNL_ARG_SCALE, &cols, GAMMA);
    nb_onednn_add(t, DNNL_ARG_SHIFT, &cols, BETA);
}

static void add_forward(struct nb_onednn *t, const dnnl_memory_desc_t *data, size_t stats, int mean,
                        int rstd, int y) {
    dnnl_memory_desc_t each = nb_onednn_vector(t, stats);
    add_inputs(t, data);
    nb_onednn_add(t, DNNL_ARG_MEAN, &each, mean);
    nb_onednn_add(t, DNNL_ARG_VARIANCE, &each, rstd);
    nb_onednn_add(t, DNNL_ARG_DST, data, y);
}

static void add_backward(struct nb_onednn *t, const dnnl_memory_desc_t *data, size_t stats) {
    dnnl_memory_desc_t cols = nb_onednn_vector(t, t->whole.n), each = nb_onednn_vector(t, stats);
    add_inputs(t, data);
    nb_onednn_add(t, DNNL_ARG_MEAN, &each, NB_BACK_MEAN);
    add_variance(t, stats);
    nb_onednn_add(t, DNNL_ARG_DIFF_DST, data, NB_BACK_DY);
    nb_onednn_add(t, DNNL_ARG_DIFF_SRC, data, NB_BACK_DX);
    nb_onednn_add(t, DNNL_ARG_DIFF_SCALE, &cols, NB_BACK_DGAMMA);
    nb_onednn_add(t, DNNL_ARG_DIFF_SHIFT, &cols, NB_BACK_DBETA);
}

static dnnl_primitive_desc_t choose_layernorm(struct nb_onednn *t, const dnnl_memory_desc_t *data) {
    dnnl_memory_desc_t rows = nb_onednn_vector(t, t->whole.m);
    dnnl_layer_normalization_desc_t forward;
    if (nb_onednn_good(t))
        t->status = dnnl_layer_normalization_forward_desc_init(&forward, dnnl_forward_training,
                                                               data, &rows, EPS, AFFINE);
    return nb_onednn_choose(t, &forward, NULL);
}

void nb_onednn_layernorm_forward(struct nb_onednn *t, const struct nb_kernel *kernel) {
    (void)kernel;
    dnnl_memory_desc_t data = nb_onednn_matrix(t, t->whole.m, t->whole.n, t->whole.ld[X], 1);
    t->description = choose_layernorm(t, &data);
    add_forward(t, &data, t->whole.m, NB_LN_MEAN, NB_LN_RSTD, NB_LN_Y);
}

void nb_onednn_layernorm_backward(struct nb_onednn *t, const struct nb_kernel *kernel) {
    (void)kernel;
    dnnl_memory_desc_t data = nb_onednn_matrix(t, t->whole.m, t->whole.n, t->whole.ld[X], 1);
    dnnl_memory_desc_t rows = nb_onednn_vector(t, t->whole.m);
    dnnl_layer_normalization_desc_t backward;
    t->forward = choose_layernorm(t, &data);
    if (nb_onednn_good(t))
        t->status = dnnl_layer_normalization_backward_desc_init(&backward, dnnl_backward, &data,
                                                                &data, &rows, EPS, AFFINE);
    t->description = nb_onednn_choose(t, &backward, t->forward);
    add_backward(t, &data, t->whole.m);
}

// (rows, cols) as an image of one column, rows high, with `cols` channels, these innermost: for
// this layout the library has its fast code.
static dnnl_memory_desc_t image(struct nb_onednn *t) {
    dnnl_dim_t m = (dnnl_dim_t)t->whole.m, n = (dnnl_dim_t)t->whole.n;
    dnnl_dim_t ld = (dnnl_dim_t)t->whole.ld[X];
    return nb_onednn_describe(t, 4, (dnnl_dims_t){1, n, m, 1}, (dnnl_dims_t){m * ld, 1, ld, ld});
}

static bool fuses_relu(const struct nb_kernel *kernel) { return kernel->name[10] == 'r'; }

static dnnl_primitive_desc_t choose_batchnorm(struct nb_onednn *t, const dnnl_memory_desc_t *data,
                                              unsigned flags) {
    dnnl_batch_normalization_desc_t forward;
    if (nb_onednn_good(t))
        t->status = dnnl_batch_normalization_forward_desc_init(&forward, dnnl_forward_training,
                                                               data, EPS, flags);
    return nb_onednn_choose(t, &forward, NULL);
}

static void add_workspace(struct nb_onednn *t) {
    dnnl_memory_desc_t workspace = nb_onednn_chosen(t, dnnl_query_workspace_md);
    nb_onednn_add(t, DNNL_ARG_WORKSPACE, &workspace, NB_ONEDNN_OWN);
}

void nb_onednn_batchnorm_forward(struct nb_onednn *t, const struct nb_kernel *kernel) {
    dnnl_memory_desc_t data = image(t);
    t->description =
        choose_batchnorm(t, &data, AFFINE | (fuses_relu(kernel) ? dnnl_fuse_norm_relu : 0));
    add_forward(t, &data, t->whole.n, NB_BN_MEAN, NB_BN_RSTD, NB_BN_Y);
    if (fuses_relu(kernel))
        add_workspace(t);
}

// The signs of y, which backward needs: from a forward pass with the statistics that it is given.
static void fill_workspace(struct nb_onednn *t, const dnnl_memory_desc_t *data) {
    dnnl_primitive_desc_t description =
        choose_batchnorm(t, data, AFFINE | dnnl_fuse_norm_relu | dnnl_use_global_stats);
    dnnl_primitive_t forward = NULL;
    dnnl_memory_t y = NULL;
    nb_onednn_create(t, description, &forward);
    if (nb_onednn_good(t))
        t->status = dnnl_memory_create(&y, data, t->engine, DNNL_MEMORY_ALLOCATE);
    nb_onednn_execute(
        t, forward, 7,
        (dnnl_exec_arg_t[]){{DNNL_ARG_SRC, nb_onednn_added(t, DNNL_ARG_SRC)},
                            {DNNL_ARG_SCALE, nb_onednn_added(t, DNNL_ARG_SCALE)},
                            {DNNL_ARG_SHIFT, nb_onednn_added(t, DNNL_ARG_SHIFT)},
                            {DNNL_ARG_MEAN, nb_onednn_added(t, DNNL_ARG_MEAN)},
                            {DNNL_ARG_VARIANCE, nb_onednn_added(t, DNNL_ARG_VARIANCE)},
                            {DNNL_ARG_DST, y},
                            {DNNL_ARG_WORKSPACE, nb_onednn_added(t, DNNL_ARG_WORKSPACE)}});
    dnnl_memory_destroy(y);
    dnnl_primitive_destroy(forward);
    dnnl_primitive_desc_destroy(description);
}

void nb_onednn_batchnorm_backward(struct nb_onednn *t, const struct nb_kernel *kernel) {
    dnnl_memory_desc_t data = image(t);
    unsigned flags = AFFINE | (fuses_relu(kernel) ? dnnl_fuse_norm_relu : 0);
    dnnl_batch_normalization_desc_t backward;
    t->forward = choose_batchnorm(t, &data, flags);
    if (nb_onednn_good(t))
        t->status = dnnl_batch_normalization_backward_desc_init(&backward, dnnl_backward, &data,
                                                                &data, EPS, flags);
    t->description = nb_onednn_choose(t, &backward, t->forward);
    add_backward(t, &data, t->whole.n);
    if (fuses_relu(kernel)) {
        add_workspace(t);
        fill_workspace(t, &data);
    }
}
