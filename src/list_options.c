// SPDX-License-Identifier: MIT
#include "src/list_options.h"

#include <inttypes.h>
#include <string.h>

#include "src/number.h"
#include "src/range.h"

static bool add_count(struct nb_counts *list, uint64_t value) {
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] == value)
            return false;
    if (list->count == NB_MAX_LIST)
        return false;
    list->values[list->count++] = value;
    return true;
}

static bool add_range(const struct nb_option *option, const char *word, size_t length, void *list) {
    struct nb_range range;
    if (nb_range_parse(&range, word, length, (uint64_t)option->low, (uint64_t)option->high) !=
            NB_RANGE_GOOD ||
        (range.first == 0 && range.factor > 0))
        return false;
    uint64_t value = range.first;
    do
        if (!add_count(list, value))
            return false;
    while (nb_range_next(&range, &value));
    return true;
}

// Adds one word of a list, which is not terminated, to the list; false if it is none of its values.
typedef bool (*add_fn)(const struct nb_option *option, const char *word, size_t length, void *list);

static bool add_words(const struct nb_option *option, const char *text, add_fn add, void *list) {
    for (const char *word = text;; word++) {
        size_t length = strcspn(word, ",");
        if (!add(option, word, length, list))
            return false;
        word += length;
        if (*word == '\0')
            return true;
    }
}

static bool counts_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_counts list = {.count = 0};
    if (!add_words(option, text, add_range, &list))
        return false;
    *(struct nb_counts *)target = list;
    return true;
}

static void counts_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    const struct nb_counts *list = target;
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < list->count && used < NB_OPTION_TEXT; i++)
        used += (size_t)snprintf(text + used, NB_OPTION_TEXT - used, "%s%" PRIu64,
                                 i == 0 ? "" : ",", list->values[i]);
}

static void counts_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT,
             "a list of at most %d different whole numbers from %.0f to %.0f, or of ranges such as "
             "1..5 or 2..4096*2",
             NB_MAX_LIST, option->low, option->high);
}

static bool add_real(const struct nb_option *option, const char *word, size_t length,
                     void *target) {
    struct nb_reals *list = target;
    char number[NB_OPTION_TEXT];
    double value = 0;
    if (length >= sizeof number || list->count == NB_MAX_LIST)
        return false;
    memcpy(number, word, length);
    number[length] = '\0';
    if (!nb_parse_real(number, option->low, option->high, &value))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] == value)
            return false;
    list->values[list->count++] = value;
    return true;
}

static bool reals_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_reals list = {.count = 0};
    if (!add_words(option, text, add_real, &list))
        return false;
    *(struct nb_reals *)target = list;
    return true;
}

static void reals_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    const struct nb_reals *list = target;
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < list->count && used < NB_OPTION_TEXT; i++) {
        char number[NB_NUMBER_TEXT];
        nb_number_exact(number, list->values[i]);
        used +=
            (size_t)snprintf(text + used, NB_OPTION_TEXT - used, "%s%s", i == 0 ? "" : ",", number);
    }
}

static void reals_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT, "a list of different numbers %s, with commas between",
             option->range);
}

const struct nb_option_type nb_option_counts = {counts_parse, counts_format, counts_expect};
const struct nb_option_type nb_option_reals = {reals_parse, reals_format, reals_expect};
