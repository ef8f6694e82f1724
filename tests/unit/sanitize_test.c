/* SPDX-License-Identifier: ISC */
/* sanitize_test.c - no text, of whatever bytes, steers a terminal or hides. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/sanitize.h"
#include "node/wire/utf8.h"

/* The classes by their names, written down a second time, apart from the table under test. */
static bool steers(uint32_t c)
{
    bool c0_del_c1 = c < 0x20 || (c >= 0x7f && c <= 0x9f);
    bool bidi = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

    return c0_del_c1 || bidi || c == 0x2028 || c == 0x2029;
}

static bool has_no_width(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200f) || c == 0x2060 || c == 0xfeff || c == 0xad || c == 0x180e ||
           (c >= 0xfe00 && c <= 0xfe0f) || c == 0x3164;
}

static void assert_clean(enum es_text_kind kind, const char *text, size_t len)
{
    assert_int_equal(strlen(text), len);
    assert_true(es_utf8_valid(es_slice(text, len)));
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        size_t n = es_utf8_next(text + at, len - at, &c);

        assert_true(n > 0);
        if (steers(c) || (kind == ES_TEXT_NAME && has_no_width(c)))
            fail_msg("U+%04X passed", (unsigned)c);
        at += n;
    }
}

static void assert_shown(enum es_text_kind kind, const char *text, const char *expected)
{
    char shown[1024];
    size_t len = strlen(text);

    assert_true(len * ES_SANITIZE_GROWTH < sizeof(shown));
    size_t shown_len = es_sanitize(kind, text, len, shown);

    assert_clean(kind, shown, shown_len);
    assert_string_equal(shown, expected);
}

static void text_of_many_kinds_stays_as_it_is(void **state)
{
    static const char *const texts[] = {
        "", "plain", "C:\\path", "Grüße, Δ, 語, שלום, \xf0\x9f\x91\x8b", "e\xcc\x81",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_shown(ES_TEXT_BODY, texts[i], texts[i]);
        assert_shown(ES_TEXT_NAME, texts[i], texts[i]);
    }
}

static void what_steers_is_written_out(void **state)
{
    (void)state;
    assert_shown(ES_TEXT_BODY, "a\nb\r\tc", "a\\nb\\r\\tc");
    assert_shown(ES_TEXT_BODY, "\x1b[31mred\x7f", "\\x1b[31mred\\x7f");
    assert_shown(ES_TEXT_BODY,
                 "\xc2\x9b"
                 "2J",
                 "\\u009b2J");
    assert_shown(ES_TEXT_BODY,
                 "\xe2\x80\xae"
                 "fdp.exe",
                 "\\u202efdp.exe");
    assert_shown(ES_TEXT_BODY, "\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069");
    assert_shown(ES_TEXT_BODY, "\xf3\xa0\x81\x81", "\\U000e0041");
}

static void bytes_that_are_no_characters_are_written_out(void **state)
{
    (void)state;
    assert_shown(ES_TEXT_BODY, "\xff\x9b\xc3(", "\\xff\\x9b\\xc3(");
    assert_shown(ES_TEXT_BODY, "\xe2\x80", "\\xe2\\x80");
    assert_shown(ES_TEXT_BODY, "\xc1\x9b", "\\xc1\\x9b");          /* overlong */
    assert_shown(ES_TEXT_BODY, "\xed\xa0\x80", "\\xed\\xa0\\x80"); /* surrogate */
    assert_shown(ES_TEXT_BODY, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

static void in_names_nothing_is_invisible(void **state)
{
    (void)state;
    assert_shown(ES_TEXT_NAME, "Ada\xe2\x80\x8b", "Ada\\u200b");
    assert_shown(ES_TEXT_NAME,
                 "A\xc2\xad"
                 "da",
                 "A\\u00adda");
    assert_shown(ES_TEXT_NAME, "Ada\xc2\xa0", "Ada\\u00a0");
    assert_shown(ES_TEXT_NAME, "\xe3\x85\xa4", "\\u3164");
    /* A family is one picture of four, joined by what has no width: fine in what somebody says. */
    assert_shown(ES_TEXT_BODY, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
                 "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7");
}

static void every_code_point_comes_out_clean(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char in[4];
        char out[4 * ES_SANITIZE_GROWTH + 1];
        size_t n = 0;

        if (c >= 0x10000)
            in[n++] = (char)(0xf0 | c >> 18);
        if (c >= 0x800)
            in[n++] = (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12);
        if (c >= 0x80)
            in[n++] = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
        in[n] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
        n++;
        for (int kind = ES_TEXT_BODY; kind <= ES_TEXT_NAME; kind++) {
            size_t len = es_sanitize((enum es_text_kind)kind, in, n, out);

            assert_true(len <= n * ES_SANITIZE_GROWTH);
            assert_clean((enum es_text_kind)kind, out, len);
        }
    }
}

static void every_pair_of_bytes_comes_out_clean(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair <= 0xffff; pair++) {
        const char in[] = {(char)(pair >> 8), (char)(pair & 0xff), 'x', (char)(pair >> 8)};
        char out[sizeof(in) * ES_SANITIZE_GROWTH + 1];
        size_t len = es_sanitize(ES_TEXT_NAME, in, sizeof(in), out);

        assert_true(len <= sizeof(in) * ES_SANITIZE_GROWTH);
        assert_clean(ES_TEXT_NAME, out, len);
    }
}

static void json_says_the_same_in_escapes(void **state)
{
    static const char json[] = "{\"a\":\"\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81ü\"}";
    char out[sizeof(json) * ES_SANITIZE_GROWTH];
    size_t len = es_sanitize_json(json, strlen(json), out);

    (void)state;
    assert_int_equal(strlen(out), len);
    assert_string_equal(out, "{\"a\":\"\\u007f\\u009b\\u202e\\udb40\\udc41ü\"}");
}

static void marks_are_not_piled_up(void **state)
{
    char text[1 + 2 * 40 + 1] = "a";
    char out[sizeof(text) * ES_SANITIZE_GROWTH];

    (void)state;
    for (size_t i = 1; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xcc\x81", 3);
    text[1 + 2 * 8] = '\0';
    assert_shown(ES_TEXT_BODY, text, text);
    text[1 + 2 * 8] = '\xcc';
    es_sanitize(ES_TEXT_NAME, text, strlen(text), out);
    assert_memory_equal(out, text, 1 + 2 * 8);
    assert_memory_equal(out + 1 + 2 * 8, "\\u0301\\u0301", 12);
    assert_null(strstr(out + 1 + 2 * 8, "\xcc"));
    assert_int_equal(es_sanitize_json(text, strlen(text), out), 1 + 2 * 8 + 6 * 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_many_kinds_stays_as_it_is),
        cmocka_unit_test(what_steers_is_written_out),
        cmocka_unit_test(bytes_that_are_no_characters_are_written_out),
        cmocka_unit_test(in_names_nothing_is_invisible),
        cmocka_unit_test(every_code_point_comes_out_clean),
        cmocka_unit_test(every_pair_of_bytes_comes_out_clean),
        cmocka_unit_test(json_says_the_same_in_escapes),
        cmocka_unit_test(marks_are_not_piled_up),
    };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
