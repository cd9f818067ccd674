// SPDX-License-Identifier: MIT
// Trains the same networks on every exact ISA and with 1 to 16 threads: the weights and everything
// that is reported of an epoch must be the same to the bit. The shapes are those that are hard to
// divide: fewer columns, rows or blocks than threads, ragged last batches, odd widths.
// NORMBENCH_TEST_ISA=NAME takes one ISA alone, for builds in which kernels are slow.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/random.h"
#include "src/trainer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MOST_FEATURES = 531, CLASSES = 10, ROWS = 1000, TEST_ROWS = 131 };

static uint8_t pixels[(ROWS + TEST_ROWS) * MOST_FEATURES], labels[ROWS + TEST_ROWS];

// The smallest batch gets few rows, for it has the most steps; none leaves a last batch of one. The
// largest has more bytes of inputs than a core's caches, of which threads then have a part each.
static const struct {
    size_t size, rows, features;
} batches[] = {{2, 60, 97}, {7, 213, 97}, {128, ROWS, 97}, {1000, ROWS, 97}, {4096, ROWS, 531}};

static const struct {
    const char *name;
    size_t widths[2], count;
    enum nb_optimizer optimizer;
    double momentum, weight_decay;
    bool nesterov;
} ways[] = {
    {"256 SGD", {256}, 1, NB_SGD, 0, 1e-3, false},
    {"65,33 momentum", {65, 33}, 2, NB_SGD, 0.9, 0, false},
    {"65,33 Adam", {65, 33}, 2, NB_ADAM, 0, 1e-3, false},
    {"256 Nesterov", {256}, 1, NB_SGD, 0.9, 1e-3, true},
    {"65,33 SGD", {65, 33}, 2, NB_SGD, 0, 0, false},
    {"256 Adam", {256}, 1, NB_ADAM, 0, 0, false},
};

static const size_t threads[] = {1, 2, 3, 5, 16};

// What a run gives. Results are compared as bytes, so they are made of zeros first.
struct result {
    double train_loss, test_loss;
    uint64_t test_correct;
    char digest[72];
};

struct test {
    char name[96];
    struct nb_settings settings;
    size_t rows, features;
    enum nb_isa isa, model;
};

static struct result train(const struct test *test, enum nb_isa isa, size_t team) {
    const struct nb_dataset data = {
        .features = test->features,
        .classes = CLASSES,
        .train = {test->rows, pixels, labels},
        .test = {TEST_ROWS, pixels + ROWS * test->features, labels + ROWS}};
    struct nb_trainer *trainer = NULL;
    struct nb_error error;
    if (nb_settings_check(&test->settings, data.train.rows, &error) != NB_OK ||
        nb_trainer_create(&trainer, &test->settings, &data, isa, team, &error) != NB_OK)
        fail_msg("%s", error.text);
    assert_string_equal(nb_trainer_isa(trainer), nb_isa_name(isa));
#ifdef _OPENMP
    assert_int_equal(nb_trainer_threads(trainer), team);
#else
    assert_int_equal(nb_trainer_threads(trainer), 1);
#endif
    struct nb_epoch epoch;
    assert_int_equal(nb_trainer_epoch(trainer, NULL, NULL, &epoch), NB_STATUS_OK);
    struct result result;
    memset(&result, 0, sizeof result);
    result.train_loss = epoch.train_loss;
    result.test_loss = epoch.test_loss;
    result.test_correct = epoch.test_correct;
    nb_trainer_digest(trainer, result.digest);
    nb_trainer_free(trainer);
    return result;
}

static void threads_change_nothing(void **state) {
    const struct test *test = *state;
    if (!nb_isa_usable(test->isa))
        skip();
    const struct result model = train(test, test->model, 1);
    for (size_t i = 0; i < COUNT(threads); i++) {
        const struct result got = train(test, test->isa, threads[i]);
        if (strcmp(got.digest, model.digest) != 0)
            fail_msg("%zu threads: %s, but %s with one thread has %s", threads[i], got.digest,
                     nb_isa_name(test->model), model.digest);
        if (memcmp(&got, &model, sizeof got) != 0)
            fail_msg("%zu threads: losses %.17g and %.17g, %s with one thread has %.17g, %.17g",
                     threads[i], got.train_loss, got.test_loss, nb_isa_name(test->model),
                     model.train_loss, model.test_loss);
    }
}

static void make_data(void) {
    struct nb_random random;
    nb_random_seed(&random, 1);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(nb_random_u32(&random) & 255);
    for (size_t i = 0; i < sizeof labels; i++)
        labels[i] = (uint8_t)(nb_random_u32(&random) % CLASSES);
}

static struct nb_settings settings_of(enum nb_norm norm, enum nb_dtype dtype, size_t batch,
                                      size_t way) {
    struct nb_settings settings = nb_settings_default();
    settings.norm = norm;
    settings.dtype = dtype;
    settings.batch_size = batch;
    settings.hidden_count = ways[way].count;
    memcpy(settings.hidden, ways[way].widths, sizeof ways[way].widths);
    settings.optimizer = ways[way].optimizer;
    settings.momentum = ways[way].momentum;
    settings.nesterov = ways[way].nesterov;
    settings.weight_decay = ways[way].weight_decay;
    settings.lr = 1e-3;
    return settings;
}

int main(void) {
    enum { SETTINGS = 3 * 2 * COUNT(batches) };
    static struct test tests[SETTINGS * NB_ISA_COUNT];
    static struct CMUnitTest units[SETTINGS * NB_ISA_COUNT];
    make_data();
    const char *only = getenv("NORMBENCH_TEST_ISA");
    size_t count = 0;
    for (size_t i = 0; i < SETTINGS; i++) {
        const size_t batch = i % COUNT(batches), dtype = i / COUNT(batches) % 2,
                     norm = i / COUNT(batches) / 2;
        // 5 and 6 have no common factor, so every norm and every batch size meets all six ways.
        const size_t way = i % COUNT(ways);
        for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
            if (!nb_isa_exact(isa) || (only != NULL && strcmp(only, nb_isa_name(isa)) != 0))
                continue;
            struct test *test = &tests[count];
            test->settings =
                settings_of((enum nb_norm)norm, (enum nb_dtype)dtype, batches[batch].size, way);
            test->rows = batches[batch].rows;
            test->features = batches[batch].features;
            test->isa = isa;
            test->model = only == NULL ? NB_ISA_SCALAR : isa;
            snprintf(test->name, sizeof test->name, "%s %s batch %zu, %s, %s",
                     nb_norm_name(test->settings.norm), nb_dtype_name(test->settings.dtype),
                     batches[batch].size, ways[way].name, nb_isa_name(isa));
            units[count++] = (struct CMUnitTest){
                .name = test->name, .test_func = threads_change_nothing, .initial_state = test};
        }
    }
    // The function behind cmocka_run_group_tests, whose macro wants an array of constant size.
    const int failed = _cmocka_run_group_tests("threads", units, count, NULL, NULL);
    return failed == 0 ? 0 : 1; // the count itself could be 77, which means skipped
}
