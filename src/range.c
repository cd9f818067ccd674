// SPDX-License-Identifier: MIT
#include "src/range.h"

#include <string.h>

#include "src/option.h"

// The whole number in [low, high] that is all of the text from `text` to `end`.
static bool parse_number(const char *text, const char *end, uint64_t low, uint64_t high,
                         uint64_t *value) {
    char word[64];
    size_t length = (size_t)(end - text);
    if (length >= sizeof word)
        return false;
    memcpy(word, text, length);
    word[length] = '\0';
    return nb_parse_count(word, low, high, value);
}

enum nb_range_fault nb_range_parse(struct nb_range *range, const char *text, size_t length,
                                   uint64_t low, uint64_t high) {
    const char *end = text + length, *dots = memmem(text, length, "..", 2);
    range->factor = 0;
    if (dots == NULL) {
        if (!parse_number(text, end, low, high, &range->first))
            return NB_RANGE_MALFORMED;
        range->last = range->first;
        return NB_RANGE_GOOD;
    }
    const char *upper = dots + 2, *star = memchr(upper, '*', (size_t)(end - upper));
    if (!parse_number(text, dots, low, high, &range->first) ||
        !parse_number(upper, star == NULL ? end : star, low, high, &range->last) ||
        (star != NULL && !parse_number(star + 1, end, 1, high, &range->factor)))
        return NB_RANGE_MALFORMED;
    if (range->last < range->first)
        return NB_RANGE_DOWNWARD;
    return range->factor == 1 ? NB_RANGE_SMALL_FACTOR : NB_RANGE_GOOD;
}

bool nb_range_next(const struct nb_range *range, uint64_t *value) {
    // 0 times a factor goes nowhere.
    if (range->factor == 0 ? *value == range->last
                           : *value == 0 || *value > range->last / range->factor)
        return false;
    *value = range->factor == 0 ? *value + 1 : *value * range->factor;
    return true;
}
