// SPDX-License-Identifier: MIT
#include "src/network_tmpl.h"

#include <stdlib.h>
#include <string.h>

// An array of rows * cols zeros on its own cache lines, owned by the network; NULL when memory is
// short.
static void *array(network *net, size_t rows, size_t cols, size_t size) {
    enum { ALIGNMENT = 64 };
    size_t bytes;
    if (__builtin_mul_overflow(rows, cols, &bytes) || __builtin_mul_overflow(bytes, size, &bytes) ||
        bytes > SIZE_MAX - ALIGNMENT)
        return NULL;
    void **memory = realloc(net->memory, (net->arrays + 1) * sizeof *memory);
    if (memory == NULL)
        return NULL;
    net->memory = memory;
    bytes = bytes == 0 ? ALIGNMENT : round_up(bytes, ALIGNMENT);
    void *p = aligned_alloc(ALIGNMENT, bytes);
    if (p != NULL)
        net->memory[net->arrays++] = memset(p, 0, bytes);
    return p;
}

static real *reals(network *net, size_t rows, size_t cols) {
    return array(net, rows, cols, sizeof(real));
}

// Plain SGD updates weights inside the product that makes their gradient, so that gradient is never
// stored.
static bool fused_update(const struct nb_settings *s) {
    return s->optimizer == NB_SGD && s->momentum == 0;
}

static bool parameter_create(network *net, struct parameter *p, size_t rows, size_t cols,
                             bool needs_grad) {
    const struct nb_settings *s = net->settings;
    const bool stateful = !fused_update(s), adam = s->optimizer == NB_ADAM;
    return (p->value = reals(net, rows, cols)) &&
           (!needs_grad || (p->grad = reals(net, rows, cols))) &&
           (!stateful || (p->first = reals(net, rows, cols))) &&
           (!adam || (p->second = reals(net, rows, cols)));
}

static bool layer_create(network *net, struct layer *layer, size_t in, size_t out,
                         enum nb_norm norm) {
    const size_t panels = (out + PANEL - 1) / PANEL, batch = net->batch;
    *layer = (struct layer){.in = in, .out = out, .ld = round_up(out, LINE)};
    size_t width;
    if (__builtin_mul_overflow(in, PANEL, &width) || out > SIZE_MAX / 2 ||
        !parameter_create(net, &layer->weight, panels, width, !fused_update(net->settings)) ||
        !(layer->z = reals(net, batch, layer->ld)) || !(layer->dz = reals(net, batch, layer->ld)))
        return false;
    layer->y = layer->z;
    if (norm != NB_NORM_BATCH && !parameter_create(net, &layer->bias, out, 1, true))
        return false;
    if (norm == NB_NORM_NONE)
        return true;
    if (!parameter_create(net, &layer->gamma, out, 1, true) ||
        !parameter_create(net, &layer->beta, out, 1, true) ||
        !(layer->y = reals(net, batch, layer->ld)))
        return false;
    const size_t statistics = norm == NB_NORM_BATCH ? out : batch;
    if (!(layer->mean = reals(net, statistics, 1)) || !(layer->rstd = reals(net, statistics, 1)))
        return false;
    if (norm == NB_NORM_LAYER)
        return (layer->gamma_blocks = reals(net, NB_BLOCKS(batch), out)) &&
               (layer->beta_blocks = reals(net, NB_BLOCKS(batch), out));
    if (!(layer->running_mean = reals(net, out, 1)) || !(layer->running_var = reals(net, out, 1)))
        return false;
    for (size_t i = 0; i < out; i++)
        layer->running_var[i] = 1;
    return true;
}

void *network_create(const struct nb_settings *settings, const struct nb_dataset *data,
                     enum nb_isa isa, size_t threads) {
    network *net = calloc(1, sizeof *net);
    if (net == NULL)
        return NULL;
    net->settings = settings;
    net->data = data;
    net->k = NB_REAL(nb_isa_kernels)(isa);
    net->threads = threads;
    nb_barrier_init(&net->barrier);
    net->batch = settings->batch_size < data->train.rows ? settings->batch_size : data->train.rows;
    net->layers = settings->hidden_count + 1;
    net->ldx = round_up(data->features, LINE);
    if (!(net->layer = array(net, net->layers, 1, sizeof *net->layer)) ||
        !(net->x = reals(net, net->batch, net->ldx)) ||
        !(net->labels = array(net, net->batch, 1, sizeof *net->labels)) ||
        !(net->losses = reals(net, net->batch, 1)))
        goto fail;
    size_t in = data->features;
    for (size_t i = 0; i < net->layers; i++) {
        const bool last = i == settings->hidden_count;
        const size_t out = last ? settings->classes : settings->hidden[i];
        if (!layer_create(net, &net->layer[i], in, out, last ? NB_NORM_NONE : settings->norm))
            goto fail;
        in = out;
    }
    net->test_ld = net->ldx;
    for (size_t i = 0; i < net->layers; i++)
        net->test_ld = net->layer[i].ld > net->test_ld ? net->layer[i].ld : net->test_ld;
    const size_t chunks = threads * 2 * NB_TEST_CHUNK;
    net->test_scratch = net->x; // between epochs it is free
    if (chunks * net->test_ld > net->batch * net->ldx)
        net->test_scratch = reals(net, chunks, net->test_ld);
    if (net->test_scratch == NULL || !(net->test_losses = reals(net, data->test.rows, 1)))
        goto fail;
    return net;
fail:
    network_free(net);
    return NULL;
}

void network_free(void *network_) {
    network *net = network_;
    if (net == NULL)
        return;
    for (size_t i = 0; i < net->arrays; i++)
        free(net->memory[i]);
    free(net->memory);
    free(net);
}

const char *network_isa(const void *net) { return ((const network *)net)->k->isa; }

static real *parameter_values(const network *net, const struct nb_parameter *p) {
    const struct layer *layer = &net->layer[p->layer];
    switch (p->kind) {
    case NB_WEIGHT:
        return layer->weight.value;
    case NB_BIAS:
        return layer->bias.value;
    case NB_GAMMA:
        return layer->gamma.value;
    default:
        return layer->beta.value;
    }
}

bool network_describe(const void *network_, size_t index, struct nb_parameter *parameter) {
    const network *net = network_;
    for (size_t i = 0; i < net->layers; i++) {
        for (int kind = NB_WEIGHT; kind <= NB_BETA; kind++) {
            const size_t out = net->layer[i].out, in = net->layer[i].in;
            *parameter = (struct nb_parameter){.kind = (enum nb_parameter_kind)kind,
                                               .layer = i,
                                               .out = out,
                                               .in = in,
                                               .length = kind == NB_WEIGHT ? out * in : out};
            if (parameter_values(net, parameter) != NULL && index-- == 0)
                return true;
        }
    }
    return false;
}

// Where element `i` of PyTorch's order is kept.
static size_t place(const struct nb_parameter *p, size_t i) {
    if (p->kind != NB_WEIGHT)
        return i;
    return weight_index(p->in, i % p->in, i / p->in);
}

void network_get(const void *net, const struct nb_parameter *parameter, double *values) {
    const real *kept = parameter_values(net, parameter);
    for (size_t i = 0; i < parameter->length; i++)
        values[i] = (double)kept[place(parameter, i)];
}

void network_set(void *net, const struct nb_parameter *parameter, const double *values) {
    real *kept = parameter_values(net, parameter);
    for (size_t i = 0; i < parameter->length; i++)
        kept[place(parameter, i)] = (real)values[i];
}

void network_load_row(const network *net, const struct nb_split *split, size_t row, real *x) {
    const size_t features = net->data->features;
    net->k->pixel_normalize(features, split->pixels + row * features, 0.1307f, 0.3081f, x);
}

void network_linear(const network *net, const struct layer *layer, size_t rows, const real *x,
                    size_t ldx, real *z, size_t ldz, struct range cols, bool relu) {
    // One product from the start of a panel on, and one before it for what begins inside a panel.
    for (size_t c = cols.begin, next; c < cols.end; c = next) {
        const real *w = layer->weight.value + weight_index(layer->in, 0, c);
        const epilogue out = {.bias = layer->bias.value ? layer->bias.value + c : NULL,
                              .relu = relu};
        if (c % PANEL == 0) {
            next = cols.end;
            net->k->matmul_nn_panels(rows, next - c, layer->in, x, ldx, w, layer->in * PANEL, z + c,
                                     ldz, &out);
        } else {
            next = panel_end(c, cols.end);
            net->k->matmul_nn(rows, next - c, layer->in, x, ldx, w, PANEL, z + c, ldz, &out);
        }
    }
}

const struct nb_engine NB_REAL(nb_engine) = {
    .create = network_create,
    .free = network_free,
    .isa = network_isa,
    .describe = network_describe,
    .get = network_get,
    .set = network_set,
    .train = network_train,
    .evaluate = network_evaluate,
};
