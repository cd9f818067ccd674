// SPDX-License-Identifier: MIT
// Bytes of images as the numbers a network takes: torchvision's ToTensor and Normalize, which
// compute in float. In double the same roundings are made one by one: the float that is nearest to
// a sum or quotient of floats in double is the one that float arithmetic gives (Figueroa, When is
// double rounding innocuous?, 1995).

static void pixel_normalize(size_t n, const uint8_t *x, float mean, float deviation, real *y) {
    const vec most = v_set1(255), m = v_set1(mean), d = v_set1(deviation);
#define STEP(i, lane, left)                                              \
    do {                                                                 \
        vec v = v_to_float(v_div(from_bytes_left(x + (i), left), most)); \
        v = v_to_float(v_div(v_to_float(v_sub(v, m)), d));               \
        store_left(y + (i), v, left);                                    \
    } while (0)
    FOR_ROW(n, STEP);
#undef STEP
}
