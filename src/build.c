// SPDX-License-Identifier: MIT
#include "src/build.h"

#include <stdio.h>
#include <string.h>

#include "build_commit.h" // NB_BUILD_COMMIT: "HASH", "HASH-dirty" or "unknown", made anew by each build
#include "build_config.h" // the rest, made by Meson when it configures

const char *nb_build_version(void) { return NB_BUILD_VERSION; }
const char *nb_build_compiler(void) { return NB_BUILD_COMPILER; }
const char *nb_build_flags(void) { return NB_BUILD_FLAGS; }

bool nb_build_dirty(void) { return strstr(NB_BUILD_COMMIT, "-dirty") != NULL; }

const char *nb_build_commit(void) {
    static char commit[sizeof NB_BUILD_COMMIT];
    snprintf(commit, sizeof commit, "%.*s", (int)strcspn(NB_BUILD_COMMIT, "-"), NB_BUILD_COMMIT);
    return commit;
}
