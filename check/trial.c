// SPDX-License-Identifier: MIT
#include "check/trial.h"

#include <fenv.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "check/compare.h"
#include "check/crash.h"
#include "check/layout.h"

#define ROOM ((size_t)8 << 20) // bytes of the largest operand

struct work {
    struct nb_trial *trial;
    const struct nb_case *c;
    const char *layout;
    struct nb_values values[NB_OPERANDS];
};

static void fail(struct work *work, const char *operand, const char *what) {
    struct nb_trial *trial = work->trial;
    const struct nb_subject *subject = trial->subject;
    if (trial->tally.failures++ >= trial->quiet_after)
        return;
    const struct nb_case *c = work->c;
    fprintf(trial->out, "FAIL %s (", trial->name);
    if (subject->shape != NB_VECTOR)
        fprintf(trial->out, "%zu x ", c->m);
    fprintf(trial->out, "%zu", c->n);
    if (subject->shape == NB_PRODUCT)
        fprintf(trial->out, " x %zu", c->k);
    fprintf(trial->out, "), %s inputs", nb_input_name(c->input));
    if (subject->mode_names)
        fprintf(trial->out, ", %s", subject->mode_names[c->mode]);
    fprintf(trial->out, ", %s: %s %s\n", work->layout, operand, what);
}

bool nb_trial_open(struct nb_trial *trial) {
    trial->tally = (struct nb_tally){0};
    memset(trial->guards, 0, sizeof trial->guards);
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        if (!nb_guard_open(&trial->guards[o], ROOM)) {
            nb_trial_close(trial);
            return false;
        }
    }
    return true;
}

void nb_trial_close(struct nb_trial *trial) {
    for (size_t o = 0; o < NB_OPERANDS; o++)
        nb_guard_close(&trial->guards[o]);
}

static size_t extent(const struct nb_case *c, enum nb_extent which) {
    switch (which) {
    case NB_M:
        return c->m;
    case NB_N:
        return c->n;
    case NB_K:
        return c->k;
    case NB_M_BLOCKS:
        return NB_BLOCKS(c->m);
    default:
        return 1;
    }
}

static void close_work(struct work *work) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        struct nb_values *v = &work->values[o];
        free(v->given);
        free(v->wanted);
        free(v->got);
        free(v->expected);
    }
}

// Makes the inputs. What a kernel must not read is poisoned.
static bool open_work(struct work *work) {
    struct nb_trial *trial = work->trial;
    for (size_t o = 0; o < NB_OPERANDS && trial->subject->operands[o].name; o++) {
        const struct nb_operand *operand = &trial->subject->operands[o];
        struct nb_values *v = &work->values[o];
        v->read = operand->read >> work->c->mode & 1;
        v->written = operand->written >> work->c->mode & 1;
        const size_t panel = nb_operand_panel(operand, trial->size);
        v->rows = (extent(work->c, operand->rows) + panel - 1) / panel;
        v->cols = extent(work->c, operand->cols) * panel;
        v->count = v->rows * v->cols;
        v->size = nb_operand_size(operand, trial->size);
        v->given = malloc(v->count * v->size + 1);
        v->wanted = malloc(v->count * v->size + 1);
        v->got = malloc(v->count * v->size + 1);
        v->expected = v->written ? calloc(v->count + 1, sizeof *v->expected) : NULL;
        if (!v->given || !v->wanted || !v->got || (v->written && !v->expected))
            return false;
        if (v->read)
            nb_input_fill(v->given, v->count, v->size, operand->fill, work->c->input, work->c->n,
                          &trial->draw);
        else
            nb_poison(v->given, v->count, v->size);
    }
    return true;
}

static struct nb_call call_of(const struct nb_case *c) {
    return (struct nb_call){.m = c->m, .n = c->n, .k = c->k, .whole_m = c->m, .mode = c->mode};
}

typedef void (*kernel_call)(const void *table, const struct nb_call *call);

struct invocation {
    kernel_call code;
    const void *table;
    struct nb_call call;
};

static void invoke(void *user) {
    const struct invocation *invocation = user;
    invocation->code(invocation->table, &invocation->call);
}

// One call of the kernel; false when it crashed.
static bool call_kernel(struct work *work, kernel_call code, const void *table,
                        const struct nb_call *call) {
    struct invocation invocation = {code, table, *call};
    struct nb_crash crash = nb_crash_run(invoke, &invocation);
    if (crash.signal == 0)
        return true;
    char what[128];
    snprintf(what, sizeof what, "%s", nb_crash_name(crash.signal));
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        int side = call->at[o] ? nb_guard_side(&work->trial->guards[o], crash.address) : 0;
        if (side != 0)
            snprintf(what, sizeof what, "%s: it touched what is %s %s", nb_crash_name(crash.signal),
                     side < 0 ? "in front of" : "behind", work->trial->subject->operands[o].name);
    }
    bool model = table == work->trial->scalar && table != work->trial->table;
    fail(work, model ? "the scalar kernel crashed:" : "crashed:", what);
    return false;
}

static bool call_in_pieces(struct work *work, kernel_call code, const void *table,
                           const struct nb_call *whole, const struct nb_cut *cut) {
    size_t total = cut->along == NB_M ? whole->m : whole->n, end = 0;
    for (size_t piece = 0; piece < 4; piece++) {
        size_t first = end, steps = (total - first) / cut->step;
        end = piece == 3
                  ? total
                  : first + cut->step * nb_draw_between(&work->trial->draw, 0, (steps + 1) / 2);
        if (end > total)
            end = total;
        struct nb_call part =
            nb_layout_piece(work->trial->subject, work->values, whole, cut->along, first, end);
        if (!call_kernel(work, code, table, &part))
            return false;
    }
    return true;
}

static bool call_as_laid_out(struct work *work, const void *table, const struct nb_layout *layout,
                             const struct nb_call *call) {
    const struct nb_subject *subject = work->trial->subject;
    const struct nb_step *first = &subject->steps[0], *second = &subject->steps[1];
    if (layout->in_steps)
        return call_in_pieces(work, first->call, table, call, &first->cut) &&
               call_in_pieces(work, second->call, table, call, &second->cut);
    if (layout->cut >= 0)
        return call_in_pieces(work, subject->call, table, call, &subject->cuts[layout->cut]);
    return call_kernel(work, subject->call, table, call);
}

static bool same_rows(const struct nb_values *v, const unsigned char *at, size_t ld) {
    for (size_t row = 0; row < v->rows; row++) {
        size_t width = v->cols * v->size;
        if (memcmp((unsigned char *)v->given + row * width, at + row * ld * v->size, width) != 0)
            return false;
    }
    return true;
}

static bool shares_array(const struct nb_call *call, size_t o) {
    for (size_t other = 0; other < NB_OPERANDS; other++)
        if (other != o && call->at[other] == call->at[o])
            return true;
    return false;
}

// What no kernel may do, whatever it computes.
static void check_manners(struct work *work, const struct nb_call *call) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *v = &work->values[o];
        const struct nb_guard *guard = &work->trial->guards[o];
        const char *name = work->trial->subject->operands[o].name;
        if (!call->at[o])
            continue;
        if (call->at[o] == guard->data && !nb_guard_intact(guard))
            fail(work, name, "was written to outside of its rows");
        if (!v->written && !shares_array(call, o) && !same_rows(v, call->at[o], call->ld[o]))
            fail(work, name, "is an input and was changed");
    }
    volatile double smallest = DBL_MIN;
    if (fegetround() != FE_TONEAREST || smallest / 2 == 0) {
        fail(work, "the kernel", "left the rounding mode or the treatment of subnormals changed");
        fesetenv(FE_DFL_ENV);
    }
}

// Calls the kernel of `table` in this layout and copies what it wrote to `got` or to `wanted`.
static bool execute(struct work *work, const void *table, const struct nb_layout *layout,
                    bool as_wanted) {
    work->layout = layout->name;
    struct nb_call call = call_of(work->c);
    nb_layout_place(layout, work->trial->subject, work->values, work->trial->guards, &call);
    if (!call_as_laid_out(work, table, layout, &call))
        return false;
    check_manners(work, &call);
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        struct nb_values *v = &work->values[o];
        size_t width = v->cols * v->size;
        for (size_t row = 0; row < v->rows && v->written && width > 0; row++)
            memcpy((unsigned char *)(as_wanted ? v->wanted : v->got) + row * width,
                   (unsigned char *)call.at[o] + row * call.ld[o] * v->size, width);
    }
    return true;
}

static void compare_exact(struct work *work, const char *whose) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *v = &work->values[o];
        if (!v->written)
            continue;
        char what[NB_COMPARE_TEXT];
        work->trial->tally.exact += v->count;
        if (!nb_compare_bits(v->got, v->wanted, v->count, v->cols, v->size, whose, what))
            fail(work, work->trial->subject->operands[o].name, what);
    }
}

// Compares `got` with what the textbook loop makes of the same inputs.
static void compare_textbook(struct work *work) {
    struct nb_call call = call_of(work->c);
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        struct nb_values *v = &work->values[o];
        call.ld[o] = v->cols;
        call.at[o] = v->read || v->written ? v->given : NULL;
        if (!v->written)
            continue;
        memcpy(v->wanted, v->given, v->count * v->size);
        call.at[o] = v->wanted;
    }
    work->trial->subject->textbook(&call);
    compare_exact(work, "the textbook has");
}

static void make_reference(struct work *work) {
    struct nb_call given = call_of(work->c);
    struct nb_expected *expected[NB_OPERANDS];
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *v = &work->values[o];
        given.at[o] = v->read || v->written ? v->given : NULL;
        given.ld[o] = v->cols;
        expected[o] = v->expected;
    }
    given.any_order = !work->trial->bits;
    work->trial->subject->reference(&given, expected);
}

static void compare_reference(struct work *work) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *v = &work->values[o];
        if (!v->written)
            continue;
        char what[NB_COMPARE_TEXT];
        struct nb_error_size error = {0};
        work->trial->tally.bounded += v->count;
        if (!nb_compare_bound(v->got, v->expected, v->count, v->cols, v->size, &error, what))
            fail(work, work->trial->subject->operands[o].name, what);
        struct nb_tally *tally = &work->trial->tally;
        if (error.share > tally->share)
            tally->share = error.share;
        if (work->c->input == NB_NORMAL && error.ulp > tally->ulp)
            tally->ulp = error.ulp;
    }
}

static void run(struct work *work) {
    struct nb_trial *trial = work->trial;
    const char *model = trial->table == trial->scalar ? "the first call has" : "scalar has";
    make_reference(work);
    if (trial->bits && !execute(work, trial->scalar, &nb_layouts[0], true))
        return;
    for (const struct nb_layout *layout = nb_layouts; layout->name; layout++) {
        if (!nb_layout_fits(layout, trial->subject, work->values))
            continue;
        trial->tally.calls++;
        if (!execute(work, trial->table, layout, false))
            return;
        if (trial->bits)
            compare_exact(work, model);
        if (trial->reference && (layout == nb_layouts || !trial->bits))
            compare_reference(work);
    }
    if (trial->bits && trial->subject->textbook)
        compare_textbook(work);
}

void nb_trial_run(struct nb_trial *trial, const struct nb_case *c) {
    struct work work = {.trial = trial, .c = c, .layout = "set-up"};
    if (open_work(&work)) {
        run(&work);
    } else {
        fail(&work, "the tester", "has no memory");
        trial->tally.starved++;
    }
    close_work(&work);
}
