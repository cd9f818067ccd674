// SPDX-License-Identifier: MIT
// Numbers as text, the same in every locale.
#ifndef NB_SRC_NUMBER_H
#define NB_SRC_NUMBER_H

#define NB_NUMBER_TEXT 32

// The shortest decimal text (up to 17 digits) that reads back to the same double. Empty when the
// value is not finite.
void nb_number_exact(char text[NB_NUMBER_TEXT], double value);

// For people: `digits` (at most 9) after the point; scientific from 1e9 on. "nan", "inf", "-inf".
void nb_number_fixed(char text[NB_NUMBER_TEXT], double value, int digits);

#endif
