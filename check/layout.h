// SPDX-License-Identifier: MIT
// How the operands of one call lie in memory, and the pieces that a call may be made in.
#ifndef NB_CHECK_LAYOUT_H
#define NB_CHECK_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "check/guard.h"
#include "check/subject.h"

struct nb_layout {
    const char *name;
    bool at_end;       // the last element touches the forbidden page, else the first one does
    size_t pad, shift; // elements between rows, and in front of the first one
    bool in_place;     // outputs that may be the same array as an input are
    int cut;           // make the call in pieces: index into the subject's cuts, or -1
    bool in_steps;     // make the subject's steps, in pieces, instead of the call
};

// All layouts, ended by one without a name. The first is the plain one.
extern const struct nb_layout nb_layouts[];

// The values of one operand, dense.
struct nb_values {
    size_t rows, cols, count, size; // size of an element
    void *given, *wanted, *got;   // before the call, after the model's, after the kernel under test
    struct nb_expected *expected; // of the reference
    bool read, written;
};

// Whether the layout says anything new about this subject, and its operands are not too large for
// it.
bool nb_layout_fits(const struct nb_layout *layout, const struct nb_subject *subject,
                    const struct nb_values *values);

// Sets where each operand of the call is, one guard each, and fills it with what it holds before
// the call.
void nb_layout_place(const struct nb_layout *layout, const struct nb_subject *subject,
                     const struct nb_values *values, struct nb_guard *guards, struct nb_call *call);

// The part of a call from `first` to `end` of the extent `along`, NB_M or NB_N.
struct nb_call nb_layout_piece(const struct nb_subject *subject, const struct nb_values *values,
                               const struct nb_call *whole, enum nb_extent along, size_t first,
                               size_t end);

#endif
