// SPDX-License-Identifier: MIT
// Bytes of images as numbers, in float whatever the precision of the network.

static void pixel_normalize(size_t n, const uint8_t *x, float mean, float deviation, real *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = ((float)x[i] / 255.0f - mean) / deviation;
}
