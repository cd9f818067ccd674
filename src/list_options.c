// SPDX-License-Identifier: MIT
#include "src/list_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "src/number.h"

static bool add_count(struct nb_counts *list, uint64_t value) {
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] == value)
            return false;
    if (list->count == NB_MAX_LIST)
        return false;
    list->values[list->count++] = value;
    return true;
}

// "7", "1..5" or "2..4096*2". Cuts `word` into its numbers.
static bool add_item(const struct nb_option *option, char *word, struct nb_counts *list) {
    uint64_t low = (uint64_t)option->low, high = (uint64_t)option->high, first, last, factor = 1;
    char *dots = strstr(word, "..");
    if (dots == NULL)
        return nb_parse_count(word, low, high, &first) && add_count(list, first);
    *dots = '\0';
    char *star = strchr(dots + 2, '*');
    if (star != NULL) {
        *star = '\0';
        if (!nb_parse_count(star + 1, 2, high, &factor))
            return false;
    }
    if (!nb_parse_count(word, low, high, &first) || !nb_parse_count(dots + 2, first, high, &last) ||
        (first == 0 && star != NULL)) // 0 times a factor goes nowhere
        return false;
    for (uint64_t value = first;; value = star == NULL ? value + 1 : value * factor) {
        if (!add_count(list, value))
            return false;
        if (star == NULL ? value == last : value > last / factor)
            return true;
    }
}

static bool counts_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_counts list = {.count = 0};
    char *copy = strdup(text), *rest = copy;
    bool good = copy != NULL;
    for (char *word; good && (word = strsep(&rest, ",")) != NULL;)
        good = add_item(option, word, &list);
    free(copy);
    if (good)
        *(struct nb_counts *)target = list;
    return good;
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

static bool reals_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_reals list = {.count = 0};
    char *copy = strdup(text), *rest = copy;
    bool good = copy != NULL;
    for (char *word; good && (word = strsep(&rest, ",")) != NULL;) {
        double value = 0;
        good = list.count < NB_MAX_LIST && nb_parse_real(word, option->low, option->high, &value);
        for (size_t i = 0; i < list.count; i++)
            good = good && list.values[i] != value;
        if (good)
            list.values[list.count++] = value;
    }
    free(copy);
    if (good)
        *(struct nb_reals *)target = list;
    return good;
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
