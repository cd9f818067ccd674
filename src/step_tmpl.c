// SPDX-License-Identifier: MIT
// One epoch of training inside one parallel region. Every thread owns a slab of output columns of
// each layer: it computes them, normalizes them where batch norm is small, and updates the weights
// that lead to them; if their inputs are large, the weights that lead from its part of these.
// Larger batch norms divide their rows once the statistics of all columns are there; layer norm,
// the logits and the loss are divided by rows. Barriers stand only where a thread reads what others
// wrote. How many threads there are changes no bit: every output has one owner, and reductions run
// over fixed blocks (contract, rules 3 and 7).
#include "src/network_tmpl.h"

#include <math.h>
#include <string.h>

// What this member did since it was last asked was `phase`.
static void book(struct member me, enum nb_phase phase) {
    if (me.watch != NULL)
        nb_stopwatch_book(me.watch, phase);
}

// Waits for all members, having done `phase`.
static void barrier(network *net, struct member me, enum nb_phase phase) {
    book(me, phase);
    if (me.count > 1) { // a barrier of one costs as much as a small product
        nb_barrier_wait(&net->barrier, me.count);
        book(me, NB_PHASE_WAITING);
    }
}

// The input of layer l: (rows, *ld).
static const real *input_of(const network *net, size_t l, size_t *ld) {
    *ld = l == 0 ? net->ldx : net->layer[l - 1].ld;
    return l == 0 ? net->x : net->layer[l - 1].y;
}

// x and the labels: rows order[first] and on. The order jumps about in memory, so that every row
// has to be asked for long before it is needed, across the end of the batch where that is near.
static void gather(network *net, struct member me, const uint32_t *order, size_t first,
                   size_t rows) {
    enum { AHEAD = 8, LINE_BYTES = 64 };
    const struct nb_split *train = &net->data->train;
    const struct range mine = share(me, rows, 1);
    const size_t features = net->data->features;
    for (size_t i = first + mine.begin; i < first + mine.end; i++) {
        if (i + AHEAD < train->rows) {
            const uint8_t *pixels = train->pixels + order[i + AHEAD] * features;
            for (size_t byte = 0; byte < features + LINE_BYTES - 1; byte += LINE_BYTES)
                __builtin_prefetch(pixels + byte, 0, 2); // L2 can wait for more lines than L1
        }
        network_load_row(net, train, order[i], net->x + (i - first) * net->ldx);
        net->labels[i - first] = train->labels[order[i]];
    }
}

// Whether the members take a batch normalization of (rows, cols) in its two steps.
static bool in_steps(struct member me, size_t rows, size_t cols) {
    return me.count > 1 && rows * cols * sizeof(real) >= NB_STEPS_BYTES;
}

// z and y of hidden layer l; complete for all threads when it returns.
static void forward_hidden(network *net, struct member me, size_t l, size_t rows) {
    const struct layer *y = &net->layer[l];
    const struct range cols = share(me, y->out, LINE), mine = share(me, rows, 1);
    const size_t c = cols.begin, width = cols.end - c, r = mine.begin, count = mine.end - r;
    const enum nb_norm norm = net->settings->norm;
    real *z = y->z + r * y->ld, *out = y->y + r * y->ld; // this member's rows
    size_t ldx;
    const real *x = input_of(net, l, &ldx);
    network_linear(net, y, rows, x, ldx, y->z, y->ld, cols, norm == NB_NORM_NONE);
    book(me, NB_PHASE_FORWARD);
    switch (norm) {
    case NB_NORM_NONE:
        break;
    case NB_NORM_BATCH:
        if (!in_steps(me, rows, y->out)) {
            net->k->batchnorm_relu_forward(rows, width, y->z + c, y->ld, y->gamma.value + c,
                                           y->beta.value + c, EPSILON, RUNNING_MOMENTUM,
                                           y->running_mean + c, y->running_var + c, y->mean + c,
                                           y->rstd + c, y->y + c, y->ld);
            break;
        }
        net->k->batchnorm_statistics(rows, width, y->z + c, y->ld, EPSILON, RUNNING_MOMENTUM,
                                     y->running_mean + c, y->running_var + c, y->mean + c,
                                     y->rstd + c);
        barrier(net, me, NB_PHASE_NORMALIZATION);
        net->k->batchnorm_apply(count, y->out, z, y->ld, y->gamma.value, y->beta.value, y->mean,
                                y->rstd, out, y->ld, 1);
        break;
    case NB_NORM_LAYER:
        barrier(net, me, NB_PHASE_NORMALIZATION);
        net->k->layernorm_relu_forward(count, y->out, z, y->ld, y->gamma.value, y->beta.value,
                                       EPSILON, y->mean + r, y->rstd + r, out, y->ld);
        break;
    }
    barrier(net, me, NB_PHASE_NORMALIZATION);
}

// Logits, losses and the gradient of the logits; complete for all threads when it returns.
static void forward_output(network *net, struct member me, size_t rows) {
    const struct layer *top = &net->layer[net->layers - 1];
    const struct range mine = share(me, rows, 1);
    const size_t r = mine.begin, count = mine.end - r;
    size_t ldx;
    const real *x = input_of(net, net->layers - 1, &ldx);
    network_linear(net, top, count, x + r * ldx, ldx, top->z + r * top->ld, top->ld,
                   (struct range){0, top->out}, false);
    book(me, NB_PHASE_FORWARD);
    net->k->softmax_xent(count, top->out, top->z + r * top->ld, top->ld, net->labels + r, rows,
                         net->losses + r, top->dz + r * top->ld, top->ld);
    barrier(net, me, NB_PHASE_LOSS);
}

// Mean loss of the batch: rows in order, summed in double, rounded to the run's precision as
// PyTorch reports it.
static double mean_loss(const network *net, size_t rows) {
    double sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += (double)net->losses[i];
    return (double)(real)(sum / (double)rows);
}

// Steps elements [begin, begin + n) of a parameter by its stored gradient.
static void update(const network *net, const struct parameter *p, size_t begin, size_t n) {
    const struct nb_settings *s = net->settings;
    real *value = p->value + begin, *grad = p->grad + begin;
    real *first = p->first ? p->first + begin : NULL,
         *second = p->second ? p->second + begin : NULL;
    if (s->optimizer == NB_ADAM)
        net->k->adam_step(n, value, grad, first, second, s->lr, 0.9, 0.999, 1e-8, s->weight_decay,
                          net->steps + 1);
    else
        net->k->sgd_step(n, value, grad, first, s->lr, s->momentum, s->weight_decay, s->nesterov,
                         net->steps == 0);
}

// Steps the weights from inputs `in` to outputs `cols` of layer l by their stored gradient, panel
// after panel. Whole panels, or all columns of some inputs, are contiguous.
static void step_weights(const network *net, const struct layer *layer, struct range in,
                         struct range cols) {
    const size_t height = in.end - in.begin;
    for (size_t c = cols.begin, next; c < cols.end; c = next) {
        next = panel_end(c, cols.end);
        const size_t at = weight_index(layer->in, in.begin, c);
        if (c % PANEL == 0 && (next % PANEL == 0 || next == layer->out)) {
            update(net, &layer->weight, at, height * PANEL);
        } else {
            for (size_t i = 0; i < height; i++)
                update(net, &layer->weight, at + i * PANEL, next - c);
        }
    }
}

// Gradient of, and step for, the weights from inputs `in` to outputs `cols` of layer l: W -= lr x^T
// . dz. The cut must be whole panels, or a range of inputs with all columns, wherever a gradient is
// stored.
static void update_weights(network *net, size_t l, size_t rows, struct range in,
                           struct range cols) {
    const struct layer *layer = &net->layer[l];
    const struct nb_settings *s = net->settings;
    const struct parameter *w = &layer->weight;
    const epilogue out = {.sgd = w->grad == NULL,
                          .lr = (real)s->lr,
                          .weight_decay = (real)s->weight_decay,
                          .panel_stride = layer->in * PANEL};
    const size_t height = in.end - in.begin;
    size_t ldx;
    const real *x = input_of(net, l, &ldx);
    if (height == 0)
        return;
    // One product from the start of a panel on, and one before it for what begins inside a panel.
    for (size_t c = cols.begin, next; c < cols.end; c = next) {
        next = c % PANEL == 0 ? cols.end : panel_end(c, cols.end);
        const size_t at = weight_index(layer->in, in.begin, c);
        net->k->matmul_tn(height, next - c, rows, x + in.begin, ldx, layer->dz + c, layer->ld,
                          (w->grad ? w->grad : w->value) + at, PANEL, &out);
    }
    if (w->grad != NULL)
        step_weights(net, layer, in, cols);
}

// dz of layer l - 1 (rows, columns cols) = dz of layer l . W^T
static void backward_input(const network *net, size_t l, size_t rows, struct range cols) {
    const struct layer *layer = &net->layer[l], *below = &net->layer[l - 1];
    const real *w = layer->weight.value + weight_index(layer->in, cols.begin, 0);
    net->k->matmul_nt_panels(rows, cols.end - cols.begin, layer->out, layer->dz, layer->ld, w,
                             layer->in * PANEL, below->dz + cols.begin, below->ld, NULL);
}

static void update_bias(const network *net, struct layer *layer, size_t rows, struct range cols) {
    if (layer->bias.value == NULL)
        return;
    net->k->column_sum(rows, cols.end - cols.begin, layer->dz + cols.begin, layer->ld,
                       layer->bias.grad + cols.begin);
    update(net, &layer->bias, cols.begin, cols.end - cols.begin);
}

// From the gradient of y to that of z in hidden layer l, with the steps of its bias, gamma and
// beta.
static void backward_hidden(network *net, struct member me, size_t l, size_t rows) {
    struct layer *y = &net->layer[l];
    const struct range cols = share(me, y->out, LINE);
    const size_t c = cols.begin, width = cols.end - c;
    switch (net->settings->norm) {
    case NB_NORM_NONE:
        net->k->relu_backward(rows, width, y->y + c, y->ld, y->dz + c, y->ld, y->dz + c, y->ld);
        break;
    case NB_NORM_BATCH: {
        if (!in_steps(me, rows, y->out)) {
            net->k->batchnorm_relu_backward(rows, width, y->z + c, y->ld, y->gamma.value + c,
                                            y->beta.value + c, y->mean + c, y->rstd + c, y->dz + c,
                                            y->ld, y->dz + c, y->ld, y->gamma.grad + c,
                                            y->beta.grad + c);
            break;
        }
        net->k->batchnorm_sums(rows, width, y->z + c, y->ld, y->gamma.value + c, y->beta.value + c,
                               y->mean + c, y->rstd + c, y->dz + c, y->ld, y->gamma.grad + c,
                               y->beta.grad + c, 1);
        barrier(net, me, NB_PHASE_NORMALIZATION);
        const struct range mine = share(me, rows, 1);
        real *z = y->z + mine.begin * y->ld, *dz = y->dz + mine.begin * y->ld;
        net->k->batchnorm_dx(mine.end - mine.begin, y->out, z, y->ld, y->gamma.value, y->beta.value,
                             y->mean, y->rstd, dz, y->ld, y->gamma.grad, y->beta.grad, rows, dz,
                             y->ld, 1);
        barrier(net, me, NB_PHASE_NORMALIZATION); // the columns of dz, and who steps gamma and beta
        break;
    }
    case NB_NORM_LAYER: {
        barrier(net, me, NB_PHASE_NORMALIZATION);
        const struct range mine = share(me, rows, NB_BLOCK_ROWS);
        const size_t r = mine.begin, block = r / NB_BLOCK_ROWS * y->out;
        net->k->layernorm_relu_backward(mine.end - r, y->out, y->z + r * y->ld, y->ld,
                                        y->gamma.value, y->beta.value, y->mean + r, y->rstd + r,
                                        y->dz + r * y->ld, y->ld, y->dz + r * y->ld, y->ld,
                                        y->gamma_blocks + block, y->beta_blocks + block);
        barrier(net, me, NB_PHASE_NORMALIZATION);
        net->k->block_sum(NB_BLOCKS(rows), width, y->gamma_blocks + c, y->out, y->gamma.grad + c);
        net->k->block_sum(NB_BLOCKS(rows), width, y->beta_blocks + c, y->out, y->beta.grad + c);
        break;
    }
    }
    book(me, NB_PHASE_NORMALIZATION);
    if (y->gamma.value != NULL) {
        update(net, &y->gamma, c, width);
        update(net, &y->beta, c, width);
    }
    update_bias(net, y, rows, cols);
    book(me, NB_PHASE_UPDATE);
}

// Whether the input of layer l is larger than caches of a core are, so that the members had better
// read a part of it each, and update what these inputs lead to. Else they update what leads to
// their columns, which they read again in the next step.
static bool divides_inputs(const network *net, struct member me, size_t l, size_t rows) {
    return me.count > 1 && rows * net->layer[l].in * sizeof(real) >= 2 << 20;
}

static void backward(network *net, struct member me, size_t rows) {
    const size_t top = net->layers - 1;
    struct layer *output = &net->layer[top];
    // The output layer is narrow: threads divide its inputs, so each reads and then updates only
    // its own weights.
    const struct range in = share(me, output->in, LINE);
    if (top > 0)
        backward_input(net, top, rows, in);
    book(me, NB_PHASE_BACKWARD);
    update_weights(net, top, rows, in, (struct range){0, output->out});
    update_bias(net, output, rows, share(me, output->out, LINE));
    book(me, NB_PHASE_UPDATE);
    for (size_t l = top; l-- > 0;) {
        backward_hidden(net, me, l, rows);
        if (l > 0) {
            barrier(net, me, NB_PHASE_UPDATE);
            backward_input(net, l, rows, share(me, net->layer[l].in, LINE));
            book(me, NB_PHASE_BACKWARD);
        }
    }
    // Until here the weights between hidden layers are read by all, and dz is not complete.
    if (top > 1 || divides_inputs(net, me, 0, rows))
        barrier(net, me, NB_PHASE_BACKWARD);
    for (size_t l = 0; l < top; l++) {
        const struct layer *layer = &net->layer[l];
        const struct range inputs = {0, layer->in}, outputs = {0, layer->out};
        if (divides_inputs(net, me, l, rows))
            update_weights(net, l, rows, share(me, layer->in, net->k->mr), outputs);
        else
            update_weights(net, l, rows, inputs, share(me, layer->out, LINE));
    }
    book(me, NB_PHASE_UPDATE);
}

enum nb_status network_train(void *network_, const uint32_t *order, nb_step_fn step, void *user,
                             struct nb_stopwatch *watches, struct nb_epoch *epoch) {
    network *net = network_;
    const size_t n = net->data->train.rows, steps = (n + net->batch - 1) / net->batch;
    enum nb_status status = NB_STATUS_OK;
    double total = 0;
    size_t done = 0;
#pragma omp parallel num_threads((int)net->threads)
    {
        struct member me = this_member();
        if (watches != NULL)
            nb_stopwatch_start(me.watch = &watches[me.id]);
        bool diverged = false;
        for (size_t s = 0; s < steps && status == NB_STATUS_OK && !diverged; s++) {
            const size_t first = s * net->batch,
                         rows = n - first < net->batch ? n - first : net->batch;
            gather(net, me, order, first, rows);
            barrier(net, me, NB_PHASE_GATHER);
            for (size_t l = 0; l + 1 < net->layers; l++)
                forward_hidden(net, me, l, rows);
            forward_output(net, me, rows);
            // Every thread adds up the losses, the same way, so all know without another barrier
            // whether to go on.
            const double loss = mean_loss(net, rows);
            diverged = !isfinite(loss);
            book(me, NB_PHASE_LOSS);
            if (!diverged)
                backward(net, me, rows);
            barrier(net, me, NB_PHASE_OTHER);
            if (me.id == 0) {
                net->steps += !diverged;
                done += rows;
                total += loss * (double)rows;
                epoch->steps = s + 1;
                if (step && !step(user, s + 1, steps, loss))
                    status = NB_STATUS_INTERRUPTED;
                if (diverged)
                    status = NB_STATUS_DIVERGED;
            }
            barrier(net, me, NB_PHASE_OTHER);
        }
    }
    epoch->samples = done;
    epoch->train_loss = status == NB_STATUS_OK ? total / (double)n : NAN;
    return status;
}
