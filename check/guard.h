// SPDX-License-Identifier: MIT
// Memory for one matrix between two pages that may not be touched. What is around the matrix and
// between its rows is filled with a canary.
#ifndef NB_CHECK_GUARD_H
#define NB_CHECK_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct nb_guard {
    unsigned char *base; // `room` usable bytes between the forbidden pages
    size_t room;
    unsigned char *data;           // where the matrix begins
    size_t rows, width, stride;    // of the matrix: bytes of a row, and from a row to the next
    unsigned char *first, *behind; // the part of `base` that the canary fills
};

bool nb_guard_open(struct nb_guard *guard, size_t room); // false when memory is short
void nb_guard_close(struct nb_guard *guard);

// Lays out a matrix whose last byte touches the page behind (at_end), or that begins `shift` bytes
// after the page in front, and returns it, filled with the canary. It must fit into the room.
void *nb_guard_place(struct nb_guard *guard, size_t rows, size_t width, size_t stride, bool at_end,
                     size_t shift);

// Whether every canary is as it was.
bool nb_guard_intact(const struct nb_guard *guard);

// -1 or 1 when the address is in the forbidden page in front or behind, else 0.
int nb_guard_side(const struct nb_guard *guard, const void *address);

#endif
