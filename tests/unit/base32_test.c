/* SPDX-License-Identifier: ISC */
/* base32_test.c - Crockford's base32: known values, every length, one form for each value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/base32.h"

static const struct {
    const char *bytes;
    size_t len;
    const char *text;
} known[] = {
    {"", 0, ""},
    {"\x00", 1, "00"},
    {"\xff", 1, "zw"},
    {"f", 1, "cr"},
    {"fo", 2, "csqg"},
    {"foo", 3, "csqpy"},
    {"foob", 4, "csqpyrg"},
    {"fooba", 5, "csqpyrk1"},
    {"foobar", 6, "csqpyrk1e8"},
    {"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf", 20,
     "0123456789abcdefghjkmnpqrstvwxyz"},
};

static void known_values_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char text[64];
        uint8_t bytes[32];
        es_base32_encode(known[i].bytes, known[i].len, ES_BASE32_LOWER, text);
        assert_string_equal(text, known[i].text);
        assert_true(es_base32_decode(text, strlen(text), bytes, known[i].len));
        assert_memory_equal(bytes, known[i].bytes, known[i].len);
    }
}

static void every_length_survives_in_either_case(void **state)
{
    (void)state;
    uint8_t bytes[67], back[67];
    char text[ES_BASE32_CHARS(sizeof(bytes)) + 1];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 151 + 7);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        for (int letters = ES_BASE32_LOWER; letters <= ES_BASE32_UPPER; letters++) {
            es_base32_encode(bytes, len, (enum es_base32_case)letters, text);
            assert_int_equal(strlen(text), ES_BASE32_CHARS(len));
            assert_true(es_base32_decode(text, strlen(text), back, len));
            assert_memory_equal(back, bytes, len);
        }
    }
}

static void upper_case_is_for_qr_codes(void **state)
{
    (void)state;
    char text[9];
    es_base32_encode("fooba", 5, ES_BASE32_UPPER, text);
    assert_string_equal(text, "CSQPYRK1");
}

static void look_alikes_are_read_as_digits(void **state)
{
    (void)state;
    uint8_t plain[5], typed[5];
    assert_true(es_base32_decode("10101010", 8, plain, sizeof(plain)));
    assert_true(es_base32_decode("IoLOiO1o", 8, typed, sizeof(typed)));
    assert_memory_equal(typed, plain, sizeof(plain));
}

static void what_is_not_one_value_is_refused_and_leaves_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t text_len;
        size_t len;
    } bad[] = {
        {"csqpyrk", 7, 5},   {"csqpyrk10", 9, 5}, {"csqpyrku", 8, 5}, {"csqp-rk1", 8, 5},
        {"csqp\0rk1", 8, 5}, {"cs", 2, 1},        {"zz", 2, 1},       {"csqpyr\xc3\xa9", 8, 5},
        {" csqpyrk", 8, 5},  {"", 0, 1},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t bytes[5] = {1, 2, 3, 4, 5};
        static const uint8_t zeros[5];
        assert_false(es_base32_decode(bad[i].text, bad[i].text_len, bytes, bad[i].len));
        assert_memory_equal(bytes, zeros, bad[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_both_ways),
        cmocka_unit_test(every_length_survives_in_either_case),
        cmocka_unit_test(upper_case_is_for_qr_codes),
        cmocka_unit_test(look_alikes_are_read_as_digits),
        cmocka_unit_test(what_is_not_one_value_is_refused_and_leaves_zeros),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
