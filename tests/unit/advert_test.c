/* SPDX-License-Identifier: ISC */
/* advert_test.c - adverts as TXT records: what is read, in which order, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/beacon.h"
#include "tests/support/exact.h"

#define HIDDEN_BYTES (4 + 11 + 35 + 19 + 67)
#define VISIBLE_BYTES (HIDDEN_BYTES + 35 + 67)
#define STRINGS_MAX 16

static uint8_t buf[1024];

static struct es_advert sample(const char *name)
{
    struct es_advert advert = {.link_key = {{2}}};

    memset(advert.nonce, 0x11, sizeof(advert.nonce));
    memset(advert.beacon, 0x22, sizeof(advert.beacon));
    memset(advert.signature, 0x33, sizeof(advert.signature));
    if (name != NULL) {
        advert.visible = true;
        memset(advert.introduction.bytes, 0x44, sizeof(advert.introduction.bytes));
        memcpy(advert.name, name, strlen(name) + 1);
    }
    return advert;
}

static size_t encode(const char *name)
{
    struct es_advert advert = sample(name);

    return es_advert_encode(buf, sizeof(buf), &advert);
}

static bool decodes(size_t len)
{
    uint8_t *copy = exact_copy(buf, len);
    struct es_advert advert;
    bool result = es_advert_decode(es_slice(copy, len), &advert);

    free(copy);
    return result;
}

/* The strings of buf, put in another order. */
static void reorder(size_t len, const size_t *order, size_t n)
{
    uint8_t strings[STRINGS_MAX][256];
    size_t count = 0, at = 0;

    for (size_t from = 0; from < len; from += 1 + (size_t)buf[from])
        memcpy(strings[count++], buf + from, 1 + (size_t)buf[from]);
    for (size_t i = 0; i < n; i++) {
        assert_true(order[i] < count);
        memcpy(buf + at, strings[order[i]], 1 + (size_t)strings[order[i]][0]);
        at += 1 + (size_t)strings[order[i]][0];
    }
}

static void assert_same(const struct es_advert *a, const struct es_advert *b)
{
    assert_memory_equal(a->nonce, b->nonce, sizeof(a->nonce));
    assert_memory_equal(a->link_key.bytes, b->link_key.bytes, sizeof(a->link_key.bytes));
    assert_memory_equal(a->beacon, b->beacon, sizeof(a->beacon));
    assert_memory_equal(a->signature, b->signature, sizeof(a->signature));
    assert_int_equal(a->visible, b->visible);
    assert_memory_equal(a->introduction.bytes, b->introduction.bytes,
                        sizeof(a->introduction.bytes));
    assert_string_equal(a->name, b->name);
}

static void adverts_survive(void **state)
{
    static char longest[ES_NAME_BYTES_MAX + 1];
    const char *const names[] = {NULL, "", "Ada", "Grüße", longest};

    (void)state;
    memset(longest, 'n', ES_NAME_BYTES_MAX);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct es_advert advert = sample(names[i]), back;
        size_t len = es_advert_encode(buf, sizeof(buf), &advert);

        assert_true(es_advert_decode(es_slice(buf, len), &back));
        assert_same(&advert, &back);
    }
}

static void the_length_tells_only_the_mode(void **state)
{
    (void)state;
    assert_int_equal(encode(NULL), HIDDEN_BYTES);
    assert_int_equal(encode(""), VISIBLE_BYTES);
    assert_int_equal(encode("a name of some length"), VISIBLE_BYTES);
    assert_true(VISIBLE_BYTES <= ES_TXT_BYTES_MAX);
}

static void strings_come_in_any_order(void **state)
{
    static const size_t backwards[] = {6, 5, 4, 3, 2, 1, 0};
    struct es_advert expected = sample("Ada"), back;
    size_t len = encode("Ada");

    (void)state;
    reorder(len, backwards, 7);
    assert_true(es_advert_decode(es_slice(buf, len), &back));
    assert_same(&expected, &back);
}

static void a_missing_string_is_refused(void **state)
{
    (void)state;
    for (size_t missing = 0; missing < 7; missing++) {
        size_t len = encode("Ada");
        size_t order[6], n = 0, gone = 0, at = 0;

        for (size_t i = 0; i < 7; i++) {
            if (i == missing)
                gone = 1 + (size_t)buf[at];
            else
                order[n++] = i;
            at += 1 + (size_t)buf[at];
        }
        reorder(len, order, n);
        assert_false(decodes(len - gone));
    }
}

static void a_doubled_string_is_refused(void **state)
{
    size_t len = encode("Ada");

    (void)state;
    for (size_t at = 0; at < len; at += 1 + (size_t)buf[at]) {
        size_t string_len = 1 + (size_t)buf[at];

        memcpy(buf + len, buf + at, string_len);
        assert_false(decodes(len + string_len));
        buf[len] = 1; /* its key alone */
        assert_false(decodes(len + 2));
    }
}

static void unknown_strings_are_ignored(void **state)
{
    static const char extra[] = "\x03x=1\x00\x01=\x04more\x02zz\x03nn=";
    struct es_advert expected = sample(NULL), back;
    size_t len = encode(NULL);

    (void)state;
    memcpy(buf + len, extra, sizeof(extra) - 1);
    len += sizeof(extra) - 1;
    assert_true(es_advert_decode(es_slice(buf, len), &back));
    assert_same(&expected, &back);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    size_t len = encode("Ada");

    /* A visible advert without its last two strings is a hidden one. */
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(decodes(cut), cut == HIDDEN_BYTES);
    len = encode(NULL);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(decodes(cut));
}

static void every_other_length_is_refused(void **state)
{
    size_t len = encode("Ada");

    (void)state;
    for (size_t at = 0; at < len; at += 1 + (size_t)buf[at]) {
        uint8_t good = buf[at];

        for (unsigned stated = 0; stated <= UINT8_MAX; stated++) {
            buf[at] = (uint8_t)stated;
            assert_int_equal(decodes(len), stated == good);
        }
        buf[at] = good;
    }
}

static void values_have_one_length(void **state)
{
    static const char keys[] = "vnkbsim";

    (void)state;
    for (size_t k = 0; k < sizeof(keys) - 1; k++) {
        size_t len = encode("Ada"), at = 0;
        uint8_t value_bytes[128] = {0};
        static uint8_t head[1024];

        while (buf[at + 1] != (uint8_t)keys[k])
            at += 1 + (size_t)buf[at];
        size_t good = buf[at], rest = at + 1 + good;

        memcpy(value_bytes, buf + at + 1, good);
        memcpy(head, buf, sizeof(head));
        for (size_t other = 1; other < good + 3; other++) {
            buf[at] = (uint8_t)other;
            memcpy(buf + at + 1, value_bytes, other);
            memcpy(buf + at + 1 + other, head + rest, len - rest);
            assert_int_equal(decodes(len - good + other), other == good);
        }
    }
}

static void other_versions_are_refused(void **state)
{
    size_t len = encode(NULL);

    (void)state;
    for (unsigned version = 0; version <= UINT8_MAX; version++) {
        buf[3] = (uint8_t)version;
        assert_int_equal(decodes(len), version == '1');
    }
}

static void names_are_text_and_zeros(void **state)
{
    size_t at = VISIBLE_BYTES - ES_NAME_BYTES_MAX;

    (void)state;
    (void)encode("Ada");
    buf[at + 1] = 0xff;
    assert_false(decodes(VISIBLE_BYTES));
    (void)encode("Ada");
    buf[VISIBLE_BYTES - 1] = 'x'; /* behind the first zero */
    assert_false(decodes(VISIBLE_BYTES));
    (void)encode("Ada");
    memset(buf + at, 'n', ES_NAME_BYTES_MAX - 1);
    buf[VISIBLE_BYTES - 1] = 0xc3; /* a character that the end cuts off */
    assert_false(decodes(VISIBLE_BYTES));
}

static void a_small_buffer_takes_nothing(void **state)
{
    struct es_advert advert = sample("Ada");

    (void)state;
    for (size_t cap = 0; cap < VISIBLE_BYTES; cap++)
        assert_int_equal(es_advert_encode(buf, cap, &advert), 0);
    assert_int_equal(es_advert_encode(buf, VISIBLE_BYTES, &advert), VISIBLE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adverts_survive),
        cmocka_unit_test(the_length_tells_only_the_mode),
        cmocka_unit_test(strings_come_in_any_order),
        cmocka_unit_test(a_missing_string_is_refused),
        cmocka_unit_test(a_doubled_string_is_refused),
        cmocka_unit_test(unknown_strings_are_ignored),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(values_have_one_length),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(names_are_text_and_zeros),
        cmocka_unit_test(a_small_buffer_takes_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
