// SPDX-License-Identifier: MIT
#include "bench/selection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/operands.h"
#include "bench/team.h"
#include "src/filter.h"

const char *const nb_preset_names[] = {"quick", "default", "full", NULL};

// Products of the networks 784-256-10 and 784-1000-1000-10 for batches B, with w in panels, as
// training keeps it, and in rows: forward x . w; gradient of the input dy . w^T (not of the first
// layer); gradient of the weights x^T . dy.
#define SMALL_NETWORK(B)                                \
    "matmul_nn*:" B "x256x784 matmul_nn*:" B "x10x256 " \
    "matmul_nt*:" B "x256x10 "                          \
    "matmul_tn:784x256x" B " matmul_tn:256x10x" B " "
#define LARGE_NETWORK(B)                                                             \
    "matmul_nn*:" B "x1000x784 matmul_nn*:" B "x1000x1000 matmul_nn*:" B "x10x1000 " \
    "matmul_nt*:" B "x1000x1000 matmul_nt*:" B "x1000x10 "                           \
    "matmul_tn:784x1000x" B " matmul_tn:1000x1000x" B " matmul_tn:1000x10x" B " "
// The steps of batch normalization are in the whole.
#define NORMALIZATION(shape)                                                                \
    "*_moments:" shape " *_sum:" shape " batchnorm_*ward:" shape " batchnorm_*infer:" shape \
    " layernorm_*:" shape " relu_*:" shape " "
#define BATCHES "1,4,32,128,512,2048"
// 784 x 256 weights, and 1000 x 1000
#define PIXELS "pixel_normalize:784,100352 "
#define OPTIMIZERS "sgd_step:200704,1000000 adam_step:200704,1000000 "

// A part of a preset.
struct suite {
    const char *problems;
    bool f64;      // also, else f32 only
    bool all_isas; // else the best one
    bool hot, cold;
    double scalar_flops; // calls of more than these operations are not timed on the scalar table
};

#define FEW_SECONDS 2e8

static const struct suite quick[] = {
    {SMALL_NETWORK("32,512") "matmul_nn:512x512x512 " NORMALIZATION(
         "32,512x256") "softmax_xent:32,512x10 sgd_step:200704 adam_step:200704",
     .hot = true},
    {.problems = NULL},
};

static const struct suite standard[] = {
    {SMALL_NETWORK(BATCHES) LARGE_NETWORK(BATCHES) "matmul_nn:256..2048*2x1024x1024 ", .hot = true,
     .all_isas = true, .scalar_flops = FEW_SECONDS},
    {"matmul_nn:256x256x256 matmul_nn:512x512x512 matmul_nn:1024x1024x1024", .hot = true,
     .all_isas = true, .f64 = true, .scalar_flops = FEW_SECONDS},
    {"matmul_nn:2048x2048x2048", .hot = true, .all_isas = true, .scalar_flops = FEW_SECONDS},
    {NORMALIZATION("4,32,128,512,8192x256,1000") NORMALIZATION("2048x256")
         NORMALIZATION("8192x1024") "softmax_xent:" BATCHES "x10 " PIXELS OPTIMIZERS,
     .hot = true, .all_isas = true, .scalar_flops = FEW_SECONDS},
    {NORMALIZATION("512x256,1000") OPTIMIZERS, .cold = true},
    {"peak_triad:4096,65536,8388608 peak_copy:8388608", .hot = true, .all_isas = true},
    {.problems = NULL},
};

static const struct suite full[] = {
    {SMALL_NETWORK(BATCHES) LARGE_NETWORK(BATCHES)
         NORMALIZATION("4..8192*2x256,1000,1024") "softmax_xent:" BATCHES "x10 " PIXELS OPTIMIZERS
                                                  "peak_*:4096,65536,8388608 peak_read:64x65536",
     .f64 = true, .all_isas = true, .hot = true, .cold = true, .scalar_flops = INFINITY},
    {"matmul_*:256x256x256 matmul_*:512x512x512 matmul_*:1024x1024x1024 matmul_*:2048x2048x2048",
     .f64 = true, .all_isas = true, .hot = true, .cold = true, .scalar_flops = INFINITY},
    {.problems = NULL},
};

static const struct suite *const presets[] = {quick, standard, full};

struct nb_row nb_row_of(const struct nb_problem *problem, enum nb_dtype dtype,
                        const struct nb_implementation *implementation, size_t threads, bool cold) {
    return (struct nb_row){
        .problem = problem,
        .dtype = dtype,
        .implementation = *implementation,
        .threads = threads,
        .cold = cold,
        .median = NAN,
        .min = NAN,
        .p05 = NAN,
        .p95 = NAN,
        .mad = NAN,
        .noise = NAN,
        .vs_best_peer = NAN,
        .flops = nb_kernel_flops(problem->kernel, &problem->sizes, implementation->round_flops),
        .traffic = nb_kernel_traffic(problem->kernel, dtype, &problem->sizes),
        .working_set = nb_operands_bytes(problem, dtype),
        .least = NAN,
    };
}

// What to measure of one problem: everything that any suite with this problem, or the user, asks
// for.
struct wishes {
    bool dtypes[NB_DTYPES], isas[NB_ISA_COUNT], caches[2]; // hot, cold
};

struct maker {
    struct nb_selection *selection;
    const struct nb_request *request;
    struct nb_filter filter;
    struct nb_error *error;
};

static bool any(const bool *flags, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (flags[i])
            return true;
    return false;
}

static struct wishes wishes_of(const struct maker *maker, const struct suite *suite,
                               const struct nb_problem *problem) {
    const struct nb_request *request = maker->request;
    struct wishes wishes = {.dtypes = {true, suite->f64}, .caches = {suite->hot, suite->cold}};
    double flops = nb_kernel_flops(problem->kernel, &problem->sizes, 0);
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        wishes.isas[isa] =
            nb_isa_usable(isa) && (suite->all_isas || isa == nb_isa_best()) &&
            (isa != NB_ISA_SCALAR || !suite->all_isas || flops <= suite->scalar_flops);
    if (any(request->dtypes, NB_DTYPES))
        memcpy(wishes.dtypes, request->dtypes, sizeof wishes.dtypes);
    if (any(request->isas, NB_ISA_COUNT))
        memcpy(wishes.isas, request->isas, sizeof wishes.isas);
    if (request->hot || request->cold)
        wishes.caches[0] = request->hot, wishes.caches[1] = request->cold;
    return wishes;
}

static enum nb_code add_row(struct maker *maker, const struct nb_row *row) {
    struct nb_selection *selection = maker->selection;
    char name[NB_ROW_NAME];
    nb_row_name(row, name);
    if (!nb_filter_passes(&maker->filter, name))
        return NB_OK;
    // Another suite may have asked for the same.
    for (size_t i = selection->count; i-- > 0 && selection->rows[i].problem == row->problem;)
        if (nb_row_same(&selection->rows[i], row))
            return NB_OK;
    if (selection->count == selection->room) {
        selection->room = selection->room == 0 ? 256 : 2 * selection->room;
        struct nb_row *rows = realloc(selection->rows, selection->room * sizeof *rows);
        if (rows == NULL)
            return nb_error_set(maker->error, NB_FAILED, "not enough memory; free some");
        selection->rows = rows;
    }
    selection->rows[selection->count++] = *row;
    return NB_OK;
}

static enum nb_code add_threads(struct maker *maker, const struct nb_problem *problem,
                                enum nb_dtype dtype, const struct nb_implementation *implementation,
                                bool cold) {
    const struct nb_request *request = maker->request;
    const size_t usual[] = {1, request->default_threads > 1 ? request->default_threads : 0, 0};
    enum nb_code code = NB_OK;
    for (const size_t *threads = request->threads[0] == 0 ? usual : request->threads;
         *threads != 0 && code == NB_OK; threads++) {
        if (!nb_team_divides(problem, dtype, *threads))
            continue;
        struct nb_row row = nb_row_of(problem, dtype, implementation, *threads, cold);
        code = add_row(maker, &row);
    }
    return code;
}

static enum nb_code add_peers(struct maker *maker, const struct nb_problem *problem,
                              enum nb_dtype dtype, bool cold) {
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < NB_MAX_PEERS && code == NB_OK; i++) {
        const struct nb_peer *peer = maker->request->peers[i] ? nb_peers()[i] : NULL;
        if (peer == NULL || peer->version() == NULL)
            continue;
        const struct nb_offer *offer = nb_peer_offer(peer, problem->kernel, dtype, cold);
        if (offer == NULL)
            continue;
        struct nb_implementation theirs = nb_implementation_peer(peer, offer);
        code = add_threads(maker, problem, dtype, &theirs, cold);
    }
    return code;
}

static enum nb_code add_rows(struct maker *maker, const struct nb_problem *problem,
                             enum nb_dtype dtype, const struct wishes *wishes) {
    enum nb_code code = NB_OK;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        if (!wishes->isas[isa])
            continue;
        struct nb_implementation ours = nb_implementation_ours(problem->kernel, dtype, isa);
        for (int cold = 0; cold < 2 && code == NB_OK; cold++)
            if (wishes->caches[cold])
                code = add_threads(maker, problem, dtype, &ours, cold);
    }
    for (int cold = 0; cold < 2 && code == NB_OK; cold++)
        if (wishes->caches[cold])
            code = add_peers(maker, problem, dtype, cold);
    return code;
}

// Whether the suite's descriptors name this problem.
static bool names(const struct nb_problems *problems, const struct nb_problem *problem) {
    for (size_t i = 0; i < problems->count; i++)
        if (nb_problem_same(&problems->all[i], problem))
            return true;
    return false;
}

enum { MAX_SUITES = 8 };

static enum nb_code select_rows(struct maker *maker, const struct suite *suites) {
    struct nb_problems named[MAX_SUITES] = {0}, *all = &maker->selection->problems;
    size_t count = 0;
    enum nb_code code = NB_OK;
    for (; suites[count].problems != NULL && code == NB_OK; count++) {
        code = nb_problems_parse(&named[count], suites[count].problems, maker->error);
        if (code == NB_OK)
            code = nb_problems_parse(all, suites[count].problems, maker->error);
    }
    for (size_t p = 0; p < all->count && code == NB_OK; p++)
        for (enum nb_dtype dtype = 0; dtype < NB_DTYPES; dtype++)
            for (size_t s = 0; s < count && code == NB_OK; s++) {
                struct wishes wishes = wishes_of(maker, &suites[s], &all->all[p]);
                if (wishes.dtypes[dtype] && names(&named[s], &all->all[p]))
                    code = add_rows(maker, &all->all[p], dtype, &wishes);
            }
    for (size_t s = 0; s < count; s++)
        nb_problems_free(&named[s]);
    return code;
}

enum nb_code nb_selection_make(struct nb_selection *selection, const struct nb_request *request,
                               struct nb_error *error) {
    *selection = (struct nb_selection){0};
    struct maker maker = {.selection = selection, .request = request, .error = error};
    const struct suite own[] = {
        {request->problems, .all_isas = true, .hot = true, .scalar_flops = INFINITY},
        {.problems = NULL}};
    enum nb_code code = nb_filter_make(&maker.filter, request->filter, error);
    if (code == NB_OK)
        code = select_rows(&maker, request->problems ? own : presets[request->preset]);
    nb_filter_free(&maker.filter);
    if (code == NB_OK && selection->count == 0)
        code = nb_error_set(error, NB_USAGE,
                            request->filter
                                ? "--filter: '%.200s' matches no row; --list shows all"
                                : "%.0snothing to measure; a kernel that cannot be divided "
                                  "needs --threads 1",
                            request->filter ? request->filter : "");
    if (code != NB_OK)
        nb_selection_free(selection);
    return code;
}

void nb_selection_free(struct nb_selection *selection) {
    for (size_t i = 0; i < selection->count; i++)
        nb_row_free(&selection->rows[i]);
    free(selection->rows);
    nb_problems_free(&selection->problems);
    *selection = (struct nb_selection){0};
}

size_t nb_selection_group_end(const struct nb_selection *selection, size_t first) {
    const struct nb_row *rows = selection->rows;
    size_t end = first + 1;
    while (end < selection->count && rows[end].problem == rows[first].problem &&
           rows[end].dtype == rows[first].dtype)
        end++;
    return end;
}

enum nb_code nb_selection_compare(struct nb_selection *selection, struct nb_error *error) {
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < selection->count; i++) {
        struct nb_row *row = &selection->rows[i];
        if (row->implementation.peer != NULL || row->samples == 0)
            continue;
        for (size_t j = 0; j < selection->count && code == NB_OK; j++) {
            const struct nb_row *other = &selection->rows[j];
            double ratio;
            if (other->implementation.peer == NULL || other->samples == 0 ||
                !nb_row_beside(row, other))
                continue;
            code = nb_row_ratio(row, other, &ratio, error);
            if (code == NB_OK && (row->best_peer == NULL || ratio < row->vs_best_peer)) {
                row->best_peer = other;
                row->vs_best_peer = ratio;
            }
        }
    }
    return code;
}

bool nb_selection_has_peers(const struct nb_selection *selection) {
    for (size_t i = 0; i < selection->count; i++)
        if (selection->rows[i].implementation.peer != NULL)
            return true;
    return false;
}
