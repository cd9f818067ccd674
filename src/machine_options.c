// SPDX-License-Identifier: MIT
#include "src/machine_options.h"

#include <string.h>

#define NAME(id, name, exact, about) name,
const char *const nb_isa_words[] = {"auto", NB_ISA_LIST(NAME) NULL};
const char *const nb_isas_words[] = {"all", "auto", NB_ISA_LIST(NAME) NULL};
#undef NAME

// Adds to a list in NB_OPTION_TEXT bytes.
static void append(char *text, const char *separator, const char *word) {
    size_t used = strlen(text);
    snprintf(text + used, NB_OPTION_TEXT - used, "%s%s", separator, word);
}

static void append_usable(char *text) {
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        if (nb_isa_usable(isa))
            append(text, ", ", nb_isa_name(isa));
}

// The usable ISA of that name, or the best one for "auto"; else NB_ISA_COUNT.
static enum nb_isa usable_isa(const char *name) {
    if (strcmp(name, "auto") == 0)
        return nb_isa_best();
    enum nb_isa isa = nb_isa_by_name(name);
    return isa < NB_ISA_COUNT && nb_isa_usable(isa) ? isa : NB_ISA_COUNT;
}

static bool isa_parse(const struct nb_option *option, const char *text, void *target) {
    (void)option;
    enum nb_isa isa = usable_isa(text);
    if (isa == NB_ISA_COUNT)
        return false;
    *(const char **)target = strcmp(text, "auto") == 0 ? "auto" : nb_isa_name(isa);
    return true;
}

static void isa_format(const struct nb_option *option, const void *target, char *text) {
    nb_option_text.format(option, target, text);
}

static void isa_expect(const struct nb_option *option, char *text) {
    (void)option;
    strcpy(text, "usable here; choose one of auto");
    append_usable(text);
}

static bool isas_parse(const struct nb_option *option, const char *text, void *target) {
    (void)option;
    bool isas[NB_ISA_COUNT] = {false};
    char copy[NB_OPTION_TEXT], *rest = copy;
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        enum nb_isa isa = usable_isa(word);
        if (strcmp(word, "all") == 0)
            memset(isas, true, sizeof isas);
        else if (isa < NB_ISA_COUNT)
            isas[isa] = true;
        else
            return false;
    }
    memcpy(target, isas, sizeof isas);
    return true;
}

static void isas_format(const struct nb_option *option, const void *target, char *text) {
    (void)option;
    const bool *isas = target;
    *text = '\0';
    if (memchr(isas, false, NB_ISA_COUNT * sizeof *isas) == NULL) {
        strcpy(text, "all");
        return;
    }
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        if (isas[isa])
            append(text, *text == '\0' ? "" : ",", nb_isa_name(isa));
}

static void isas_expect(const struct nb_option *option, char *text) {
    (void)option;
    strcpy(text, "usable here; choose all, or a list out of auto");
    append_usable(text);
}

static bool threads_parse(const struct nb_option *option, const char *text, void *target) {
    if (strcmp(text, "auto") != 0)
        return nb_option_count.parse(option, text, target);
    *(size_t *)target = 0;
    return true;
}

static void threads_format(const struct nb_option *option, const void *target, char *text) {
    if (*(const size_t *)target == 0)
        strcpy(text, "auto");
    else
        nb_option_count.format(option, target, text);
}

static void threads_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT, "auto or a whole number from %.0f to %.0f", option->low,
             option->high);
}

static bool thread_counts_parse(const struct nb_option *option, const char *text, void *target) {
    struct nb_thread_counts list = {.count = 0};
    char copy[NB_OPTION_TEXT], *rest = copy;
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        size_t threads;
        if (list.count == NB_MAX_THREAD_COUNTS || !threads_parse(option, word, &threads))
            return false;
        for (size_t i = 0; i < list.count; i++)
            if (list.values[i] == threads)
                return false;
        list.values[list.count++] = threads;
    }
    *(struct nb_thread_counts *)target = list;
    return true;
}

static void thread_counts_format(const struct nb_option *option, const void *target, char *text) {
    const struct nb_thread_counts *list = target;
    *text = '\0';
    for (size_t i = 0; i < list->count; i++) {
        char threads[NB_OPTION_TEXT];
        threads_format(option, &list->values[i], threads);
        append(text, i == 0 ? "" : ",", threads);
    }
}

static void thread_counts_expect(const struct nb_option *option, char *text) {
    snprintf(text, NB_OPTION_TEXT,
             "a list of at most %d different numbers from %.0f to %.0f or auto, such as 1,2,auto",
             NB_MAX_THREAD_COUNTS, option->low, option->high);
}

const struct nb_option_type nb_option_isa = {isa_parse, isa_format, isa_expect};
const struct nb_option_type nb_option_isas = {isas_parse, isas_format, isas_expect};
const struct nb_option_type nb_option_threads = {threads_parse, threads_format, threads_expect};
const struct nb_option_type nb_option_thread_counts = {thread_counts_parse, thread_counts_format,
                                                       thread_counts_expect};
