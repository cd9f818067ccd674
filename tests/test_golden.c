// SPDX-License-Identifier: MIT
// The trainer against PyTorch: every case of tests/golden on every usable ISA, with one to three
// threads.
// tests/golden/README.md says what the files hold and derives the bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/sha256.h"
#include "src/trainer.h"

struct golden {
    char name[64];
    json_t *json;
    struct nb_settings settings;
    char weights_digest[72]; // after the last step of the first run on an exact ISA; every other
                             // such run must have the same
};

struct test {
    char name[96]; // "batch-f64 avx2"
    struct golden *golden;
    enum nb_isa isa;
};

struct bound {
    double absolute, relative; // the larger of the two counts
};

struct bounds {
    struct bound step, epoch, test, parameter;
    size_t steps; // how many the promise for a step's loss covers
    long correct; // test images
};

struct trace {
    double *losses;
    size_t count, capacity;
};

static struct nb_dataset sample;
static double worst; // of a test: the largest difference as a share of its bound

static struct bounds bounds_of(const struct nb_settings *settings, enum nb_isa isa) {
    if (settings->dtype == NB_F32) {
        bool loose = settings->optimizer == NB_ADAM && !nb_isa_exact(isa);
        return (struct bounds){.step = {loose ? 2e-5 : 5e-7, 0},
                               .epoch = {0, 5e-3},
                               .test = {0, 5e-3},
                               .parameter = {loose ? 2 * settings->lr : 1e-5, 0},
                               .steps = 50,
                               .correct = 2};
    }
    double parameter = settings->optimizer == NB_ADAM ? settings->lr / 1e-8 * 1e-14 : 1e-12;
    return (struct bounds){.step = {1e-12, 1e-12},
                           .epoch = {1e-12, 1e-12},
                           .test = {parameter, 0},
                           .parameter = {parameter, 0},
                           .steps = SIZE_MAX,
                           .correct = 0};
}

static void assert_near(double got, double expected, struct bound bound, const char *what,
                        size_t index) {
    double share = fabs(got - expected) / fmax(bound.absolute, bound.relative * fabs(expected));
    if (!(share <= 1)) // a NaN on either side fails, since every comparison with it is false
        fail_msg("%s %zu: %.17g, PyTorch has %.17g", what, index, got, expected);
    worst = fmax(worst, share);
}

static void assert_sha256(const void *data, size_t size, const json_t *expected, const char *what) {
    char digest[72] = "sha256:";
    struct nb_sha256 sha;
    nb_sha256_begin(&sha);
    nb_sha256_add(&sha, data, size);
    nb_sha256_end(&sha, digest + 7);
    if (strcmp(digest, json_string_value(expected)) != 0)
        fail_msg("%s: the bits differ from PyTorch's", what);
}

static bool keep_loss(void *user, size_t step, size_t steps, double loss) {
    struct trace *trace = user;
    (void)step;
    (void)steps;
    if (trace->count == trace->capacity)
        return false;
    trace->losses[trace->count++] = loss;
    return true;
}

// The values of parameter `index`, which the caller frees, or NULL past the last one, which must be
// PyTorch's last too.
static double *parameter(const struct nb_trainer *trainer, size_t index, const json_t *expected,
                         char name[32], size_t *size) {
    *size = nb_trainer_parameter(trainer, index, name, NULL);
    if (*size == 0) {
        assert_int_equal(index, json_object_size(expected));
        return NULL;
    }
    if (json_object_get(expected, name) == NULL)
        fail_msg("PyTorch has no parameter %s", name);
    double *values = malloc(*size * sizeof *values);
    assert_non_null(values);
    assert_int_equal(nb_trainer_parameter(trainer, index, name, values), *size);
    return values;
}

static void check_initial_parameters(const struct nb_trainer *trainer,
                                     const struct golden *golden) {
    char name[32], digest[72];
    const json_t *expected = json_object_get(golden->json, "init_sha256");
    double *values;
    size_t size;
    for (size_t index = 0; (values = parameter(trainer, index, expected, name, &size)) != NULL;
         index++) {
        size_t width = sizeof(double);
        if (golden->settings.dtype == NB_F32) {
            width = sizeof(float);
            for (size_t i = 0; i < size;
                 i++) { // in place: each float lands on doubles that have been read
                float value = (float)values[i];
                memcpy((char *)values + i * width, &value, width);
            }
        }
        assert_sha256(values, size * width, json_object_get(expected, name), name);
        free(values);
    }
    nb_trainer_digest(trainer, digest);
    assert_string_equal(digest, json_string_value(json_object_get(golden->json, "init_digest")));
}

static void check_final_parameters(const struct nb_trainer *trainer, const struct golden *golden,
                                   struct bound bound) {
    char name[32];
    const json_t *expected = json_object_get(golden->json, "parameters");
    double *values;
    size_t size;
    for (size_t index = 0; (values = parameter(trainer, index, expected, name, &size)) != NULL;
         index++) {
        const json_t *entry = json_object_get(expected, name);
        const json_t *sampled = json_object_get(entry, "values");
        size_t stride = (size_t)json_integer_value(json_object_get(entry, "stride"));
        assert_int_equal(size, json_integer_value(json_object_get(entry, "size")));
        assert_int_equal(json_array_size(sampled), (size + stride - 1) / stride);
        for (size_t i = 0; i < json_array_size(sampled); i++)
            assert_near(values[i * stride], json_real_value(json_array_get(sampled, i)), bound,
                        name, i * stride);
        free(values);
    }
}

// Returns the number of steps that the run has made with this epoch.
static size_t check_epoch(struct nb_trainer *trainer, const json_t *expected, size_t number,
                          size_t before, const struct bounds *bounds) {
    const json_t *losses = json_object_get(expected, "losses"),
                 *order = json_object_get(expected, "order");
    size_t steps = json_array_size(losses);
    struct trace trace = {.losses = malloc(steps * sizeof(double)), .capacity = steps};
    assert_non_null(trace.losses);
    struct nb_epoch epoch;
    assert_int_equal(nb_trainer_epoch(trainer, keep_loss, &trace, &epoch), NB_STATUS_OK);

    assert_int_equal(epoch.epoch, number);
    assert_int_equal(epoch.samples, sample.train.rows);
    assert_int_equal(epoch.steps, steps);
    assert_int_equal(trace.count, steps);
    const uint32_t *rows = nb_trainer_order(trainer);
    for (size_t i = 0; i < json_array_size(order); i++)
        assert_int_equal(rows[i], json_integer_value(json_array_get(order, i)));
    assert_sha256(rows, sample.train.rows * sizeof *rows, json_object_get(expected, "order_sha256"),
                  "order");
    for (size_t i = 0; i < steps && before + i < bounds->steps; i++)
        assert_near(trace.losses[i], json_real_value(json_array_get(losses, i)), bounds->step,
                    "loss of step", before + i + 1);
    assert_near(epoch.train_loss, json_real_value(json_object_get(expected, "train_loss")),
                bounds->epoch, "training loss of epoch", number);
    assert_near(epoch.test_loss, json_real_value(json_object_get(expected, "test_loss")),
                bounds->test, "test loss of epoch", number);
    long correct = (long)json_integer_value(json_object_get(expected, "test_correct"));
    if (labs((long)epoch.test_correct - correct) > bounds->correct)
        fail_msg("epoch %zu: %zu test images are correct, PyTorch has %ld", number,
                 epoch.test_correct, correct);
    free(trace.losses);
    return before + steps;
}

static void run(struct golden *golden, enum nb_isa isa, size_t threads) {
    const struct bounds bounds = bounds_of(&golden->settings, isa);
    struct nb_trainer *trainer;
    struct nb_error error;
    if (nb_trainer_create(&trainer, &golden->settings, &sample, isa, threads, &error) != NB_OK)
        fail_msg("%s", error.text);
    assert_string_equal(nb_trainer_isa(trainer), nb_isa_name(isa));
    check_initial_parameters(trainer, golden);
    const json_t *epochs = json_object_get(golden->json, "epochs");
    assert_int_equal(json_array_size(epochs), golden->settings.epochs);
    size_t steps = 0;
    for (size_t i = 0; i < json_array_size(epochs); i++)
        steps = check_epoch(trainer, json_array_get(epochs, i), i + 1, steps, &bounds);
    check_final_parameters(trainer, golden, bounds.parameter);

    char digest[72];
    nb_trainer_digest(trainer, digest);
    if (nb_isa_exact(isa)) {
        if (golden->weights_digest[0] == '\0')
            strcpy(golden->weights_digest, digest);
        assert_string_equal(digest, golden->weights_digest);
    }
    nb_trainer_free(trainer);
}

static void check_sample(const struct golden *golden) {
    const json_t *expected = json_object_get(golden->json, "data_sha256");
    for (size_t i = 0; i < 4; i++)
        if (strcmp(sample.sha256[i], json_string_value(json_array_get(expected, i))) != 0)
            fail_msg("the sample is not the one that the files were made from: run make_golden.py");
}

static void trains_like_torch(void **state) {
    struct test *test = *state;
    if (!nb_isa_usable(test->isa))
        skip();
    check_sample(test->golden);
    worst = 0;
    for (size_t threads = 1; threads <= 3; threads++)
        run(test->golden, test->isa, threads);
    print_message("%s, 1 to 3 threads: at worst %.2g of a bound\n", test->name, worst);
}

static bool read_settings(struct golden *golden) {
    const char *norm, *optimizer, *dtype;
    json_t *hidden;
    json_int_t batch_size, epochs, seed;
    int nesterov;
    struct nb_settings *s = &golden->settings;
    *s = nb_settings_default();
    if (json_unpack_ex(json_object_get(golden->json, "config"), NULL, JSON_STRICT,
                       "{ss so sI sI ss sF sF sb sF sI ss}", "norm", &norm, "hidden", &hidden,
                       "batch_size", &batch_size, "epochs", &epochs, "optimizer", &optimizer, "lr",
                       &s->lr, "momentum", &s->momentum, "nesterov", &nesterov, "weight_decay",
                       &s->weight_decay, "seed", &seed, "dtype", &dtype) != 0)
        return false;
    s->norm = strcmp(norm, "batch") == 0   ? NB_NORM_BATCH
              : strcmp(norm, "layer") == 0 ? NB_NORM_LAYER
                                           : NB_NORM_NONE;
    s->hidden_count = json_array_size(hidden);
    for (size_t i = 0; i < s->hidden_count; i++)
        s->hidden[i] = (size_t)json_integer_value(json_array_get(hidden, i));
    s->batch_size = (size_t)batch_size;
    s->epochs = (size_t)epochs;
    s->optimizer = strcmp(optimizer, "adam") == 0 ? NB_ADAM : NB_SGD;
    s->nesterov = nesterov != 0;
    s->seed = (uint64_t)seed;
    s->dtype = strcmp(dtype, "f64") == 0 ? NB_F64 : NB_F32;
    struct nb_error error;
    return nb_settings_check(s, sample.train.rows, &error) == NB_OK;
}

static bool read_golden(struct golden *golden, const char *folder, const char *file) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(golden->name, sizeof golden->name, "%.*s", (int)(strlen(file) - strlen(".json")),
             file);
    golden->json = json_load_file(path, 0, NULL);
    return golden->json != NULL && read_settings(golden);
}

static int is_json(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

int main(void) {
    const char *folder = getenv("NORMBENCH_TEST_GOLDEN"), *data = getenv("NORMBENCH_TEST_DATA");
    struct nb_error error;
    struct dirent **files;
    if (folder == NULL || data == NULL) {
        fprintf(stderr, "test_golden: run it by meson test, which names its folders\n");
        return 1;
    }
    if (nb_dataset_load(&sample, "mnist", data, 10, &error) != NB_OK) {
        fprintf(stderr, "test_golden: %s\n", error.text);
        return 1;
    }
    int cases = scandir(folder, &files, is_json, alphasort);
    if (cases <= 0) {
        fprintf(stderr, "test_golden: %s holds no .json file\n", folder);
        return 1;
    }
    struct golden *goldens = calloc(cases, sizeof *goldens);
    struct test *tests = calloc(cases * NB_ISA_COUNT, sizeof *tests);
    struct CMUnitTest *units = calloc(cases * NB_ISA_COUNT, sizeof *units);
    size_t count = 0;
    for (int c = 0; c < cases; c++) {
        if (!read_golden(&goldens[c], folder, files[c]->d_name)) {
            fprintf(stderr, "test_golden: %s/%s is not a case\n", folder, files[c]->d_name);
            return 1;
        }
        for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++, count++) {
            struct test *test = &tests[count];
            test->golden = &goldens[c];
            test->isa = isa;
            snprintf(test->name, sizeof test->name, "%s %s", goldens[c].name, nb_isa_name(isa));
            units[count] = (struct CMUnitTest){
                .name = test->name, .test_func = trains_like_torch, .initial_state = test};
        }
    }
    // The function behind cmocka_run_group_tests, whose macro wants an array of constant size.
    int failed = _cmocka_run_group_tests("golden", units, count, NULL, NULL);
    for (int c = 0; c < cases; c++) {
        json_decref(goldens[c].json);
        free(files[c]);
    }
    free(files);
    free(units);
    free(tests);
    free(goldens);
    nb_dataset_free(&sample);
    return failed == 0 ? 0 : 1; // the count itself could be 77, which means skipped
}
