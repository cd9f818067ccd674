// SPDX-License-Identifier: MIT
// The records of a sweep as `report` reads them, up to its results and claims. The order of the
// lines does not matter; every run has the points that it says; and whatever the records say, the
// results are finished without a fault.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/claims.h"
#include "src/results.h"
#include "tests/fuzz/harness.h"

static enum nb_code read_study(struct nb_study *study, const void *data, size_t size) {
    struct nb_error error;
    nb_fuzz_file("records.jsonl", data, size);
    enum nb_code code = nb_study_read(study, nb_fuzz_folder(), &error);
    nb_fuzz_check(code, &error);
    NB_REQUIRE(code == NB_OK ? study->count > 0 : study->runs == NULL);
    return code;
}

static void check_run(const struct nb_study_run *run) {
    NB_REQUIRE(run->batch_size > 0 && run->epochs > 0 && run->rows > 0);
    NB_REQUIRE(run->outcome != NB_OUTCOME_OK || run->point_count == run->epochs);
    NB_REQUIRE(run->outcome == NB_OUTCOME_IMPOSSIBLE || run->isa < NB_ISA_COUNT);
}

// The lines (size bytes) from last to first, to be freed.
static char *reverse_lines(const uint8_t *data, size_t size) {
    char *reversed = nb_fuzz_text(data, size), *to = reversed;
    for (size_t end = size, begin; end > 0; end = begin) {
        begin = end - 1;
        while (begin > 0 && data[begin - 1] != '\n')
            begin--;
        memcpy(to, data + begin, end - begin);
        to += end - begin;
    }
    return reversed;
}

static void require_same_order(const struct nb_study *a, const struct nb_study *b) {
    NB_REQUIRE(a->count == b->count);
    for (size_t i = 0; i < a->count; i++)
        NB_REQUIRE(json_equal(a->runs[i].record, b->runs[i].record));
}

static void judge(const struct nb_study *study) {
    struct nb_sections sections;
    struct nb_error error;
    NB_REQUIRE(nb_sections_make(&sections, study, &error) == NB_OK);
    for (size_t i = 0; i < sections.count; i++) {
        const struct nb_targets targets = {0.1, 0.97};
        struct nb_results results;
        char text[NB_SECTION_TEXT];
        nb_section_title(&sections.sections[i], text);
        nb_section_describe(&sections.sections[i], text);
        NB_REQUIRE(nb_results_make(&results, &sections.sections[i], &targets, &error) == NB_OK);
        for (size_t c = 0; c < NB_CLAIMS; c++) {
            enum nb_verdict verdict;
            char evidence[NB_CLAIM_TEXT];
            if (nb_claim_applies(c, &results))
                NB_REQUIRE(nb_claim_judge(c, &results, &verdict, evidence, &error) == NB_OK);
        }
        nb_results_free(&results);
    }
    nb_sections_free(&sections);
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    struct nb_study study, again;
    enum nb_code code = read_study(&study, data, size);
    if (code != NB_OK)
        return;
    for (size_t i = 0; i < study.count; i++)
        check_run(&study.runs[i]);
    size_t compared, differing = nb_study_differing(&study, &compared);
    NB_REQUIRE(differing <= compared);
    char *reversed = reverse_lines(data, size);
    NB_REQUIRE(read_study(&again, reversed, size) == NB_OK);
    require_same_order(&study, &again);
    judge(&study);
    nb_study_free(&again);
    nb_study_free(&study);
    free(reversed);
}
