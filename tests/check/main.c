// SPDX-License-Identifier: MIT
// check [--isa NAME] [--filter TEXT] [--seed N] [--verbose]
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "tests/check/check.h"

enum { USAGE = 2, SKIPPED = 77 };

static int usage(const char *why, const char *what) {
    fprintf(stderr, "check: %s%s\n", why, what);
    fprintf(stderr, "usage: check [--isa NAME] [--filter TEXT] [--seed N] [--verbose]\n");
    return USAGE;
}

int main(int argc, char **argv) {
    static const struct option known[] = {
        {"isa", required_argument, NULL, 'i'},
        {"filter", required_argument, NULL, 'f'},
        {"seed", required_argument, NULL, 's'},
        {"verbose", no_argument, NULL, 'v'},
        {0},
    };
    struct nb_check_options options = {.seed = 1, .command = argv[0], .out = stdout};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        char *end = NULL;
        switch (option) {
        case 'i':
            options.isa = optarg;
            break;
        case 'f':
            options.filter = optarg;
            break;
        case 's':
            errno = 0;
            options.seed = strtoull(optarg, &end, 10);
            if (errno || end == optarg || *end || *optarg == '-')
                return usage("--seed takes a whole number, not ", optarg);
            break;
        case 'v':
            options.verbose = true;
            break;
        default:
            return usage("unknown option", "");
        }
    }
    if (optind < argc)
        return usage("unexpected argument ", argv[optind]);
    if (options.isa) {
        enum nb_isa isa = nb_isa_by_name(options.isa);
        if (isa == NB_ISA_COUNT)
            return usage("no such ISA: ", options.isa);
        if (!nb_isa_usable(isa)) {
            printf("%s skipped: %s\n", options.isa, nb_check_why_skipped(isa));
            return SKIPPED;
        }
    }
    return nb_check_run(&options) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
