/* SPDX-License-Identifier: ISC */
/* frame_test.c - frames of a link: round trips, exact lengths, what is no frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/envelope.h"
#include "node/wire/frame.h"
#include "tests/support/encode_frame.h"
#include "tests/support/exact.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t buf[ES_FRAME_BYTES_MAX + 1];
static uint8_t again[ES_FRAME_BYTES_MAX];

/* An envelope of a class, in memory of its own. */
static struct es_slice envelope(enum es_envelope_class cls)
{
    static uint8_t bytes[ES_ENVELOPE_CLASSES][ES_ENVELOPE_BYTES_MAX];
    static const struct es_tag tag = {{1, 2, 3}};

    memset(bytes[cls], 0x5a, sizeof(bytes[cls]));
    es_envelope_header(bytes[cls], cls, 77, &tag);
    return es_slice(bytes[cls], es_class_bytes(cls));
}

static size_t make_hello(void)
{
    struct es_hello hello = {.version_min = 1, .version_max = 3, .bucket = 0x0201};

    memset(hello.slots, 0x11, sizeof(hello.slots));
    return es_frame_hello(buf, sizeof(buf), &hello);
}

static size_t make_link(void)
{
    return es_frame_link(buf, sizeof(buf), envelope(ES_CLASS_512));
}

static size_t make_envelopes(void)
{
    size_t len = es_frame_envelopes_begin(buf, sizeof(buf));

    assert_true(es_frame_envelopes_add(buf, sizeof(buf), &len, 7, envelope(ES_CLASS_512)));
    assert_true(es_frame_envelopes_add(buf, sizeof(buf), &len, 0, envelope(ES_CLASS_2K)));
    return len;
}

static size_t make_ack(void)
{
    static const struct es_ack_id ids[] = {{{1}}, {{2}}, {{3}}};

    return es_frame_ack(buf, sizeof(buf), ids, COUNT(ids));
}

static size_t make_moved(void)
{
    static const struct es_dh_public key = {{9, 8, 7}};

    return es_frame_moved(buf, sizeof(buf), 4711, &key);
}

static size_t make_ping(void)
{
    return es_frame_ping(buf, sizeof(buf), 0x0102030405060708);
}

static size_t make_pong(void)
{
    return es_frame_pong(buf, sizeof(buf), UINT64_MAX);
}

static size_t make_bye(void)
{
    return es_frame_bye(buf, sizeof(buf), ES_BYE_CROWDED);
}

static const struct {
    enum es_frame_kind kind;
    size_t (*make)(void);
    size_t bytes;
} samples[] = {
    {ES_FRAME_HELLO, make_hello, 261},
    {ES_FRAME_LINK, make_link, 513},
    {ES_FRAME_ENVELOPES, make_envelopes, 1 + 513 + 2049},
    {ES_FRAME_ACK, make_ack, 49},
    {ES_FRAME_MOVED, make_moved, 35},
    {ES_FRAME_PING, make_ping, 9},
    {ES_FRAME_PONG, make_pong, 9},
    {ES_FRAME_BYE, make_bye, 2},
};

/* Decodes len bytes of buf from a block of that size; *ret borrows nothing afterwards. */
static bool decodes(size_t len)
{
    static struct es_frame frame;
    uint8_t *copy = exact_copy(buf, len);
    bool result = es_frame_decode(es_slice(copy, len), &frame);

    /* Whatever is accepted is spelled in one way only. */
    if (result) {
        assert_int_equal(encode_frame(&frame, again, sizeof(again)), len);
        assert_memory_equal(again, copy, len);
    }
    free(copy);
    return result;
}

static void samples_survive(void **state)
{
    static struct es_frame frame;

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = samples[i].make();

        assert_int_equal(len, samples[i].bytes);
        assert_int_equal(buf[0], samples[i].kind);
        assert_true(decodes(len));
        assert_true(es_frame_decode(es_slice(buf, len), &frame));
        assert_int_equal(frame.kind, samples[i].kind);
    }
}

static void fields_of_each_kind(void **state)
{
    static struct es_frame frame;

    (void)state;
    assert_true(es_frame_decode(es_slice(buf, make_hello()), &frame));
    assert_int_equal(frame.hello.version_min, 1);
    assert_int_equal(frame.hello.version_max, 3);
    assert_int_equal(frame.hello.bucket, 0x0201);
    assert_int_equal(frame.hello.slots[15][15], 0x11);
    assert_true(es_frame_decode(es_slice(buf, make_link()), &frame));
    assert_ptr_equal(frame.link.ptr, buf + 1);
    assert_int_equal(frame.link.len, 512);
    assert_true(es_frame_decode(es_slice(buf, make_envelopes()), &frame));
    assert_int_equal(frame.envelopes.n, 2);
    assert_int_equal(frame.envelopes.copies[0], 7);
    assert_ptr_equal(frame.envelopes.at[0].ptr, buf + 2);
    assert_int_equal(frame.envelopes.at[0].len, 512);
    assert_int_equal(frame.envelopes.copies[1], 0);
    assert_int_equal(frame.envelopes.at[1].len, 2048);
    assert_true(es_frame_decode(es_slice(buf, make_ack()), &frame));
    assert_int_equal(frame.ack.n, 3);
    assert_int_equal(frame.ack.ids.ptr[32], 3);
    assert_true(es_frame_decode(es_slice(buf, make_moved()), &frame));
    assert_int_equal(frame.moved.port, 4711);
    assert_int_equal(frame.moved.key.bytes[2], 7);
    assert_true(es_frame_decode(es_slice(buf, make_ping()), &frame));
    assert_true(frame.token == 0x0102030405060708);
    assert_true(es_frame_decode(es_slice(buf, make_bye()), &frame));
    assert_int_equal(frame.bye, ES_BYE_CROWDED);
}

/* A list may end earlier, but only behind one of its items. */
static bool is_shorter_list(enum es_frame_kind kind, size_t cut)
{
    return (kind == ES_FRAME_ENVELOPES && cut == 1 + 513) ||
           (kind == ES_FRAME_ACK && (cut == 17 || cut == 33));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = samples[i].make();

        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(decodes(cut), is_shorter_list(samples[i].kind, cut));
    }
}

static void bytes_left_over_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = samples[i].make();

        buf[len] = 0;
        assert_false(decodes(len + 1));
    }
}

static void unknown_kinds_are_refused(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        size_t len = make_ping();

        buf[0] = (uint8_t)kind;
        assert_int_equal(decodes(len), kind == ES_FRAME_PING || kind == ES_FRAME_PONG);
        assert_false(decodes(1)); /* and none is without content */
    }
}

static void envelopes_must_be_well_formed(void **state)
{
    (void)state;
    for (unsigned value = 0; value <= UINT8_MAX; value++) {
        size_t len = make_link();

        buf[1] = (uint8_t)value;
        assert_int_equal(decodes(len), value == ES_ENVELOPE_VERSION);
        len = make_link();
        buf[2] = (uint8_t)value;
        assert_int_equal(decodes(len), value == ES_CLASS_512);
        len = make_envelopes();
        buf[2] = (uint8_t)value;
        assert_int_equal(decodes(len), value == ES_ENVELOPE_VERSION);
        len = make_envelopes();
        buf[3] = (uint8_t)value; /* another class: the rest does not come out even */
        assert_int_equal(decodes(len), value == ES_CLASS_512);
    }
}

static void a_link_frame_holds_the_smallest_envelope_only(void **state)
{
    struct es_slice large = envelope(ES_CLASS_2K);

    (void)state;
    buf[0] = ES_FRAME_LINK;
    memcpy(buf + 1, large.ptr, large.len);
    assert_false(decodes(1 + large.len));
    assert_false(decodes(1 + 512));
}

static void values_out_of_range_are_refused(void **state)
{
    size_t len;

    (void)state;
    for (unsigned reason = 0; reason <= UINT8_MAX; reason++) {
        len = make_bye();
        buf[1] = (uint8_t)reason;
        assert_int_equal(decodes(len), reason >= 1 && reason <= 5);
    }
    len = make_hello();
    buf[1] = 0; /* there is no version 0 */
    assert_false(decodes(len));
    buf[1] = 4; /* nor a range from 4 to 3 */
    assert_false(decodes(len));
    len = make_moved();
    buf[1] = buf[2] = 0;
    assert_false(decodes(len));
}

static void the_longest_frames_survive(void **state)
{
    static struct es_frame frame;
    static const struct es_ack_id ids[ES_FRAME_ACKS_MAX];
    size_t len = es_frame_envelopes_begin(buf, sizeof(buf));
    size_t n = 0;

    (void)state;
    while (es_frame_envelopes_add(buf, sizeof(buf), &len, 1, envelope(ES_CLASS_512)))
        n++;
    assert_int_equal(n, ES_FRAME_ENVELOPES_MAX);
    assert_true(decodes(len));
    assert_true(es_frame_decode(es_slice(buf, len), &frame));
    assert_int_equal(frame.envelopes.n, n);

    len = es_frame_envelopes_begin(buf, sizeof(buf));
    assert_true(es_frame_envelopes_add(buf, sizeof(buf), &len, 1, envelope(ES_CLASS_32K)));
    assert_true(es_frame_envelopes_add(buf, sizeof(buf), &len, 1, envelope(ES_CLASS_32K)));
    assert_false(es_frame_envelopes_add(buf, sizeof(buf), &len, 1, envelope(ES_CLASS_2K)));
    assert_true(decodes(len));

    len = es_frame_ack(buf, sizeof(buf), ids, ES_FRAME_ACKS_MAX);
    assert_true(decodes(len));
    memset(buf + len, 0, sizeof(struct es_ack_id));
    assert_false(decodes(len + sizeof(struct es_ack_id)));
    memset(buf + 1, 0, sizeof(buf) - 1);
    assert_false(decodes(sizeof(buf)));
}

static void encoders_give_zero_when_the_buffer_is_too_small(void **state)
{
    static const struct es_hello hello = {.version_min = 1, .version_max = 1};
    static const struct es_ack_id id;
    static const struct es_dh_public key;
    size_t len = 1;

    (void)state;
    assert_int_equal(es_frame_hello(again, 260, &hello), 0);
    assert_int_equal(es_frame_link(again, 512, envelope(ES_CLASS_512)), 0);
    assert_int_equal(es_frame_ack(again, 16, &id, 1), 0);
    assert_int_equal(es_frame_moved(again, 34, 1, &key), 0);
    assert_int_equal(es_frame_ping(again, 8, 1), 0);
    assert_int_equal(es_frame_pong(again, 8, 1), 0);
    assert_int_equal(es_frame_bye(again, 1, ES_BYE_CLOSING), 0);
    assert_int_equal(es_frame_envelopes_begin(again, 0), 0);
    assert_false(es_frame_envelopes_add(again, 513, &len, 1, envelope(ES_CLASS_512)));
    assert_int_equal(len, 1);
    assert_true(es_frame_envelopes_add(again, 514, &len, 1, envelope(ES_CLASS_512)));
    assert_int_equal(len, 514);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_survive),
        cmocka_unit_test(fields_of_each_kind),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(unknown_kinds_are_refused),
        cmocka_unit_test(envelopes_must_be_well_formed),
        cmocka_unit_test(a_link_frame_holds_the_smallest_envelope_only),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(the_longest_frames_survive),
        cmocka_unit_test(encoders_give_zero_when_the_buffer_is_too_small),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
