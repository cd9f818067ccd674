// SPDX-License-Identifier: MIT
#include "check/check.h"

#include <string.h>

#include "check/crash.h"
#include "check/trial.h"

#define FAILURES_SHOWN 3 // of one kernel
#define NAME_TEXT 128

struct kernel {
    const char *family, *name;
};

static const struct kernel kernels[] = {
#define KERNEL(family, name, type, args) {#family, #name},
    NB_KERNEL_LIST(KERNEL, real, epilogue)
#undef KERNEL
};

static const struct {
    const char *family;
    const struct nb_subject *f32, *f64;
} families[] = {
#define FAMILY(family) {#family, nb_check_##family##_f32, nb_check_##family##_f64},
    NB_FAMILY_LIST(FAMILY)
#undef FAMILY
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

// One ISA in one precision.
struct session {
    const struct nb_check_options *options;
    const char *isa, *precision;
    size_t size; // bytes of a real
    const void *table, *scalar;
    size_t checked, failures; // kernels that the filter let through; failures of all kernels
    struct nb_tally total;
};

static const struct nb_subject *subject_of(const struct session *session,
                                           const struct kernel *kernel) {
    for (size_t i = 0; i < COUNT(families); i++) {
        if (strcmp(families[i].family, kernel->family) != 0)
            continue;
        const struct nb_subject *subject =
            session->size == sizeof(float) ? families[i].f32 : families[i].f64;
        for (; subject->kernel; subject++)
            if (strcmp(subject->kernel, kernel->name) == 0)
                return subject;
    }
    return NULL;
}

static void run_case(void *user, const struct nb_case *c) { nb_trial_run(user, c); }

static void tally_add(struct nb_tally *sum, const struct nb_tally *part) {
    sum->calls += part->calls;
    sum->exact += part->exact;
    sum->bounded += part->bounded;
    sum->failures += part->failures;
    sum->starved += part->starved;
    sum->ulp = part->ulp > sum->ulp ? part->ulp : sum->ulp;
    sum->share = part->share > sum->share ? part->share : sum->share;
}

static void check_kernel(struct session *session, const struct kernel *kernel, const char *name,
                         struct nb_tally *tally) {
    const struct nb_check_options *options = session->options;
    const struct nb_subject *subject = subject_of(session, kernel);
    if (!subject) {
        fprintf(options->out, "FAIL %s: check/ has no subject for this kernel\n", name);
        tally->failures++;
        return;
    }
    const bool bits = nb_isa_exact(nb_isa_by_name(session->isa));
    struct nb_trial trial = {
        .subject = subject,
        .name = name,
        .table = session->table,
        .scalar = session->scalar,
        .bits = bits,
        .size = session->size,
        .draw = nb_draw_seed(options->seed, kernel->name),
        .reference = !options->exact || !bits,
        .out = options->out,
        .quiet_after = options->verbose ? SIZE_MAX : FAILURES_SHOWN,
    };
    if (!nb_trial_open(&trial)) {
        fprintf(options->out, "FAIL %s: not enough memory for the guarded operands\n", name);
        tally->failures++;
        tally->starved++;
        return;
    }
    struct nb_draw plan = nb_draw_seed(nb_draw_u64(&trial.draw), "plan");
    nb_plan(subject, &plan, run_case, &trial);
    nb_trial_close(&trial);
    if (trial.tally.failures > 0)
        fprintf(options->out,
                "     %zu failures; again: %s --isa %s --filter %s/%s/%s --seed %llu\n",
                trial.tally.failures, options->command, session->isa, session->precision,
                kernel->family, kernel->name, (unsigned long long)options->seed);
    tally_add(tally, &trial.tally);
}

static void report(const struct session *session, const char *family,
                   const struct nb_tally *tally) {
    fprintf(session->options->out,
            "%-8s %s  %-12s %7zu calls  %9zu exact  %9zu bounded  %8.3g ulp  %5.3f of bound  %s\n",
            session->isa, session->precision, family, tally->calls, tally->exact, tally->bounded,
            tally->ulp, tally->share, tally->failures == 0 ? "ok" : "FAIL");
}

// The full name of the kernel; whether the filter lets it through.
static bool select_kernel(const struct nb_check_options *options, const char *isa,
                          const char *precision, const struct kernel *kernel,
                          char name[NAME_TEXT]) {
    snprintf(name, NAME_TEXT, "%s/%s/%s/%s", isa, precision, kernel->family, kernel->name);
    return !options->filter || strstr(name, options->filter);
}

static void check_family(struct session *session, const char *family) {
    const struct nb_check_options *options = session->options;
    struct nb_tally tally = {0};
    bool any = false;
    for (size_t i = 0; i < COUNT(kernels); i++) {
        char name[NAME_TEXT];
        if (strcmp(kernels[i].family, family) != 0 ||
            !select_kernel(options, session->isa, session->precision, &kernels[i], name))
            continue;
        any = true;
        session->checked++;
        if (options->on_kernel)
            options->on_kernel(options->user, name);
        check_kernel(session, &kernels[i], name, &tally);
    }
    if (any)
        report(session, family, &tally);
    tally_add(&session->total, &tally);
}

// What the table says of itself.
static void check_table(struct session *session, const char *isa, size_t lanes, size_t mr,
                        size_t nr) {
    bool vector = strcmp(session->isa, "scalar") != 0;
    size_t row_lanes = 128 / session->size;
    if (strcmp(isa, session->isa) == 0 && (lanes > 1) == vector && row_lanes % lanes == 0 &&
        mr > 0 && nr > 0)
        return;
    fprintf(session->options->out, "FAIL %s/%s: its table says isa %s, %zu lanes, tile %zu x %zu\n",
            session->isa, session->precision, isa, lanes, mr, nr);
    session->total.failures++;
}

static void check_families(struct session *session) {
    for (size_t i = 0; i < COUNT(families); i++)
        check_family(session, families[i].family);
}

#define CHECK(bits)                                                                              \
    static void check_f##bits(struct session *session, const struct nb_kernels_f##bits *table) { \
        session->size = bits / 8;                                                                \
        session->precision = "f" #bits;                                                          \
        session->table = table;                                                                  \
        session->scalar = nb_isa_kernels_f##bits(NB_ISA_SCALAR);                                 \
        check_table(session, table->isa, table->lanes, table->mr, table->nr);                    \
        check_families(session);                                                                 \
    }
CHECK(32)
CHECK(64)

static struct session begin(const struct nb_check_options *options) {
    nb_crash_open();
    fprintf(options->out, "seed %llu\n", (unsigned long long)options->seed);
    return (struct session){.options = options};
}

static size_t end(const struct session *session) {
    nb_crash_close();
    FILE *out = session->options->out;
    const struct nb_tally *total = &session->total;
    if (session->options->starved != NULL)
        *session->options->starved += total->starved;
    if (session->checked == 0) {
        fprintf(out, "FAIL: nothing was checked\n");
        return total->failures + 1;
    }
    fprintf(
        out,
        "%zu kernels, %zu calls, %zu elements to the bit, %zu within their bound: %zu failures\n",
        session->checked, total->calls, total->exact, total->bounded, total->failures);
    return total->failures;
}

size_t nb_check_count(const struct nb_check_options *options) {
    size_t count = 0;
    char name[NAME_TEXT];
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        for (size_t i = 0; i < COUNT(kernels) && options->isas[isa] && nb_isa_usable(isa); i++)
            count += select_kernel(options, nb_isa_name(isa), "f32", &kernels[i], name) +
                     select_kernel(options, nb_isa_name(isa), "f64", &kernels[i], name);
    return count;
}

size_t nb_check_run(const struct nb_check_options *options) {
    struct session session = begin(options);
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        session.isa = nb_isa_name(isa);
        if (!options->isas[isa])
            continue;
        if (nb_isa_usable(isa)) {
            check_f32(&session, nb_isa_kernels_f32(isa));
            check_f64(&session, nb_isa_kernels_f64(isa));
        } else {
            fprintf(options->out, "%-8s skipped: %s\n", session.isa, nb_check_why_skipped(isa));
        }
    }
    return end(&session);
}

size_t nb_check_table_f32(const struct nb_check_options *options,
                          const struct nb_kernels_f32 *table) {
    struct session session = begin(options);
    session.isa = table->isa;
    check_f32(&session, table);
    return end(&session);
}

const char *nb_check_why_skipped(enum nb_isa isa) {
    return nb_isa_built(isa) ? "this computer cannot run it" : "not built into this program";
}
