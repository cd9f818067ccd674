// SPDX-License-Identifier: MIT
// The generator against PyTorch 1.13: words, initial weights and orders copied from torch, all
// equal to the bit.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "src/random.h"
#include "src/sha256.h"

enum { FEATURES = 784, HIDDEN = 256, CLASSES = 10, ROWS = 60000 };

static const struct {
    uint64_t seed;
    struct {
        size_t index;
        uint32_t word;
    } words[5]; // 623 and 624 are on either side of a new block
} streams[] = {
    {0,
     {{0, 0x8c7f0aac}, {1, 0x97c4aa2f}, {623, 0xe2031ce4}, {624, 0x145b8f3a}, {1999, 0xe5e070b5}}},
    {1,
     {{0, 0x6ac1f425}, {1, 0xff4780eb}, {623, 0x7792e739}, {624, 0x41d28138}, {1999, 0x083df88a}}},
    {42,
     {{0, 0x5fe1dc66}, {1, 0xcbea3db3}, {623, 0x40386559}, {624, 0x067d62e4}, {1999, 0x8573f5f0}}},
};

static void words_are_those_of_torch(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof streams / sizeof *streams; s++) {
        struct nb_random random;
        nb_random_seed(&random, streams[s].seed);
        size_t drawn = 0;
        for (size_t w = 0; w < 5; w++) {
            uint32_t word = 0;
            while (drawn <= streams[s].words[w].index) {
                word = nb_random_u32(&random);
                drawn++;
            }
            assert_int_equal(word, streams[s].words[w].word);
        }
    }
}

// torch.empty((), dtype=torch.int64).random_() after torch.manual_seed(1), with the sign bit.
static void long_words_have_the_high_half_first(void **state) {
    (void)state;
    struct nb_random random;
    nb_random_seed(&random, 1);
    assert_true(nb_random_u64(&random) == 0x6ac1f425ff4780ebu);
    assert_true(nb_random_u64(&random) == 0xb8672f8ceebc1448u);
}

static void only_the_low_half_of_a_seed_counts(void **state) {
    (void)state;
    static const uint64_t pairs[][2] = {{(1ull << 32) + 42, 42}, {UINT64_MAX, UINT32_MAX}};
    for (size_t i = 0; i < 2; i++) {
        struct nb_random a, b;
        nb_random_seed(&a, pairs[i][0]);
        nb_random_seed(&b, pairs[i][1]);
        assert_memory_equal(a.state, b.state, sizeof a.state);
        assert_int_equal(nb_random_u32(&a), nb_random_u32(&b));
    }
}

// The model 784-256-10 after torch.manual_seed(seed), then two epochs of DataLoader(shuffle=True)
// over 60,000 rows.
static const struct run {
    uint64_t seed;
    bool bias; // of the first layer; batch norm has none, which moves every later draw
    float first_weights[2];
    const char *first_sha256; // of the first layer's weights as little-endian float32
    float second_weights[2], last_bias;
    struct {
        uint32_t first[4], last[2];
        const char *sha256; // of the whole order as little-endian uint32
    } epochs[2];
    uint64_t after; // the next 64-bit draw, without its sign bit
} runs[] = {
    // clang-format off
    {0, true, {-0x1.186p-12f, 0x1.39e56ap-6f},
     "626b86807529c5b9dc8d1f698b55c22050732e0ee525c55cd48c8bdd0aeeb077",
     {-0x1.f7b12p-7f, 0x1.3d0f7p-7f}, 0x1.ed702p-7f,
     {{{22526, 41901, 22038, 20169}, {48867, 36680},
       "bb2ec262a8e13dd4176cd9ae946e10ce9fb57b492d9aba1f97e1927a43ca24ee"},
      {{46943, 50430, 18569, 26227}, {26901, 40431},
       "ceec0a9986c154fa750480257d362f31aac4f65a3f7878a9cfd74dc2b451832a"}},
     0x11d5e765f456fa59},
    {0, false, {-0x1.186p-12f, 0x1.39e56ap-6f},
     "626b86807529c5b9dc8d1f698b55c22050732e0ee525c55cd48c8bdd0aeeb077",
     {-0x1.4ff8ep-6f, 0x1.7c79a8p-6f}, 0x1.46b248p-5f,
     {{{53748, 8519, 25562, 29060}, {26499, 55395},
       "5aa0329d864dd491f44a2bb1889c161dd404bc130aed522625c72cf7c05630dd"},
      {{14085, 35717, 41861, 18842}, {42601, 32589},
       "e9ef137386ae193c19994fdf9bd1c1d813d017526af2e0bca7e27e3f3a81d972"}},
     0x79cc51a99633c292},
    {1, true, {0x1.2d80aap-6f, -0x1.0244f4p-6f},
     "408862ef1911d3fb854c96b3efb3e76b0a269ff586873edb27dbdb389069f7b3",
     {0x1.7522bcp-5f, -0x1.cfb57p-7f}, -0x1.b7d32p-6f,
     {{{1978, 59393, 2090, 52319}, {19968, 52878},
       "16166989814d884df3923e56b2691161ca31893914a7cc42b00eebdd18ff97db"},
      {{25846, 33178, 2564, 22226}, {44801, 15297},
       "6cbcf6c144aecf0bc4042fd3d07ed871343039b5a6a51bba7641f35c8767a38f"}},
     0x572f512b49da76c8},
    {1, false, {0x1.2d80aap-6f, -0x1.0244f4p-6f},
     "408862ef1911d3fb854c96b3efb3e76b0a269ff586873edb27dbdb389069f7b3",
     {0x1.30657p-7f, -0x1.6022dp-5f}, -0x1.08dcf4p-5f,
     {{{35560, 54160, 36555, 12260}, {20383, 11336},
       "0cacbae429a5c6c0cda446d4dcd0b0fe21eb39b34ea7cf576c5508bbe1e406c6"},
      {{10860, 16932, 22807, 199}, {23543, 50282},
       "913f806b4e010b360efdf6c04ebb0dd8b988435da8789d9859283b99960a95f4"}},
     0x5d1079586afbe929},
    {42, true, {0x1.bf5d42p-6f, 0x1.e5ac58p-6f},
     "e6b9e177ec7421cee6032692195a3d0d667ace195e33be2f4811020d2cb20bca",
     {-0x1.dfef4p-9f, -0x1.7e9ecp-7f}, 0x1.95703p-5f,
     {{{50283, 13277, 15969, 58482}, {44018, 53350},
       "85523bc11688313d2f20fc640422066d7f2785646dddd2c3a7b044b5e966b695"},
      {{53776, 52215, 2830, 47276}, {2204, 18049},
       "1a170dc2c01eac79962826a6b7bde0bbbe992cf664b83c0b468179325d215582"}},
     0x3b274a219299b79e},
    {42, false, {0x1.bf5d42p-6f, 0x1.e5ac58p-6f},
     "e6b9e177ec7421cee6032692195a3d0d667ace195e33be2f4811020d2cb20bca",
     {0x1.323abcp-5f, -0x1.069608p-6f}, 0x1.647f4cp-5f,
     {{{10379, 4208, 39520, 49722}, {31958, 9091},
       "4065f8918b035f4a7b9f2c4732e38ea82027f659599ef289eccb57dcf2270c3e"},
      {{18520, 39908, 45723, 3319}, {9710, 19607},
       "b4fe9d8306028b04b654352a3882409ac5f4e77e7569ad8acf6e30fc82ca04fc"}},
     0x0ce4f4555a0e088a},
    // clang-format on
};

static void assert_sha256(const void *data, size_t size, const char *expected) {
    char hex[65];
    struct nb_sha256 sha;
    nb_sha256_begin(&sha);
    nb_sha256_add(&sha, data, size);
    nb_sha256_end(&sha, hex);
    assert_string_equal(hex, expected);
}

static void assert_float_bits(float got, float expected) {
    assert_memory_equal(&got, &expected, sizeof got);
}

static void draw_layer(struct nb_random *random, float *values, size_t count, size_t fan_in) {
    for (size_t i = 0; i < count; i++)
        values[i] = nb_random_uniform(random, (float)(1 / sqrt((double)fan_in)));
}

static void models_and_orders_are_those_of_torch(void **state) {
    (void)state;
    static float first[HIDDEN * FEATURES], second[CLASSES * HIDDEN], bias[HIDDEN];
    static uint32_t order[ROWS];
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        const struct run *run = &runs[r];
        struct nb_random random;
        nb_random_seed(&random, run->seed);
        draw_layer(&random, first, HIDDEN * FEATURES, FEATURES);
        if (run->bias)
            draw_layer(&random, bias, HIDDEN, FEATURES);
        draw_layer(&random, second, CLASSES * HIDDEN, HIDDEN);
        draw_layer(&random, bias, CLASSES, HIDDEN);
        for (size_t i = 0; i < 2; i++) {
            assert_float_bits(first[i], run->first_weights[i]);
            assert_float_bits(second[i], run->second_weights[i]);
        }
        assert_float_bits(bias[CLASSES - 1], run->last_bias);
        assert_sha256(first, sizeof first, run->first_sha256);
        for (size_t e = 0; e < 2; e++) {
            nb_random_epoch_order(&random, order, ROWS);
            assert_memory_equal(order, run->epochs[e].first, sizeof run->epochs[e].first);
            assert_memory_equal(order + ROWS - 2, run->epochs[e].last, sizeof run->epochs[e].last);
            assert_sha256(order, sizeof order, run->epochs[e].sha256);
        }
        assert_true((nb_random_u64(&random) & INT64_MAX) == run->after);
    }
}

// torch.randperm(n) after torch.manual_seed(1), and the word that comes next: n - 1 draws, none for
// n <= 1.
static void small_permutations_are_those_of_torch(void **state) {
    (void)state;
    static const struct {
        size_t n;
        uint32_t order[10], next;
    } cases[] = {
        {0, {0}, 0x6ac1f425},
        {1, {0}, 0x6ac1f425},
        {2, {1, 0}, 0xff4780eb},
        {3, {1, 2, 0}, 0xb8672f8c},
        {10, {5, 6, 1, 2, 0, 8, 9, 3, 7, 4}, 0x3c7053c0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint32_t order[12];
        memset(order, 0xa5, sizeof order);
        struct nb_random random;
        nb_random_seed(&random, 1);
        nb_random_permutation(&random, order, cases[c].n);
        assert_memory_equal(order, cases[c].order, cases[c].n * sizeof *order);
        assert_int_equal(order[cases[c].n], 0xa5a5a5a5); // nothing is written past the end
        assert_int_equal(nb_random_u32(&random), cases[c].next);
    }
}

// Four draws of the main generator, even when there is nothing to shuffle.
static void an_epoch_costs_four_draws(void **state) {
    (void)state;
    for (size_t n = 0; n <= 3; n++) {
        uint32_t order[3];
        struct nb_random random, reference;
        nb_random_seed(&random, 42);
        nb_random_seed(&reference, 42);
        nb_random_epoch_order(&random, order, n);
        for (int i = 0; i < 4; i++)
            nb_random_u32(&reference);
        assert_int_equal(nb_random_u32(&random), nb_random_u32(&reference));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_torch),
        cmocka_unit_test(long_words_have_the_high_half_first),
        cmocka_unit_test(only_the_low_half_of_a_seed_counts),
        cmocka_unit_test(models_and_orders_are_those_of_torch),
        cmocka_unit_test(small_permutations_are_those_of_torch),
        cmocka_unit_test(an_epoch_costs_four_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
