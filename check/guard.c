// SPDX-License-Identifier: MIT
#include "check/guard.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// A NaN in f32 and in f64, so that a canary which a kernel reads and uses spoils its result.
#define CANARY 0xff

// Bytes of canary on the side of the matrix that touches no forbidden page.
#define MARGIN 512

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

bool nb_guard_open(struct nb_guard *guard, size_t room) {
    size_t page = page_size();
    room = (room + page - 1) / page * page;
    unsigned char *all = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return false;
    *guard = (struct nb_guard){.base = all + page, .room = room};
    if (mprotect(guard->base, room, PROT_READ | PROT_WRITE) == 0)
        return true;
    nb_guard_close(guard);
    return false;
}

void nb_guard_close(struct nb_guard *guard) {
    size_t page = page_size();
    if (guard->base)
        munmap(guard->base - page, guard->room + 2 * page);
    *guard = (struct nb_guard){0};
}

void *nb_guard_place(struct nb_guard *guard, size_t rows, size_t width, size_t stride, bool at_end,
                     size_t shift) {
    size_t extent = rows > 0 && width > 0 ? (rows - 1) * stride + width : 0;
    unsigned char *end = guard->base + guard->room;
    guard->rows = extent > 0 ? rows : 0;
    guard->width = width;
    guard->stride = stride;
    if (at_end) {
        guard->data = end - extent;
        guard->behind = end;
        guard->first = extent + MARGIN < guard->room ? guard->data - MARGIN : guard->base;
    } else {
        guard->data = guard->base + shift;
        guard->first = guard->base;
        guard->behind = shift + extent + MARGIN < guard->room ? guard->data + extent + MARGIN : end;
    }
    memset(guard->first, CANARY, (size_t)(guard->behind - guard->first));
    return guard->data;
}

static bool all_canary(const unsigned char *from, const unsigned char *to) {
    return from >= to || (*from == CANARY && memcmp(from, from + 1, (size_t)(to - from) - 1) == 0);
}

bool nb_guard_intact(const struct nb_guard *guard) {
    const unsigned char *gap = guard->first;
    for (size_t row = 0; row < guard->rows; row++) {
        const unsigned char *start = guard->data + row * guard->stride;
        if (!all_canary(gap, start))
            return false;
        gap = start + guard->width;
    }
    return all_canary(gap, guard->behind);
}

int nb_guard_side(const struct nb_guard *guard, const void *address) {
    const unsigned char *at = address, *end = guard->base + guard->room;
    size_t page = page_size();
    if (at >= guard->base - page && at < guard->base)
        return -1;
    return at >= end && at < end + page ? 1 : 0;
}
