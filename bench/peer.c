// SPDX-License-Identifier: MIT
#include "bench/peer.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/peer_core.h"
#include "bench/peers/peer_list.h"
#include "bench/team.h"

enum { WHY = 512, SAMPLES = 10 };

static const struct module {
    const char *peer, *symbol, *file;
} modules[] = {
#define MODULE(peer, symbol, file) {peer, symbol, file},
    NB_PEER_MODULES(MODULE)
#undef MODULE
        {0}};

const char *const nb_peer_words[] = {"all", "none",
#define NAME(peer, symbol, file) peer,
                                     NB_PEER_MODULES(NAME)
#undef NAME
#ifdef NB_PYTORCH
                                         "pytorch",
#endif
                                     NULL};

static const struct nb_peer *open_module(const struct module *module) {
    void *library = dlopen(module->file, RTLD_NOW | RTLD_LOCAL);
    return library == NULL ? NULL : dlsym(library, module->symbol);
}

// The least seconds of some calls of a product; NaN: it cannot do it.
static double time_product(const struct nb_peer *peer, const struct nb_problem *problem) {
    struct nb_operands operands;
    struct nb_error error;
    if (nb_operands_make(&operands, problem, NB_F32, 1, 1, &error) != NB_OK)
        return NAN;
    const struct nb_offer *offer = nb_peer_offer(peer, problem->kernel, NB_F32, false);
    struct nb_implementation code = nb_implementation_peer(peer, offer);
    const struct nb_job job = {&code, &operands, 1, false, false};
    size_t next = 0;
    if (nb_team_open(&job, &code, &error) != NB_OK)
        return NAN;
    double seconds = INFINITY;
    for (int i = 0; i < SAMPLES; i++)
        seconds = fmin(seconds, nb_team_run(&job, 1, &next).wall);
    return seconds;
}

// The geometric mean over what a step of training multiplies, with few rows and with many: cores
// differ in both, and one runs all rows.
static bool time_products(const struct nb_peer *peer, double *seconds) {
    static const char text[] =
        "matmul_nn:128,4x256x784 matmul_nt:32x256x10 matmul_tn:784x256x128,4";
    struct nb_problems problems = {0};
    struct nb_error error;
    if (nb_problems_parse(&problems, text, &error) != NB_OK)
        return false;
    double sum = 0;
    for (size_t i = 0; i < problems.count; i++)
        sum += log(time_product(peer, &problems.all[i]));
    *seconds = exp(sum / (double)problems.count);
    return isfinite(*seconds);
}

// In a process of its own, which then ends.
static bool try_core(const void *data, struct nb_core_trial *trial) {
    const struct nb_peer *peer = open_module(data);
    if (peer == NULL || peer->core == NULL)
        return false;
    snprintf(trial->core, sizeof trial->core, "%s", peer->core());
    return time_products(peer, &trial->seconds);
}

static const char *no_version(void) { return NULL; }

// Fills `absent` with a peer that is not there, where the module or its library is missing.
static const struct nb_peer *load(const struct module *module, struct nb_peer *absent,
                                  char why[WHY]) {
    static const struct nb_offer none[] = {{0}};
    const struct nb_peer *peer = open_module(module);
    if (peer != NULL)
        return peer;
    snprintf(why, WHY, "%s; script/setup peers installs the library", dlerror());
    *absent = (struct nb_peer){
        .name = module->peer, .version = no_version, .remedy = why, .offers = none};
    return absent;
}

const struct nb_peer *const *nb_peers(void) {
    static const struct nb_peer *peers[NB_MAX_PEERS + 1];
    static struct nb_peer absent[NB_MAX_PEERS];
    static char why[NB_MAX_PEERS][WHY];
    if (peers[0] != NULL)
        return peers;
    size_t count = 0;
    for (size_t i = 0; modules[i].file != NULL; i++) // before any of them has threads
        nb_peer_core_choose(modules[i].peer, try_core, &modules[i]);
    for (; modules[count].file != NULL; count++)
        peers[count] = load(&modules[count], &absent[count], why[count]);
#ifdef NB_PYTORCH
    extern const struct nb_peer nb_peer_pytorch;
    nb_peer_core_choose(nb_peer_pytorch.name, NULL, NULL); // it has one to be held to, none to try
    peers[count] = &nb_peer_pytorch;
#endif
    return peers;
}

static enum nb_code refuse(const char *word, int length, struct nb_error *error) {
    char names[256] = "";
    for (size_t i = 0; nb_peers()[i] != NULL; i++) {
        size_t end = strlen(names);
        if (nb_peers()[i]->version() != NULL)
            snprintf(names + end, sizeof names - end, ", %s", nb_peers()[i]->name);
    }
    return nb_error_set(error, NB_USAGE,
                        "--peers: '%.*s' is not one of those there are: all, none%s",
                        length < 100 ? length : 100, word, names);
}

static const struct nb_peer *find(const char *word, size_t length, size_t *index) {
    for (size_t i = 0; nb_peers()[i] != NULL; i++) {
        *index = i;
        if (strlen(nb_peers()[i]->name) == length &&
            strncmp(nb_peers()[i]->name, word, length) == 0)
            return nb_peers()[i];
    }
    return NULL;
}

enum nb_code nb_peers_choose(const char *text, bool chosen[NB_MAX_PEERS], struct nb_error *error) {
    bool all = strcmp(text, "all") == 0;
    for (size_t i = 0; i < NB_MAX_PEERS; i++)
        chosen[i] = all;
    if (all || strcmp(text, "none") == 0)
        return NB_OK;
    for (const char *word = text; word != NULL;) {
        size_t length = strcspn(word, ","), index;
        const struct nb_peer *peer = find(word, length, &index);
        if (peer != NULL && peer->version() == NULL)
            return nb_error_set(error, NB_USAGE, "--peers: there is no %s on this machine; %s",
                                peer->name, peer->remedy);
        if (peer == NULL)
            return refuse(word, (int)length, error);
        chosen[index] = true;
        word = word[length] == ',' ? word + length + 1 : NULL;
    }
    return NB_OK;
}

static json_t *version_of(const struct nb_peer *peer) {
    const char *core = peer->core == NULL ? NULL : peer->core();
    const char *variable = nb_peer_core_held(peer->name);
    return json_sprintf("%s%s%s%s%s%s", peer->version(), core ? " " : "", core ? core : "",
                        variable ? " (held by " : "", variable ? variable : "",
                        variable ? ")" : "");
}

json_t *nb_peer_versions(const bool *chosen) {
    json_t *versions = json_object();
    if (chosen != NULL && memchr(chosen, 1, NB_MAX_PEERS * sizeof *chosen) == NULL)
        return versions;
    for (size_t i = 0; nb_peers()[i] != NULL; i++)
        if ((chosen == NULL || chosen[i]) && nb_peers()[i]->version() != NULL)
            json_object_set_new(versions, nb_peers()[i]->name, version_of(nb_peers()[i]));
    return versions;
}

const struct nb_offer *nb_peer_offer(const struct nb_peer *peer, const struct nb_kernel *kernel,
                                     enum nb_dtype dtype, bool cold) {
    for (const struct nb_offer *offer = peer->offers; offer->kernel != NULL; offer++)
        if (strcmp(offer->kernel, kernel->name) == 0 && offer->dtypes[dtype] &&
            !(cold && offer->hot_only))
            return offer;
    return NULL;
}

struct nb_implementation nb_implementation_peer(const struct nb_peer *peer,
                                                const struct nb_offer *offer) {
    const enum nb_isa held = nb_peer_core_held_to();
    return (struct nb_implementation){
        .name = peer->name,
        .isa = held < NB_ISA_COUNT ? held : nb_isa_best(),
        .call = offer->call,
        .peer = peer,
        .offer = offer,
    };
}
