// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "check/check.h"
#include "src/machine_options.h"
#include "src/progress.h"

struct check {
    bool isas[NB_ISA_COUNT];
    const char *filter;
    uint64_t seed;
    bool exact, verbose;
};

#define ANY_SEED UINT64_MAX // larger than one that can be given

static void defaults(void *data) {
    struct check *options = data;
    *options = (struct check){.seed = ANY_SEED};
    memset(options->isas, true, sizeof options->isas);
}

static uint64_t choose_seed(void) {
    uint32_t seed;
    return getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed ? seed : 1;
}

static bool seed_parse(const struct nb_option *option, const char *text, void *target) {
    return nb_option_u63.parse(option, text, target);
}

static void seed_format(const struct nb_option *option, const void *target, char *text) {
    if (*(const uint64_t *)target == ANY_SEED)
        *text = '\0';
    else
        nb_option_u63.format(option, target, text);
}

static void seed_expect(const struct nb_option *option, char *text) {
    nb_option_u63.expect(option, text);
}

static const struct nb_option_type seed_type = {seed_parse, seed_format, seed_expect};

// The results go to standard output and the bar to standard error, and both may be one terminal:
// what is written to this stream takes the bar away first.
static ssize_t write_without_bar(void *progress, const char *text, size_t size) {
    nb_progress_clear(progress);
    return (ssize_t)fwrite(text, 1, size, stdout);
}

static FILE *open_without_bar(struct nb_progress *progress) {
    FILE *stream = fopencookie(progress, "w", (cookie_io_functions_t){.write = write_without_bar});
    if (stream != NULL)
        setvbuf(stream, NULL, _IOLBF, BUFSIZ);
    return stream;
}

static void on_kernel(void *user, const char *name) {
    struct nb_progress *progress = user;
    nb_progress_label(progress, name);
    nb_progress_add(progress, 1, 1);
}

static enum nb_code run_check(void *data, struct nb_error *error) {
    const struct check *options = data;
    struct nb_progress progress;
    size_t starved = 0;
    struct nb_check_options check = {
        .seed = options->seed == ANY_SEED ? choose_seed() : options->seed,
        .filter = options->filter,
        .command = "normbench check",
        .exact = options->exact,
        .verbose = options->verbose,
        .on_kernel = on_kernel,
        .user = &progress,
        .starved = &starved,
    };
    memcpy(check.isas, options->isas, sizeof check.isas);
    size_t kernels = nb_check_count(&check);
    if (kernels == 0)
        return nb_error_set(error, NB_USAGE,
                            "--filter: '%.200s' is in no kernel's name of these ISAs, such as "
                            "scalar/f32/matmul/matmul_nn",
                            options->filter);
    check.out = open_without_bar(&progress);
    if (check.out == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    nb_progress_begin(&progress, stderr, (double)kernels, NULL);
    size_t failures = nb_check_run(&check);
    nb_progress_end(&progress);
    fclose(check.out);
    if (failures > 0 && failures == starved)
        return nb_error_set(error, NB_FAILED,
                            "not enough memory for %zu calls; free some and check again", starved);
    if (failures > 0)
        return nb_error_set(error, NB_FAILED,
                            "%zu failures: a kernel breaks the contract (docs/contract.md); the "
                            "lines 'again:' above repeat them",
                            failures);
    return NB_OK;
}

static const struct nb_option what_options[] = {
    {.name = "isa",
     .value = "LIST",
     .help = "instruction sets, see normbench info; all: those that this CPU can run, and the "
             "others are named",
     .type = &nb_option_isas,
     .choices = nb_isas_words,
     .offset = offsetof(struct check, isas)},
    {.name = "filter",
     .value = "TEXT",
     .help = "only kernels that have this text in their full name, such as "
             "scalar/f32/matmul/matmul_nn",
     .type = &nb_option_text,
     .offset = offsetof(struct check, filter)},
    {.name = "seed",
     .value = "N",
     .help = "seed of the random inputs, else another one each time; it is printed, and the same "
             "one repeats a run exactly",
     .type = &seed_type,
     .offset = offsetof(struct check, seed)},
    {.name = "exact",
     .help = "where bits are promised, compare them only, not with the reference: quicker, "
             "above all on an emulated CPU",
     .type = &nb_option_flag,
     .offset = offsetof(struct check, exact)},
    {.name = "verbose",
     .help = "print every failure, not only the first ones of each kernel",
     .type = &nb_option_flag,
     .offset = offsetof(struct check, verbose)},
    {.name = NULL},
};

const struct nb_command nb_command_check = {
    .name = "check",
    .summary = "test every kernel on every instruction set, to the bit and for accuracy",
    .about = "Calls every kernel on every instruction set that this CPU can run, in f32 and f64,\n"
             "on random inputs and on the worst ones: huge means, subnormals, infinities, NaN,\n"
             "sizes around the tiles, odd strides, unaligned memory between guard pages. Results\n"
             "are compared with the scalar kernels to the bit, products also with the textbook\n"
             "loop, whole calls with calls in pieces, and all with a reference in higher\n"
             "precision within a derived bound.\n"
             "\n"
             "One line per family: calls; elements that were compared to the bit, and within\n"
             "their bound; the largest error in ulp, and as\n"
             "a share of its bound. Exit code 1 when a kernel fails, also by a crash.",
    .examples = "  normbench check\n"
                "  normbench check --isa avx2 --filter /matmul/\n"
                "  normbench check --filter f32/reduce/column_moments --seed 7 --verbose",
    .groups = {{"Options", what_options}},
    .size = sizeof(struct check),
    .defaults = defaults,
    .run = run_check,
};
