// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <stdlib.h>
#include <string.h>

#include "src/file.h"
#include "src/interrupt.h"
#include "src/json.h"
#include "src/machine.h"
#include "src/machine_options.h"
#include "src/verification.h"

struct verify {
    bool isas[NB_ISA_COUNT];
    struct nb_thread_counts threads;
    bool full, list, print;
    const char *data_dir, *filter, *list_file, *json;
};

static void defaults(void *data) {
    struct verify *options = data;
    *options = (struct verify){.threads = {{1, 2, 3, 0}, 4}};
    memset(options->isas, true, sizeof options->isas);
}

// Keeps the entries that are asked for. NB_USAGE when there is none.
static enum nb_code select_entries(struct nb_published_list *list, const struct verify *options,
                                   struct nb_error *error) {
    size_t kept = 0, whole = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct nb_published *entry = &list->entries[i];
        bool named = options->filter == NULL || strstr(entry->name, options->filter) != NULL;
        bool sample = strcmp(entry->settings.dataset, "mnist-sample") == 0;
        whole += named && !sample;
        if (named && (sample || options->full))
            list->entries[kept++] = *entry;
        else
            free(entry->name);
    }
    list->count = kept;
    if (kept == 0 && whole > 0)
        return nb_error_set(error, NB_USAGE,
                            "the %zu settings asked for need a whole data set; add --full", whole);
    if (kept == 0)
        return nb_error_set(error, NB_USAGE,
                            "--filter: '%.200s' is in no name of the list; --list --full shows all",
                            options->filter);
    return NB_OK;
}

// Where the settings are tried: usable ISAs of the contract, and numbers of threads.
static enum nb_code choose_places(struct nb_places *places, const struct verify *options,
                                  struct nb_error *error) {
    *places = (struct nb_places){.isa_count = 0};
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        if (!options->isas[isa] || !nb_isa_built(isa) || !nb_isa_exact(isa))
            continue;
        if (nb_isa_usable(isa))
            places->isas[places->isa_count++] = isa;
        else
            fprintf(stderr, "normbench: %s left out: this computer cannot run it\n",
                    nb_isa_name(isa));
    }
    if (places->isa_count == 0)
        return nb_error_set(error, NB_USAGE,
                            "--isa: what it names is outside the contract, so it has no published "
                            "bits; leave it out");
    for (size_t i = 0; i < options->threads.count; i++) {
        size_t threads = options->threads.values[i];
        if (threads == 0)
            threads = nb_machine_default_threads();
        size_t known = 0;
        while (known < places->thread_count && places->threads[known] != threads)
            known++;
        if (known == places->thread_count)
            places->threads[places->thread_count++] = threads;
    }
    return NB_OK;
}

static void print_list(const struct nb_published_list *list) {
    printf("# Settings of training runs with the digests of their weights: what normbench verify\n"
           "# compares with, and what its --print writes. The options are those of normbench\n"
           "# train; what is not named has its default there.\n");
    for (size_t i = 0; i < list->count; i++)
        nb_published_print(&list->entries[i], stdout);
}

static enum nb_code write_json(const struct nb_verification *verification, struct nb_file *file,
                               struct nb_error *error) {
    enum nb_code code =
        nb_json_write(file->stream, nb_verification_json(verification), JSON_INDENT(2), error);
    return code == NB_OK ? nb_file_commit(file, error) : code;
}

// The verdict, for people and as an exit code.
static enum nb_code conclude(const struct nb_verification *v, FILE *people,
                             const struct verify *options, struct nb_error *error) {
    if (v->differing == 0 && !options->print)
        fprintf(people, "this machine gives the published bits (%zu setting%s, %zu runs)\n",
                v->count, v->count == 1 ? "" : "s", v->runs);
    if (v->differing == 0)
        return NB_OK;
    const char *first = v->first_differing->name;
    if (options->print)
        return nb_error_set(error, NB_FAILED,
                            "nothing is printed: in %zu of %zu settings the runs do not agree or "
                            "diverge, first in %.200s; normbench check finds a wrong kernel",
                            v->differing, v->count, first);
    fprintf(people, "this machine does NOT give the published bits: %zu of %zu settings differ\n",
            v->differing, v->count);
    return nb_error_set(error, NB_FAILED,
                        "%zu of %zu settings differ from the published bits, first %.200s; "
                        "normbench check finds a wrong kernel",
                        v->differing, v->count, first);
}

static enum nb_code verify(struct nb_published_list *list, const struct verify *options,
                           struct nb_file *json, struct nb_error *error) {
    struct nb_verification verification = {.publish = options->print};
    enum nb_code code = choose_places(&verification.places, options, error);
    if (code != NB_OK)
        return code;
    FILE *people = options->print || json->stream == stdout ? stderr : stdout;
    nb_interrupt_catch();
    code = nb_verification_run(&verification, list, options->data_dir, people, error);
    if (code == NB_OK && options->json != NULL)
        code = write_json(&verification, json, error);
    if (code == NB_OK)
        code = conclude(&verification, people, options, error);
    if (code == NB_OK && options->print)
        print_list(list);
    if (options->json != NULL && json->path == NULL && people == stdout)
        fprintf(people, "%s\n", options->json);
    nb_verification_free(&verification);
    return code;
}

static enum nb_code run_verify(void *data, struct nb_error *error) {
    const struct verify *options = data;
    if (options->print && options->json != NULL && strcmp(options->json, "-") == 0)
        return nb_error_set(error, NB_USAGE,
                            "--print and --json - both go to standard output; give --json a file");
    struct nb_published_list list;
    enum nb_code code = nb_published_read(&list, options->list_file, error);
    if (code != NB_OK)
        return code;
    struct nb_file json = {0};
    code = select_entries(&list, options, error);
    if (code == NB_OK && options->list)
        print_list(&list);
    if (code == NB_OK && !options->list) {
        if (options->json != NULL)
            code = nb_file_open(&json, options->json, error);
        if (code == NB_OK)
            code = verify(&list, options, &json, error);
    }
    nb_file_discard(&json);
    nb_published_free(&list);
    return code;
}

static const struct nb_option settings_options[] = {
    {.name = "full",
     .help = "also the settings on the whole MNIST, which take minutes; without it only those on "
             "the sample that is part of this program",
     .type = &nb_option_flag,
     .offset = offsetof(struct verify, full)},
    {.name = "data-dir",
     .value = "DIR",
     .help = "the folder that holds the four files of the whole MNIST, for --full; without it "
             "they are searched as for normbench train",
     .type = &nb_option_text,
     .offset = offsetof(struct verify, data_dir)},
    {.name = "filter",
     .value = "TEXT",
     .help = "only settings with this text in their name, such as adam",
     .type = &nb_option_text,
     .offset = offsetof(struct verify, filter)},
    {.name = "list-file",
     .value = "FILE",
     .help = "another list in place of the project's: --list shows the format",
     .type = &nb_option_text,
     .offset = offsetof(struct verify, list_file)},
    {.name = NULL},
};

static const struct nb_option places_options[] = {
    {.name = "isa",
     .value = "LIST",
     .help = "instruction sets, see normbench info; all: those that this CPU can run and that "
             "promise their bits",
     .type = &nb_option_isas,
     .choices = nb_isas_words,
     .offset = offsetof(struct verify, isas)},
    {.name = "threads",
     .value = "LIST",
     .help = "numbers of threads; auto: what normbench train uses",
     .type = &nb_option_thread_counts,
     .offset = offsetof(struct verify, threads),
     .low = 1,
     .high = NB_MAX_THREADS},
    {.name = NULL},
};

static const struct nb_option output_options[] = {
    {.name = "json",
     .value = "FILE",
     .help = "write every run and its digests as JSON; -: to standard output, and the table to "
             "standard error",
     .type = &nb_option_text,
     .offset = offsetof(struct verify, json)},
    {.name = "list",
     .help = "run nothing: show the settings and their digests, in the format of --list-file",
     .type = &nb_option_flag,
     .offset = offsetof(struct verify, list)},
    {.name = "print",
     .help = "run them, and if all runs agree with each other print the list with the digests of "
             "this machine; the list need not have any",
     .type = &nb_option_flag,
     .offset = offsetof(struct verify, print)},
    {.name = NULL},
};

const struct nb_command nb_command_verify = {
    .name = "verify",
    .summary = "say whether this machine gives the published bits of whole training runs",
    .about = "Trains with a list of settings, each on every instruction set and with several\n"
             "numbers of threads, and compares the digests of the initial and of the trained\n"
             "weights with the published ones. The list is part of this program. It needs no\n"
             "data set and some seconds; --full takes minutes and the whole MNIST. Where other\n"
             "programs keep the cores busy, OMP_WAIT_POLICY=passive in the environment makes\n"
             "threads that wait for each other sleep instead of spin.\n"
             "\n"
             "Exit code 0: this machine gives the published bits. 1: it does not, and the table\n"
             "says for which settings and where first.",
    .examples = "  normbench verify\n"
                "  normbench verify --isa scalar,avx2 --threads 1,2,3,5,16\n"
                "  normbench verify --full --json verify.json\n"
                "  normbench verify --list-file mine.txt --print > published.txt",
    .groups = {{"Settings", settings_options},
               {"Where they are tried", places_options},
               {"Output", output_options}},
    .size = sizeof(struct verify),
    .defaults = defaults,
    .run = run_verify,
};
