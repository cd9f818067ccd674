// SPDX-License-Identifier: MIT
#include "src/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "src/number.h"

static const char digits[] = "0123456789";

bool nb_parse_count(const char *text, uint64_t low, uint64_t high, uint64_t *value) {
    if (*text == '\0' || text[strspn(text, digits)] != '\0')
        return false;
    errno = 0;
    uint64_t number = strtoull(text, NULL, 10);
    if (errno != 0 || number < low || number > high)
        return false;
    *value = number;
    return true;
}

// Length of [+-]digits[.digits][e[+-]digits] at the start of `text`; 0 if there is no such number.
// strtod alone would also take "nan", "inf", hexadecimal and leading spaces.
static size_t decimal_length(const char *text) {
    const char *p = text;
    p += *p == '+' || *p == '-';
    size_t whole = strspn(p, digits);
    p += whole;
    size_t fraction = 0;
    if (*p == '.') {
        fraction = strspn(p + 1, digits);
        p += 1 + fraction;
    }
    if (whole + fraction == 0)
        return 0;
    if (*p == 'e' || *p == 'E') {
        const char *exponent = p + 1;
        exponent += *exponent == '+' || *exponent == '-';
        size_t length = strspn(exponent, digits);
        if (length > 0)
            p = exponent + length;
    }
    return (size_t)(p - text);
}

bool nb_parse_real(const char *text, double low, double high, double *value) {
    size_t length = decimal_length(text);
    if (length == 0 || text[length] != '\0')
        return false;
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c == (locale_t)0)
        return false;
    errno = 0;
    double number = strtod_l(text, NULL, c);
    // A number below the normal ones is one, if not all of its digits are kept.
    bool ok = (errno == 0 || number != 0) && number >= low && number <= high;
    freelocale(c);
    if (ok)
        *value = number;
    return ok;
}

// Index of `word` (length bytes) in the choices, or -1.
static int choice_index(const char *const *choices, const char *word, size_t length) {
    for (int i = 0; choices[i] != NULL; i++)
        if (strlen(choices[i]) == length && memcmp(choices[i], word, length) == 0)
            return i;
    return -1;
}

// Appends to text, which stays inside its NB_OPTION_TEXT bytes.
static void append(char *text, const char *more) {
    size_t used = strlen(text);
    snprintf(text + used, NB_OPTION_TEXT - used, "%s", more);
}

static void append_choices(char *text, const struct nb_option *option) {
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        append(text, i == 0 ? " " : ", ");
        append(text, option->choices[i]);
    }
}

static bool flag_parse(const struct nb_option *option, const char *text, void *target) {
    (void)option;
    static const char *const no[] = {"no", "false", "0", "off", NULL};
    static const char *const yes[] = {"yes", "true", "1", "on", NULL};
    size_t length = strlen(text);
    bool on = choice_index(yes, text, length) >= 0;
    if (!on && choice_index(no, text, length) < 0)
        return false;
    *(bool *)target = on;
    return true;
}

static void flag_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    strcpy(text, *(const bool *)target ? "yes" : "no");
}

static void flag_expect(const struct nb_option *option, char *text) {
    (void)option;
    strcpy(text, "yes or no");
}

static bool count_parse(const struct nb_option *option, const char *text, void *target) {
    uint64_t number;
    if (!nb_parse_count(text, (uint64_t)option->low, (uint64_t)option->high, &number))
        return false;
    *(size_t *)target = (size_t)number;
    return true;
}

static void count_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    snprintf(text, NB_OPTION_TEXT, "%zu", *(const size_t *)target);
}

static void count_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT, "a whole number from %.0f to %.0f", option->low, option->high);
}

static bool u63_parse(const struct nb_option *option, const char *text, void *target) {
    (void)option;
    return nb_parse_count(text, 0, INT64_MAX, target);
}

static void u63_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    snprintf(text, NB_OPTION_TEXT, "%" PRIu64, *(const uint64_t *)target);
}

static void u63_expect(const struct nb_option *option, char *text) {
    (void)option;
    snprintf(text, NB_OPTION_TEXT, "a whole number from 0 to %" PRId64, INT64_MAX);
}

static bool real_parse(const struct nb_option *option, const char *text, void *target) {
    return nb_parse_real(text, option->low, option->high, target);
}

static void real_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    nb_number_exact(text, *(const double *)target);
}

static void real_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT, "a number %s", option->range);
}

static bool text_parse(const struct nb_option *option, const char *text, void *target) {
    (void)option;
    *(const char **)target = text;
    return true;
}

static void text_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    const char *value = *(const char *const *)target;
    snprintf(text, NB_OPTION_TEXT, "%s", value == NULL ? "" : value);
}

static void text_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT, "a %s", option->value);
}

static bool word_parse(const struct nb_option *option, const char *text, void *target) {
    int index = choice_index(option->choices, text, strlen(text));
    if (index < 0)
        return false;
    *(const char **)target = option->choices[index];
    return true;
}

static bool choice_parse(const struct nb_option *option, const char *text, void *target) {
    int index = choice_index(option->choices, text, strlen(text));
    if (index < 0)
        return false;
    *(int *)target = index;
    return true;
}

static void choice_format(const struct nb_option *option, const void *target, char *text) {
    snprintf(text, NB_OPTION_TEXT, "%s", option->choices[*(const int *)target]);
}

static void choice_expect(const struct nb_option *option, char *text) {
    strcpy(text, "one of");
    append_choices(text, option);
}

static bool choices_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_choices chosen = {.count = 0};
    for (const char *word = text;; word++) {
        size_t length = strcspn(word, ",");
        int index = choice_index(option->choices, word, length);
        if (index < 0 || chosen.count == NB_MAX_CHOICES)
            return false;
        for (size_t i = 0; i < chosen.count; i++)
            if (chosen.values[i] == index)
                return false;
        chosen.values[chosen.count++] = index;
        word += length;
        if (*word == '\0')
            break;
    }
    *(struct nb_choices *)target = chosen;
    return true;
}

static void choices_format(const struct nb_option *option, const void *target, char *text) {
    const struct nb_choices *chosen = target;
    *text = '\0';
    for (size_t i = 0; i < chosen->count; i++) {
        append(text, i == 0 ? "" : ",");
        append(text, option->choices[chosen->values[i]]);
    }
}

static void choices_expect(const struct nb_option *option, char *text) {
    strcpy(text, "a list of different words, with commas between, out of");
    append_choices(text, option);
}

const struct nb_option_type nb_option_flag = {flag_parse, flag_format, flag_expect};
const struct nb_option_type nb_option_count = {count_parse, count_format, count_expect};
const struct nb_option_type nb_option_u63 = {u63_parse, u63_format, u63_expect};
const struct nb_option_type nb_option_real = {real_parse, real_format, real_expect};
const struct nb_option_type nb_option_text = {text_parse, text_format, text_expect};
const struct nb_option_type nb_option_word = {word_parse, text_format, choice_expect};
const struct nb_option_type nb_option_choice = {choice_parse, choice_format, choice_expect};
const struct nb_option_type nb_option_choices = {choices_parse, choices_format, choices_expect};

enum nb_code nb_option_set(const struct nb_option *option, const char *source, const char *text,
                           void *options, struct nb_error *error) {
    if (*text != '\0' && option->type->parse(option, text, (char *)options + option->offset))
        return NB_OK;
    char expected[NB_OPTION_TEXT];
    option->type->expect(option, expected);
    if (*text == '\0')
        return nb_error_set(error, NB_USAGE, "%s: is empty; it takes %s", source, expected);
    return nb_error_set(error, NB_USAGE, "%s: '%.200s' is not %s", source, text, expected);
}

void nb_option_variable(const struct nb_option *option, char variable[NB_OPTION_TEXT]) {
    snprintf(variable, NB_OPTION_TEXT, "NORMBENCH_%s", option->name);
    for (char *p = variable; *p != '\0'; p++)
        *p = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
}

// Edits (insert, delete, replace, swap of neighbours) between two words of less than 64 bytes;
// longer ones are not compared.
static size_t distance(const char *a, const char *b) {
    enum { MAX = 64 };
    size_t n = strlen(a), m = strlen(b), row[3][MAX];
    if (n >= MAX || m >= MAX)
        return SIZE_MAX;
    size_t *before = row[0], *last = row[1], *now = row[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = before;
        before = last, last = now, now = spare;
    }
    return last[m];
}

const char *nb_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t least = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t edits = distance(word, candidates[i]);
        if (edits < least)
            least = edits, nearest = candidates[i];
    }
    return nearest;
}
