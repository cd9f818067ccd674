// SPDX-License-Identifier: MIT
#include "src/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// The C library keeps this locale as a constant: making it allocates nothing and cannot fail.
static locale_t enter_c_locale(void) { return uselocale(newlocale(LC_ALL_MASK, "C", NULL)); }

void nb_number_exact(char text[NB_NUMBER_TEXT], double value) {
    text[0] = '\0';
    if (!isfinite(value))
        return;
    locale_t before = enter_c_locale();
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NB_NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    uselocale(before);
}

void nb_number_fixed(char text[NB_NUMBER_TEXT], double value, int digits) {
    locale_t before = enter_c_locale();
    if (isnan(value))
        snprintf(text, NB_NUMBER_TEXT, "nan"); // printf would show its sign
    else if (isfinite(value) && fabs(value) >= 1e9)
        snprintf(text, NB_NUMBER_TEXT, "%.*e", digits, value);
    else
        snprintf(text, NB_NUMBER_TEXT, "%.*f", digits, value);
    uselocale(before);
}
