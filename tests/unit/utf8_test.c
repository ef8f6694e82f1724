/* SPDX-License-Identifier: ISC */
/* utf8_test.c - what is text, by all code points and by the known ways to spell none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/utf8.h"

static bool valid(const char *text)
{
    return es_utf8_valid(es_slice(text, strlen(text)));
}

/* Writes a number in len bytes as if it were a code point, overlong or not. */
static void spell(uint32_t number, size_t len, uint8_t ret[static 4])
{
    static const uint8_t lead[] = {0x00, 0x00, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i > 1; i--) {
        ret[i - 1] = (uint8_t)(0x80 | (number & 0x3f));
        number >>= 6;
    }
    ret[0] = (uint8_t)(lead[len] | number);
}

static size_t shortest(uint32_t number)
{
    return number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
}

static void every_number_has_one_spelling_or_none(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < 0x200000; number++) {
        bool character = number != 0 && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);

        for (size_t len = shortest(number); len <= 4; len++) {
            uint8_t bytes[4];

            spell(number, len, bytes);
            if (es_utf8_valid(es_slice(bytes, len)) != (character && len == shortest(number)))
                fail_msg("U+%X in %zu bytes", (unsigned)number, len);
        }
    }
}

static void texts_of_many_kinds_pass(void **state)
{
    (void)state;
    assert_true(valid(""));
    assert_true(valid("plain"));
    assert_true(valid("Grüße, Δ, 語, \xf0\x9f\x91\x8b"));
    assert_true(valid("\x1b[31m\x7f")); /* escapes are the display's business */
}

static void cut_characters_are_refused(void **state)
{
    static const char *const whole[] = {"\xc3\xbc", "\xe8\xaa\x9e", "\xf0\x9f\x91\x8b"};

    (void)state;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        assert_true(valid(whole[i]));
        for (size_t cut = 1; cut < strlen(whole[i]); cut++)
            assert_false(es_utf8_valid(es_slice(whole[i], cut)));
    }
}

static void stray_bytes_are_refused(void **state)
{
    (void)state;
    for (unsigned byte = 0x80; byte <= 0xff; byte++) {
        const uint8_t bytes[] = {'a', (uint8_t)byte, 'b', 'c', 'd'};

        assert_false(es_utf8_valid(ES_SLICE_OF(bytes)));
    }
    assert_false(valid("\xc3("));
    assert_false(valid("\xe8\xaa("));
    assert_false(valid("\xf0\x9f\x91("));
    assert_false(valid("\xf8\x88\x80\x80\x80"));
    assert_false(es_utf8_valid(es_slice("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_one_spelling_or_none),
        cmocka_unit_test(texts_of_many_kinds_pass),
        cmocka_unit_test(cut_characters_are_refused),
        cmocka_unit_test(stray_bytes_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
