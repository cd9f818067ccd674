// SPDX-License-Identifier: MIT
#include "src/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/engine.h"
#include "src/random.h"
#include "src/sha256.h"

#ifdef _OPENMP
#    include <omp.h>
#endif

struct nb_trainer {
    struct nb_settings settings;
    const struct nb_dataset *dataset;
    const struct nb_engine *engine;
    size_t threads;
    struct nb_random random;
    uint32_t *order; // (train.rows); the last epoch's
    size_t epochs;   // begun
    void *network;
    double *values;               // (longest parameter)
    struct nb_stopwatch *watches; // (threads), or NULL: no profile
};

const char *nb_status_name(enum nb_status status) {
    static const char *const names[] = {"ok", "diverged", "interrupted"};
    return names[status];
}

// How many threads a team of `wanted` really gets: one without OpenMP, and no more than
// OMP_THREAD_LIMIT allows.
static size_t team_size(size_t wanted) {
#ifdef _OPENMP
    int size = 1;
#    pragma omp parallel num_threads((int)wanted)
#    pragma omp single
    size = omp_get_num_threads();
    return (size_t)size;
#else
    return wanted > 0;
#endif
}

// Draws the initial parameters as torch.nn's constructors do: layer by layer the weight, then the
// bias, uniform in
// +-1 / sqrt(fan in); gamma is 1 and beta 0 without a draw.
static void initialise(struct nb_trainer *t) {
    struct nb_parameter p;
    for (size_t i = 0; t->engine->describe(t->network, i, &p); i++) {
        const float bound = (float)(1 / sqrt((double)p.in));
        for (size_t j = 0; j < p.length; j++)
            t->values[j] = p.kind <= NB_BIAS ? (double)nb_random_uniform(&t->random, bound)
                                             : p.kind == NB_GAMMA;
        t->engine->set(t->network, &p, t->values);
    }
}

// Room for the longest parameter.
static double *values_create(const struct nb_trainer *t) {
    struct nb_parameter p;
    size_t longest = 0;
    for (size_t i = 0; t->engine->describe(t->network, i, &p); i++)
        longest = p.length > longest ? p.length : longest;
    return calloc(longest + 1, sizeof(double));
}

enum nb_code nb_trainer_create(struct nb_trainer **trainer, const struct nb_settings *settings,
                               const struct nb_dataset *dataset, enum nb_isa isa, size_t threads,
                               struct nb_error *error) {
    struct nb_trainer *t = calloc(1, sizeof *t);
    *trainer = t;
    if (t == NULL)
        goto no_memory;
    t->settings = *settings;
    t->dataset = dataset;
    t->engine = settings->dtype == NB_F64 ? &nb_engine_f64 : &nb_engine_f32;
    t->threads = team_size(threads);
    t->order = calloc(dataset->train.rows, sizeof *t->order);
    t->network = t->engine->create(&t->settings, dataset, isa, t->threads);
    if (t->order == NULL || t->network == NULL || (t->values = values_create(t)) == NULL)
        goto no_memory;
    nb_random_seed(&t->random, settings->seed);
    initialise(t);
    return NB_OK;
no_memory:
    nb_trainer_free(t);
    *trainer = NULL;
    return nb_error_set(
        error, NB_FAILED,
        "not enough memory for this network; use smaller --hidden widths or --batch-size");
}

void nb_trainer_free(struct nb_trainer *t) {
    if (t == NULL)
        return;
    if (t->network != NULL)
        t->engine->free(t->network);
    free(t->order);
    free(t->values);
    free(t->watches);
    free(t);
}

enum nb_code nb_trainer_profile(struct nb_trainer *t, struct nb_error *error) {
    t->watches = aligned_alloc(alignof(struct nb_stopwatch), t->threads * sizeof *t->watches);
    return t->watches != NULL ? NB_OK
                              : nb_error_set(error, NB_FAILED, "not enough memory for a profile");
}

// The epoch's seconds by phase: the mean over the threads, so that they add up to its time. What
// is outside of all steps, such as the order of the rows, is `other`.
static void epoch_phases(const struct nb_trainer *t, struct nb_epoch *epoch) {
    double booked = 0;
    for (size_t phase = 0; phase < NB_PHASE_COUNT; phase++) {
        for (size_t i = 0; i < t->threads; i++)
            epoch->phases[phase] += t->watches[i].seconds[phase] / (double)t->threads;
        booked += epoch->phases[phase];
    }
    epoch->phases[NB_PHASE_OTHER] += fmax(epoch->seconds - booked, 0);
}

enum nb_status nb_trainer_epoch(struct nb_trainer *t, nb_step_fn step, void *user,
                                struct nb_epoch *epoch) {
    *epoch = (struct nb_epoch){.epoch = ++t->epochs, .train_loss = NAN, .test_loss = NAN};
    const double start = nb_now();
    nb_random_epoch_order(&t->random, t->order, t->dataset->train.rows);
    if (t->watches != NULL)
        memset(t->watches, 0, t->threads * sizeof *t->watches);
    const enum nb_status status =
        t->engine->train(t->network, t->order, step, user, t->watches, epoch);
    epoch->seconds = nb_now() - start;
    if (t->watches != NULL)
        epoch_phases(t, epoch);
    if (status == NB_STATUS_OK)
        t->engine->evaluate(t->network, epoch);
    return status;
}

size_t nb_trainer_parameter(const struct nb_trainer *t, size_t index, char name[32],
                            double *values) {
    static const char *const kinds[] = {"weight", "bias", "weight", "bias"};
    struct nb_parameter p;
    if (!t->engine->describe(t->network, index, &p))
        return 0;
    // In nn.Sequential every hidden layer is three modules: linear, normalization, ReLU.
    snprintf(name, 32, "net.%zu.%s", 3 * p.layer + (p.kind >= NB_GAMMA), kinds[p.kind]);
    if (values != NULL)
        t->engine->get(t->network, &p, values);
    return p.length;
}

size_t nb_trainer_parameter_count(const struct nb_trainer *t) {
    char name[32];
    size_t count = 0, length;
    for (size_t i = 0; (length = nb_trainer_parameter(t, i, name, NULL)) > 0; i++)
        count += length;
    return count;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digests are of little-endian numbers");

void nb_trainer_digest(const struct nb_trainer *t, char digest[72]) {
    struct nb_sha256 sha;
    char name[32];
    size_t length;
    nb_sha256_begin(&sha);
    for (size_t i = 0; (length = nb_trainer_parameter(t, i, name, t->values)) > 0; i++) {
        for (size_t j = 0; j < length; j++) {
            const float narrow = (float)t->values[j];
            if (t->settings.dtype == NB_F64)
                nb_sha256_add(&sha, &t->values[j], sizeof(double));
            else
                nb_sha256_add(&sha, &narrow, sizeof narrow);
        }
    }
    memcpy(digest, "sha256:", 8);
    nb_sha256_end(&sha, digest + 7);
}

const uint32_t *nb_trainer_order(const struct nb_trainer *t) {
    return t->epochs > 0 ? t->order : NULL;
}
const char *nb_trainer_isa(const struct nb_trainer *t) { return t->engine->isa(t->network); }
size_t nb_trainer_threads(const struct nb_trainer *t) { return t->threads; }
