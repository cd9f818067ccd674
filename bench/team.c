// SPDX-License-Identifier: MIT
#include "bench/team.h"

#include "bench/peer.h"
#include "src/barrier.h"
#include "src/clock.h"

#ifdef _OPENMP
#    include <omp.h>
#endif

// What pieces are multiples of. Columns: whole cache lines, so that no two threads write to the
// same one.
static size_t unit_of(const struct nb_cut *cut, enum nb_dtype dtype) {
    size_t line = 64 / nb_dtype_size(dtype);
    return cut->along == NB_N && cut->step < line ? line : cut->step;
}

static size_t units_of(const struct nb_problem *problem, const struct nb_cut *cut,
                       enum nb_dtype dtype) {
    size_t total = cut->along == NB_M ? problem->sizes.m : problem->sizes.n;
    size_t unit = unit_of(cut, dtype);
    return (total + unit - 1) / unit;
}

// The cut that threads use, or NULL. Rows, because lines that lie side by side are fetched ahead
// from one another's caches; but of a product with more columns than rows, columns, so that each
// thread reads a part of the larger operand.
static const struct nb_cut *cut_of(const struct nb_problem *problem, enum nb_dtype dtype) {
    const struct nb_subject *subject = problem->kernel->subject[dtype];
    const bool wide = subject->shape == NB_PRODUCT && problem->sizes.n > problem->sizes.m;
    const struct nb_cut *best = NULL;
    for (size_t i = 0; i < 2 && subject->cuts[i].step > 0; i++) {
        const struct nb_cut *cut = &subject->cuts[i];
        if (units_of(problem, cut, dtype) > 1 &&
            (best == NULL || cut->along == (wide ? NB_N : NB_M)))
            best = cut;
    }
    return best;
}

bool nb_team_divides(const struct nb_problem *problem, enum nb_dtype dtype, size_t threads) {
    return threads == 1 || cut_of(problem, dtype) != NULL;
}

// What one thread does of a call: a piece of it, or of each of its steps.
struct share {
    size_t steps;
    struct {
        void (*call)(const void *table, const struct nb_call *call);
        struct nb_call piece;
        bool any; // false: nothing of this step is left for it
    } step[2];
};

// Thread `id`'s piece of a call on set 0, the whole call where `cut` is NULL; false: nothing is
// left for it.
static bool piece_of(const struct nb_operands *operands, const struct nb_cut *cut, size_t id,
                     size_t count, struct nb_call *piece) {
    *piece = nb_operands_call(operands, operands->first);
    if (cut == NULL)
        return true;
    size_t total = cut->along == NB_M ? piece->m : piece->n;
    size_t unit = unit_of(cut, operands->dtype);
    size_t units = units_of(operands->problem, cut, operands->dtype);
    size_t first = units * id / count * unit, end = units * (id + 1) / count * unit;
    end = end < total ? end : total;
    if (first >= end)
        return false;
    *piece = nb_layout_piece(operands->subject, operands->shape, piece, cut->along, first, end);
    return true;
}

// Steps cost one more wait, which small problems do not win back.
static bool in_steps(const struct nb_job *job, size_t count) {
    const struct nb_operands *operands = job->operands;
    const struct nb_sizes *sizes = &operands->problem->sizes;
    return count > 1 && job->implementation->peer == NULL &&
           operands->subject->steps[0].call != NULL &&
           sizes->m * sizes->n * nb_dtype_size(operands->dtype) >= NB_STEPS_BYTES;
}

static struct share share_of(const struct nb_job *job, size_t id, size_t count) {
    const struct nb_operands *operands = job->operands;
    struct share share = {.steps = 1};
    share.step[0].call = job->implementation->call;
    if (in_steps(job, count)) {
        share.steps = 2;
        for (size_t i = 0; i < 2; i++) {
            const struct nb_step *step = &operands->subject->steps[i];
            share.step[i].call = step->call;
            share.step[i].any = piece_of(operands, &step->cut, id, count, &share.step[i].piece);
        }
        return share;
    }
    const struct nb_cut *cut = count > 1 ? cut_of(operands->problem, operands->dtype) : NULL;
    share.step[0].any = piece_of(operands, cut, id, count, &share.step[0].piece);
    return share;
}

// Sets are visited with this stride, so that no prefetcher finds the next one; a prime, so that all
// are.
#define STRIDE 0x9e3779b1

size_t nb_team_set(const struct nb_job *job, size_t call) {
    return call * STRIDE % job->operands->sets * job->operands->bytes;
}

static void move_to(struct nb_call *call, const struct nb_call *origin, size_t bytes) {
    for (size_t o = 0; o < NB_OPERANDS; o++)
        if (origin->at[o] != NULL)
            call->at[o] = (unsigned char *)origin->at[o] + bytes;
}

static void run_share(const struct nb_job *job, const struct share *share, size_t calls,
                      size_t next, struct nb_barrier *barrier, size_t threads) {
    const void *table = job->implementation->table;
    for (size_t i = 0; i < calls; i++) {
        for (size_t s = 0; s < share->steps; s++) {
            const struct nb_call *piece = &share->step[s].piece;
            struct nb_call elsewhere;
            if (job->cold && share->step[s].any) {
                elsewhere = *piece;
                move_to(&elsewhere, piece, nb_team_set(job, next + i));
                piece = &elsewhere;
            }
            if (share->step[s].any)
                share->step[s].call(table, piece);
            if (threads > 1)
                nb_barrier_wait(barrier, threads);
        }
    }
}

static struct nb_elapsed run_pieces(const struct nb_job *job, size_t calls, size_t next) {
    struct nb_elapsed elapsed = {0};
    struct nb_barrier barrier;
    nb_barrier_init(&barrier);
#ifdef _OPENMP
#    pragma omp parallel num_threads((int)job->threads) if (job->threads > 1)
#endif
    {
        size_t id = 0, count = 1;
#ifdef _OPENMP
        id = (size_t)omp_get_thread_num();
        count = (size_t)omp_get_num_threads();
#endif
        const struct share mine = share_of(job, id, count);
        struct nb_elapsed start = {0};
        nb_barrier_wait(&barrier, count);
        if (id == 0) {
            start.cpu = nb_process_seconds();
            start.wall = nb_now();
        }
        nb_barrier_wait(&barrier, count);
        run_share(job, &mine, calls, next, &barrier, count);
        if (id == 0) {
            elapsed.wall = nb_now() - start.wall;
            elapsed.cpu = nb_process_seconds() - start.cpu;
        }
    }
    return elapsed;
}

// How many threads OpenMP gives to who does not ask for a number; returns how many it was.
static int set_threads(int threads) {
#ifdef _OPENMP
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    return before;
#else
    return threads;
#endif
}

static struct nb_elapsed run_whole(const struct nb_job *job, size_t calls, size_t next) {
    int before = set_threads((int)job->threads);
    const struct share whole = share_of(job, 0, 1);
    double cpu = nb_process_seconds(), wall = nb_now();
    run_share(job, &whole, calls, next, NULL, 1);
    wall = nb_now() - wall;
    cpu = nb_process_seconds() - cpu;
    set_threads(before);
    return (struct nb_elapsed){.wall = wall, .cpu = cpu};
}

struct nb_elapsed nb_team_run(const struct nb_job *job, size_t calls, size_t *next) {
    const struct nb_peer *peer = job->implementation->peer;
    struct nb_elapsed elapsed;
    if (peer != NULL && peer->run != NULL)
        elapsed = peer->run(job->implementation->table, job, calls, *next);
    else if (peer != NULL && peer->whole)
        elapsed = run_whole(job, calls, *next);
    else
        elapsed = run_pieces(job, calls, *next);
    if (job->cold)
        *next += calls;
    return elapsed;
}

enum nb_code nb_team_open(const struct nb_job *job, struct nb_implementation *implementation,
                          struct nb_error *error) {
    if (implementation->peer == NULL || implementation->peer->open == NULL)
        return NB_OK;
    void *table = NULL;
    int before = set_threads((int)job->threads);
    enum nb_code code = implementation->peer->open(job, &table, error);
    set_threads(before);
    implementation->table = table;
    return code;
}

void nb_team_close(struct nb_implementation *implementation) {
    if (implementation->peer == NULL || implementation->table == NULL)
        return;
    implementation->peer->close((void *)implementation->table);
    implementation->table = NULL;
}

size_t nb_team_limit(size_t wanted) {
    size_t count = 1;
#ifdef _OPENMP
#    pragma omp parallel num_threads((int)wanted)
    {
#    pragma omp single
        count = (size_t)omp_get_num_threads();
    }
#endif
    return count < wanted ? count : wanted;
}
