// SPDX-License-Identifier: MIT
#include "src/profile.h"

const char *nb_phase_name(enum nb_phase phase) {
#define PHASE(NAME, name, what) [NB_PHASE_##NAME] = (name),
    static const char *const names[] = {NB_PHASE_LIST(PHASE)};
#undef PHASE
    return names[phase];
}

const char *nb_phase_what(enum nb_phase phase) {
#define PHASE(NAME, name, what) [NB_PHASE_##NAME] = (what),
    static const char *const texts[] = {NB_PHASE_LIST(PHASE)};
#undef PHASE
    return texts[phase];
}
