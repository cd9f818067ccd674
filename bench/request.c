// SPDX-License-Identifier: MIT
#include "bench/request.h"

#include <stdlib.h>
#include <string.h>

#include "bench/peer_core.h"

static const char *const isa_names[] = {
#define NAME(id, name, exact, about) name,
    NB_ISA_LIST(NAME)
#undef NAME
        NULL};
static const char *const cache_names[] = {"hot", "cold", NULL};

const struct nb_option nb_request_options[] = {
    {.name = "preset",
     .value = "NAME",
     .help =
         "quick (half a minute), default (five) or full (hours); NORMBENCH_BENCH is another name "
         "for NORMBENCH_PRESET",
     .type = &nb_option_word,
     .choices = nb_preset_names,
     .offset = offsetof(struct nb_request_options, preset)},
    {.name = "problems",
     .value = "TEXT",
     .help =
         "these problems instead of the preset's, with spaces between: matmul_nt:128x256x784 is "
         "m x n x k, layernorm_*:4..8192*2x256,1000 rows x columns, sgd_step:200704 n",
     .type = &nb_option_text,
     .offset = offsetof(struct nb_request_options, problems)},
    {.name = "filter",
     .value = "REGEX",
     .help = "only rows whose name matches, or with - in front: does not match",
     .type = &nb_option_text,
     .offset = offsetof(struct nb_request_options, filter)},
    {.name = "dtypes",
     .value = "LIST",
     .help = "f32, f64 or f32,f64",
     .type = &nb_option_choices,
     .choices = nb_dtype_names,
     .offset = offsetof(struct nb_request_options, dtypes)},
    {.name = "isas",
     .value = "LIST",
     .help = "instruction sets that this CPU has; see normbench info",
     .type = &nb_option_choices,
     .choices = isa_names,
     .offset = offsetof(struct nb_request_options, isas)},
    {.name = "threads",
     .value = "LIST",
     .help = "numbers of threads: 1,2",
     .type = &nb_option_counts,
     .low = 1,
     .high = 4096,
     .offset = offsetof(struct nb_request_options, threads)},
    {.name = "caches",
     .value = "LIST",
     .help = "hot: the same operands again and again; cold: others each time, from memory",
     .type = &nb_option_choices,
     .choices = cache_names,
     .offset = offsetof(struct nb_request_options, caches)},
    {.name = "peers",
     .value = "LIST",
     .help =
         "libraries to time beside ours: all, none, or some of those that normbench info names; "
         "default: none for quick, else all",
     .type = &nb_option_text,
     .choices = nb_peer_words,
     .offset = offsetof(struct nb_request_options, peers)},
    {.name = "peers-isa",
     .value = "NAME",
     .help = "best: each library's quickest code; avx2: all are held to AVX2, and so are autovec, "
             "and our rows where --isas names no others [best]",
     .type = &nb_option_word,
     .choices = nb_peer_isas,
     .offset = offsetof(struct nb_request_options, peers_isa)},
    {.name = NULL},
};

// NORMBENCH_BENCH names the preset where no option does: `NORMBENCH_BENCH=quick ninja bench`.
static enum nb_code read_preset(struct nb_request_options *options, enum nb_preset *preset,
                                struct nb_error *error) {
    const char *text = getenv("NORMBENCH_BENCH");
    *preset = NB_PRESET_DEFAULT;
    if (options->preset == NULL && text != NULL) {
        enum nb_code code =
            nb_option_set(&nb_request_options[0], "NORMBENCH_BENCH", text, options, error);
        if (code != NB_OK)
            return code;
    }
    for (int i = 0; options->preset != NULL && nb_preset_names[i] != NULL; i++)
        if (strcmp(options->preset, nb_preset_names[i]) == 0)
            *preset = (enum nb_preset)i;
    return NB_OK;
}

static int ascending(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static enum nb_code read_threads(const struct nb_counts *list, size_t threads[NB_MAX_THREAD_COUNTS],
                                 struct nb_error *error) {
    if (list->count >= NB_MAX_THREAD_COUNTS)
        return nb_error_set(error, NB_USAGE, "--threads: names %zu numbers; name at most %d",
                            list->count, NB_MAX_THREAD_COUNTS - 1);
    for (size_t i = 0; i < list->count; i++)
        threads[i] = (size_t)list->values[i];
    qsort(threads, list->count, sizeof *threads, ascending);
    return NB_OK;
}

static enum nb_code read_isas(const struct nb_choices *chosen, bool isas[NB_ISA_COUNT],
                              struct nb_error *error) {
    for (size_t i = 0; i < chosen->count; i++) {
        enum nb_isa isa = (enum nb_isa)chosen->values[i];
        if (!nb_isa_usable(isa)) {
            char usable[128] = "";
            for (enum nb_isa other = 0; other < NB_ISA_COUNT; other++)
                if (nb_isa_usable(other)) {
                    strcat(usable, *usable == '\0' ? "" : ", ");
                    strcat(usable, nb_isa_name(other));
                }
            return nb_error_set(error, NB_USAGE,
                                "--isas: this computer cannot run %s; it can run %s",
                                nb_isa_name(isa), usable);
        }
        isas[isa] = true;
    }
    return NB_OK;
}

enum nb_code nb_request_read(struct nb_request *request, struct nb_request_options *options,
                             struct nb_error *error) {
    *request = (struct nb_request){.problems = options->problems, .filter = options->filter};
    enum nb_code code = read_preset(options, &request->preset, error);
    if (code == NB_OK)
        code = read_threads(&options->threads, request->threads, error);
    if (code == NB_OK)
        code = read_isas(&options->isas, request->isas, error);
    if (code == NB_OK) // before the libraries are loaded
        code = nb_peer_core_hold(options->peers_isa, error);
    if (nb_peer_core_held_to() < NB_ISA_COUNT && options->isas.count == 0)
        request->isas[nb_peer_core_held_to()] = true;
    bool by_default = request->problems != NULL || request->preset != NB_PRESET_QUICK;
    if (code == NB_OK)
        code = nb_peers_choose(options->peers != NULL ? options->peers
                               : by_default           ? "all"
                                                      : "none",
                               request->peers, error);
    for (size_t i = 0; i < options->dtypes.count; i++)
        request->dtypes[options->dtypes.values[i]] = true;
    for (size_t i = 0; i < options->caches.count; i++)
        *(options->caches.values[i] == 0 ? &request->hot : &request->cold) = true;
    return code;
}
