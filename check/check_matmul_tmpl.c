// SPDX-License-Identifier: MIT
#include "check/bounded.h"

enum { A, B, C, BIAS };

#define LR ((real)0.1)
#define DECAY ((real)0.01)

// The epilogues. `bias` stands for any pointer that is not NULL.
static const struct NB_REAL(nb_epilogue) epilogues[] = {
    {0},
    {.accumulate = true},
    {.bias = &(real){0}},
    {.relu = true},
    {.bias = &(real){0}, .relu = true},
    {.accumulate = true, .bias = &(real){0}, .relu = true},
    {.sgd = true, .lr = LR},
    {.sgd = true, .lr = LR, .weight_decay = DECAY},
    {0},
};
static const char *const names[] = {"empty epilogue",
                                    "accumulate",
                                    "bias",
                                    "relu",
                                    "bias + relu",
                                    "accumulate + bias + relu",
                                    "sgd",
                                    "sgd with weight decay",
                                    "no epilogue"};
#define MODES (sizeof epilogues / sizeof *epilogues)
#define READS_C (1u << 1 | 1u << 5 | 1u << 6 | 1u << 7)
#define READS_BIAS (1u << 2 | 1u << 4 | 1u << 5)

#define CALL(form)                                                                             \
    static void call_##form(const void *table, const struct nb_call *call) {                   \
        const struct NB_REAL(nb_kernels) *kernels = table;                                     \
        struct NB_REAL(nb_epilogue) out = epilogues[call->mode];                               \
        out.bias = OPERAND(BIAS);                                                              \
        kernels->matmul_##form(call->m, call->n, call->k, OPERAND(A), call->ld[A], OPERAND(B), \
                               call->ld[B], OPERAND(C), call->ld[C],                           \
                               call->mode == MODES - 1 ? NULL : &out);                         \
    }
CALL(nn)
CALL(nt)
CALL(tn)
CALL(nn_panels)
CALL(nt_panels)

// How each form finds element (i, k) of the left and (k, j) of the right factor.
struct form {
    bool left_transposed, right_transposed, right_panels;
};

static real left(struct form form, const struct nb_call *call, size_t i, size_t k) {
    return form.left_transposed ? AT(A, k, i) : AT(A, i, k);
}

static real right(struct form form, const struct nb_call *call, size_t k, size_t j) {
    const size_t row = form.right_transposed ? j : k, col = form.right_transposed ? k : j;
    if (form.right_panels)
        return AT(B, col / NB_PANEL(real), row * NB_PANEL(real) + col % NB_PANEL(real));
    return AT(B, row, col);
}

// The chain of contract rule 1.
static void textbook(struct form form, const struct nb_call *call) {
    const struct NB_REAL(nb_epilogue) *out = &epilogues[call->mode];
    for (size_t i = 0; i < call->m; i++) {
        for (size_t j = 0; j < call->n; j++) {
            real s = out->accumulate ? AT(C, i, j) : 0;
            for (size_t k = 0; k < call->k; k++)
                s = (real)fma(left(form, call, i, k), right(form, call, k, j), s);
            if (out->sgd) {
                real c = AT(C, i, j);
                real d = out->weight_decay != 0 ? (real)fma(out->weight_decay, c, s) : s;
                s = (real)fma(-out->lr, d, c);
            }
            if (out->bias)
                s += AT(BIAS, 0, j);
            AT(C, i, j) = out->relu && s < 0 ? 0 : s;
        }
    }
}

// A chain of k FMAs has one rounding each: |error| <= gamma(k) (sum |a| |b| + |c|), c passing all k
// of them. Without FMA a product has one more.
static void reference(struct form form, const struct nb_call *call,
                      struct nb_expected *const expected[]) {
    const struct NB_REAL(nb_epilogue) *out = &epilogues[call->mode];
    for (size_t i = 0; i < call->m; i++) {
        for (size_t j = 0; j < call->n; j++) {
            struct bounded_sum sum = {0};
            if (out->accumulate)
                sum_add(&sum, exactly(AT(C, i, j)));
            for (size_t k = 0; k < call->k; k++)
                sum_add(&sum, (struct bounded){
                                  (wide)left(form, call, i, k) * right(form, call, k, j), TINY});
            struct bounded s = sum_end(&sum, call->k + (call->any_order ? 1 : 0));
            if (out->sgd) {
                struct bounded c = exactly(AT(C, i, j));
                if (out->weight_decay != 0)
                    s = plus(s, times(exactly(out->weight_decay), c));
                s = minus(c, times(exactly(out->lr), s));
            }
            if (out->bias)
                s = plus(s, exactly(AT(BIAS, 0, j)));
            expected[C][i * call->n + j] = expect(out->relu ? clipped(s) : s);
        }
    }
}

#define FORM(name, ...)                                                  \
    static void textbook_##name(const struct nb_call *call) {            \
        textbook((struct form){__VA_ARGS__}, call);                      \
    }                                                                    \
    static void reference_##name(const struct nb_call *call,             \
                                 struct nb_expected *const expected[]) { \
        reference((struct form){__VA_ARGS__}, call, expected);           \
    }
FORM(nn, false)
FORM(nt, .right_transposed = true)
FORM(tn, .left_transposed = true)
FORM(nn_panels, .right_panels = true)
FORM(nt_panels, .right_transposed = true, .right_panels = true)

#define SUBJECT(form, a_rows, a_cols, cut_n, ...)                                            \
    {                                                                                        \
        .kernel = "matmul_" #form, .shape = NB_PRODUCT, .modes = MODES, .mode_names = names, \
        .cuts = {{NB_M, 1}, {NB_N, cut_n}},                                                  \
        .operands = {NB_IN("a", a_rows, a_cols, NB_FILL_DATA),                               \
                     __VA_ARGS__,                                                            \
                     {"c", NB_M, NB_N, NB_FILL_DATA, READS_C, NB_ALWAYS, -1, false},         \
                     {"bias", NB_ONE, NB_N, NB_FILL_DATA, READS_BIAS, 0, -1, false}},        \
        .call = call_##form, .textbook = textbook_##form, .reference = reference_##form,     \
    }

const struct nb_subject NB_REAL(nb_check_matmul)[] = {
    SUBJECT(nn, NB_M, NB_K, 1, NB_IN("b", NB_K, NB_N, NB_FILL_DATA)),
    SUBJECT(nt, NB_M, NB_K, 1, NB_IN("b", NB_N, NB_K, NB_FILL_DATA)),
    SUBJECT(tn, NB_K, NB_M, 1, NB_IN("b", NB_K, NB_N, NB_FILL_DATA)),
    SUBJECT(nn_panels, NB_M, NB_K, NB_PANEL(real), NB_PANELS("b", NB_N, NB_K, NB_FILL_DATA)),
    SUBJECT(nt_panels, NB_M, NB_K, 1, NB_PANELS("b", NB_K, NB_N, NB_FILL_DATA)),
    {0},
};
