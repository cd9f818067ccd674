// SPDX-License-Identifier: MIT
// The test set through the network. Of what training uses it reads the parameters, and may write
// over the rows of the last batch. Threads take chunks of rows; a row's result does not depend on
// the chunk it is in.
#include "src/network_tmpl.h"

// y (rows, ld) = normalization and ReLU of z, in place, with the running statistics.
static void infer_hidden(const network *net, const struct layer *layer, size_t rows, real *z,
                         size_t ldz) {
    real mean[NB_TEST_CHUNK], rstd[NB_TEST_CHUNK];
    if (net->settings->norm == NB_NORM_BATCH)
        net->k->batchnorm_relu_infer(rows, layer->out, z, ldz, layer->gamma.value,
                                     layer->beta.value, EPSILON, layer->running_mean,
                                     layer->running_var, z, ldz);
    if (net->settings->norm == NB_NORM_LAYER)
        net->k->layernorm_relu_forward(rows, layer->out, z, ldz, layer->gamma.value,
                                       layer->beta.value, EPSILON, mean, rstd, z, ldz);
}

// The first of the largest values.
static size_t argmax(const real *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        if (x[i] > x[best])
            best = i;
    }
    return best;
}

// Losses of rows first .. first + rows; returns how many are classified right. a and b are
// (NB_TEST_CHUNK, ld) each.
static size_t evaluate_chunk(const network *net, size_t first, size_t rows, real *a, real *b,
                             size_t ld, real *losses) {
    const struct nb_split *test = &net->data->test;
    const bool plain = net->settings->norm == NB_NORM_NONE;
    for (size_t i = 0; i < rows; i++)
        network_load_row(net, test, first + i, a + i * ld);
    for (size_t l = 0; l < net->layers; l++) {
        const struct layer *layer = &net->layer[l];
        const bool hidden = l + 1 < net->layers;
        network_linear(net, layer, rows, a, ld, b, ld, (struct range){0, layer->out},
                       hidden && plain);
        if (hidden)
            infer_hidden(net, layer, rows, b, ld);
        real *swap = a;
        a = b;
        b = swap;
    }
    const size_t classes = net->layer[net->layers - 1].out;
    net->k->softmax_xent(rows, classes, a, ld, test->labels + first, rows, losses, NULL, 0);
    size_t correct = 0;
    for (size_t i = 0; i < rows; i++)
        correct += argmax(a + i * ld, classes) == test->labels[first + i];
    return correct;
}

void network_evaluate(void *network_, struct nb_epoch *epoch) {
    network *net = network_;
    const size_t n = net->data->test.rows, chunks = (n + NB_TEST_CHUNK - 1) / NB_TEST_CHUNK;
    const size_t ld = net->test_ld, half = NB_TEST_CHUNK * ld;
    size_t correct = 0;
#pragma omp parallel num_threads((int)net->threads) reduction(+ : correct)
    {
        real *scratch = net->test_scratch + this_member().id * 2 * half;
#pragma omp for schedule(static)
        for (size_t chunk = 0; chunk < chunks; chunk++) {
            const size_t first = chunk * NB_TEST_CHUNK, left = n - first;
            correct += evaluate_chunk(net, first, left < NB_TEST_CHUNK ? left : NB_TEST_CHUNK,
                                      scratch, scratch + half, ld, net->test_losses + first);
        }
    }
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)net->test_losses[i];
    epoch->test_loss = total / (double)n;
    epoch->test_correct = correct;
}
