// SPDX-License-Identifier: MIT
#include "src/settings_options.h"

#include <float.h>
#include <string.h>

#include "src/machine_options.h"

#define FIELD(name) offsetof(struct nb_settings, name)

// Adds to a list in NB_OPTION_TEXT bytes.
static void append(char *text, const char *separator, const char *word) {
    size_t used = strlen(text);
    snprintf(text + used, NB_OPTION_TEXT - used, "%s%s", separator, word);
}

// --hidden fills two fields, so its target is the whole of the settings.
static bool hidden_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_settings *settings = target;
    size_t widths[NB_MAX_HIDDEN], count = 0;
    char copy[NB_OPTION_TEXT];
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    if (strcmp(text, "none") != 0) {
        char *rest = copy;
        for (char *word; (word = strsep(&rest, ",")) != NULL;) {
            uint64_t width;
            if (count == NB_MAX_HIDDEN ||
                !nb_parse_count(word, (uint64_t)option->low, (uint64_t)option->high, &width))
                return false;
            widths[count++] = (size_t)width;
        }
        memcpy(settings->hidden, widths, count * sizeof *widths);
    }
    settings->hidden_count = count;
    return true;
}

static void hidden_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    const struct nb_settings *settings = target;
    strcpy(text, settings->hidden_count == 0 ? "none" : "");
    for (size_t i = 0; i < settings->hidden_count; i++) {
        char width[24];
        snprintf(width, sizeof width, "%zu", settings->hidden[i]);
        append(text, i == 0 ? "" : ",", width);
    }
}

static void hidden_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT,
             "none or a list of at most %d widths from %.0f to %.0f, such as 1000,1000",
             NB_MAX_HIDDEN, option->low, option->high);
}

static const struct nb_option_type hidden_type = {hidden_parse, hidden_format, hidden_expect};

const char *const nb_dataset_names[] = {"mnist", "fashion-mnist", "mnist-sample", NULL};

const struct nb_option nb_model_options[] = {
    {.name = "hidden",
     .value = "LIST",
     .help = "widths of the hidden layers, input side first, such as 1000,1000; none: no hidden "
             "layer",
     .type = &hidden_type,
     .offset = 0,
     .low = 1,
     .high = 1 << 20},
    {.name = "classes",
     .value = "N",
     .help = "classes of the data set",
     .type = &nb_option_count,
     .offset = FIELD(classes),
     .low = 2,
     .high = 256},
    {.name = NULL},
};

const struct nb_option nb_training_options[] = {
    {.name = "batch-size",
     .value = "N",
     .help = "rows of a batch; the last batch of an epoch takes what is left",
     .type = &nb_option_count,
     .offset = FIELD(batch_size),
     .low = 1,
     .high = INT32_MAX},
    {.name = "epochs",
     .value = "N",
     .help = "passes over the training rows",
     .type = &nb_option_count,
     .offset = FIELD(epochs),
     .low = 1,
     .high = 1000000},
    {.name = "lr",
     .value = "X",
     .help = "learning rate",
     .type = &nb_option_real,
     .offset = FIELD(lr),
     .low = DBL_TRUE_MIN,
     .high = DBL_MAX,
     .range = "above 0"},
    {.name = "optimizer",
     .value = "NAME",
     .help = "sgd or adam",
     .type = &nb_option_choice,
     .offset = FIELD(optimizer),
     .choices = nb_optimizer_names},
    {.name = "momentum",
     .value = "X",
     .help = "momentum of SGD",
     .type = &nb_option_real,
     .offset = FIELD(momentum),
     .low = 0,
     .high = 1 - DBL_EPSILON / 2,
     .range = "from 0 up to, but not including, 1"},
    {.name = "nesterov",
     .help = "Nesterov's form of the momentum; --nesterov=no switches it off",
     .type = &nb_option_flag,
     .offset = FIELD(nesterov)},
    {.name = "weight-decay",
     .value = "X",
     .help = "L2 penalty, added to the gradient of every parameter",
     .type = &nb_option_real,
     .offset = FIELD(weight_decay),
     .low = 0,
     .high = DBL_MAX,
     .range = "of 0 or more"},
    {.name = "seed",
     .value = "N",
     .help = "seed of the initial weights and the shuffles; as in PyTorch, only its low 32 bits "
             "count",
     .type = &nb_option_u63,
     .offset = FIELD(seed)},
    {.name = "dtype",
     .value = "NAME",
     .help = "precision of all arithmetic, f32 or f64",
     .type = &nb_option_choice,
     .offset = FIELD(dtype),
     .choices = nb_dtype_names},
    {.name = NULL},
};

const struct nb_option nb_machine_options[] = {
    {.name = "isa",
     .value = "NAME",
     .help = "instruction set, see normbench info; auto: the best that this CPU can run",
     .type = &nb_option_isa,
     .choices = nb_isa_words,
     .offset = FIELD(isa)},
    {.name = "threads",
     .value = "N",
     .help = "threads; auto: one for each physical core that this process may use",
     .type = &nb_option_threads,
     .offset = FIELD(threads),
     .low = 1,
     .high = NB_MAX_THREADS},
    {.name = NULL},
};

const struct nb_option nb_data_options[] = {
    {.name = "dataset",
     .value = "NAME",
     .help = "mnist, fashion-mnist, or mnist-sample: 1,000 images of MNIST that are part of this "
             "program",
     .type = &nb_option_word,
     .offset = FIELD(dataset),
     .choices = nb_dataset_names},
    {.name = "data-dir",
     .value = "DIR",
     .help = "the folder that holds the data set's four files, with or without .gz; without it "
             "they are searched in ~/.cache/normbench/ and /usr/share/datasets/",
     .type = &nb_option_text,
     .offset = FIELD(data_dir)},
    {.name = "train-rows",
     .value = "N",
     .help = "train on the first N rows of the training set only; 0: on all",
     .type = &nb_option_count,
     .offset = FIELD(train_rows),
     .low = 0,
     .high = INT32_MAX},
    {.name = NULL},
};
