// SPDX-License-Identifier: MIT
#include "check/layout.h"

#include <string.h>

// Bytes above which a layout with rows far apart is left out, for the time it takes.
#define FAR_APART ((size_t)1 << 20)

const struct nb_layout nb_layouts[] = {
    {"packed", true, 0, 0, false, -1, false},
    {"padded", false, 3, 0, false, -1, false},
    {"shifted", false, 1, 1, false, -1, false},
    {"far apart", true, 1021, 0, false, -1, false},
    {"in place", true, 2, 0, true, -1, false},
    {"cut in its first extent", true, 0, 0, false, 0, false},
    {"cut in its second extent", true, 0, 0, false, 1, false},
    {"in steps", true, 2, 0, false, -1, true},
    {"in steps, in place", true, 0, 0, true, -1, true},
    {0},
};

bool nb_layout_fits(const struct nb_layout *layout, const struct nb_subject *subject,
                    const struct nb_values *values) {
    if (layout->cut >= 0 && subject->cuts[layout->cut].step == 0)
        return false;
    if (layout->in_steps && subject->steps[0].call == NULL)
        return false;
    bool over = false;
    for (size_t o = 0; o < NB_OPERANDS && subject->operands[o].name; o++) {
        const struct nb_values *v = &values[o];
        if (layout->pad > 3 && v->rows * (v->cols + layout->pad) * v->size > FAR_APART)
            return false;
        over |= v->written && subject->operands[o].over >= 0;
    }
    return over || !layout->in_place;
}

void nb_layout_place(const struct nb_layout *layout, const struct nb_subject *subject,
                     const struct nb_values *values, struct nb_guard *guards,
                     struct nb_call *call) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *v = &values[o];
        const struct nb_operand *operand = &subject->operands[o];
        // Sums per block of rows have no leading dimension in the interface.
        call->ld[o] = v->cols + (operand->rows == NB_M_BLOCKS ? 0 : layout->pad);
        call->at[o] = NULL;
        if (!v->read && !v->written)
            continue;
        if (layout->in_place && v->written && operand->over >= 0) {
            call->at[o] = call->at[operand->over];
            continue;
        }
        size_t width = v->cols * v->size, stride = call->ld[o] * v->size;
        unsigned char *at = nb_guard_place(&guards[o], v->rows, width, stride, layout->at_end,
                                           layout->shift * v->size);
        for (size_t row = 0; row < v->rows && width > 0; row++)
            memcpy(at + row * stride, (unsigned char *)v->given + row * width, width);
        call->at[o] = at;
    }
}

struct nb_call nb_layout_piece(const struct nb_subject *subject, const struct nb_values *values,
                               const struct nb_call *whole, enum nb_extent along, size_t first,
                               size_t end) {
    struct nb_call piece = *whole;
    *(along == NB_M ? &piece.m : &piece.n) = end - first;
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_operand *operand = &subject->operands[o];
        const size_t panel = nb_operand_panel(operand, values[o].size);
        size_t skip = 0;
        if (operand->rows == along)
            skip += first / panel * piece.ld[o];
        if (operand->cols == along)
            skip += first * panel;
        if (operand->rows == NB_M_BLOCKS && along == NB_M)
            skip += first / NB_BLOCK_ROWS * piece.ld[o];
        if (piece.at[o])
            piece.at[o] = (unsigned char *)piece.at[o] + skip * values[o].size;
    }
    return piece;
}
