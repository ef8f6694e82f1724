/* SPDX-License-Identifier: ISC */
/* network_test.c - orders and reports between node and network process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/network.h"
#include "tests/support/exact.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEADER 5

#define HIDDEN                                                                                     \
    {                                                                                              \
        .nonce = {1}, .link_key = {{2}}, .beacon = {3}, .signature = { 4 }                         \
    }
#define VISIBLE                                                                                    \
    {                                                                                              \
        .nonce = {1}, .link_key = {{2}}, .visible = true, .introduction = {{5}}, .name = "Grüße" \
    }

static const struct es_order orders[] = {
    {.kind = ES_ORDER_SETUP, .setup = {ES_DISCOVERY_AUTO, "eth0,wlan0"}},
    {.kind = ES_ORDER_LISTEN, .listen = {7, {{1, 2}}, 20000, 30000, "192.0.2.1"}},
    {.kind = ES_ORDER_UNLISTEN, .unlisten = 7},
    {.kind = ES_ORDER_DIAL, .dial = {3, {"fe80::1%eth0", 4711}, {{9}}}},
    {.kind = ES_ORDER_CLOSE, .close = 0x80000001},
    {.kind = ES_ORDER_FRAME, .frame = {3, {(const uint8_t *)"frame", 5}}},
    {.kind = ES_ORDER_BAN, .ban = {"2001:db8::1", 60000}},
    {.kind = ES_ORDER_ADVERTISE, .advertise = {"aaaabbbbccccdddd", "hhhh", 4711, HIDDEN}},
    {.kind = ES_ORDER_ADVERTISE, .advertise = {"aaaabbbbccccdddd", "hhhh", 4711, VISIBLE}},
    {.kind = ES_ORDER_WITHDRAW},
};

static const struct es_report reports[] = {
    {.kind = ES_REPORT_LISTENING, .listening = {7, 4711}},
    {.kind = ES_REPORT_LINK_UP, .up = {0x80000001, 7, {{1}}, {{2}}, "192.0.2.2"}},
    {.kind = ES_REPORT_LINK_DOWN, .down = {3, ES_LINK_OVERFLOW}},
    {.kind = ES_REPORT_FRAME, .frame = {3, {(const uint8_t *)"frame", 5}}},
    {.kind = ES_REPORT_FRAME, .frame = {3, {NULL, 0}}},
    {.kind = ES_REPORT_ADVERT_SEEN, .seen = {{"192.0.2.3", 4712}, HIDDEN}},
    {.kind = ES_REPORT_ADVERT_SEEN, .seen = {{"192.0.2.3", 4712}, VISIBLE}},
    {.kind = ES_REPORT_ADVERT_GONE, .gone = {{{8}}}},
    {.kind = ES_REPORT_DISCOVERY,
     .discovery = {ES_DISCOVERY_EMBEDDED, 2, true, true, "eth0,wlan0", "no multicast"}},
    {.kind = ES_REPORT_COUNTS, .counts = {1, 2, 3, UINT64_MAX}},
};

static uint8_t buf[ES_DATAGRAM_BYTES_MAX];
static uint8_t again[ES_DATAGRAM_BYTES_MAX];

static size_t write_order(size_t i, uint8_t *ret, size_t cap)
{
    struct es_writer writer = es_writer(ret, cap);

    es_order_write(&writer, &orders[i]);
    return writer.failed ? 0 : es_writer_len(&writer);
}

static size_t write_report(size_t i, uint8_t *ret, size_t cap)
{
    struct es_writer writer = es_writer(ret, cap);

    es_report_write(&writer, &reports[i]);
    return writer.failed ? 0 : es_writer_len(&writer);
}

/* Is this one record and nothing else? What is accepted is spelled in one way only. */
static bool is_order(const uint8_t *bytes, size_t len)
{
    struct es_reader reader = es_reader(es_slice(bytes, len));
    struct es_writer writer = es_writer(again, sizeof(again));
    struct es_order order;

    if (!es_order_next(&reader, &order) || !es_reader_done(&reader))
        return false;
    es_order_write(&writer, &order);
    assert_int_equal(es_writer_len(&writer), len);
    assert_memory_equal(again, bytes, len);
    return true;
}

static bool is_report(const uint8_t *bytes, size_t len)
{
    struct es_reader reader = es_reader(es_slice(bytes, len));
    struct es_writer writer = es_writer(again, sizeof(again));
    struct es_report report;

    if (!es_report_next(&reader, &report) || !es_reader_done(&reader))
        return false;
    es_report_write(&writer, &report);
    assert_int_equal(es_writer_len(&writer), len);
    assert_memory_equal(again, bytes, len);
    return true;
}

static bool order_is_frame(size_t i)
{
    return orders[i].kind == ES_ORDER_FRAME;
}

static bool report_is_frame(size_t i)
{
    return reports[i].kind == ES_REPORT_FRAME;
}

/* Both directions are tested alike. */
static const struct {
    size_t n;
    size_t (*write)(size_t i, uint8_t *ret, size_t cap);
    bool (*is_one)(const uint8_t *bytes, size_t len);
    bool (*is_frame)(size_t i);
} directions[] = {
    {COUNT(orders), write_order, is_order, order_is_frame},
    {COUNT(reports), write_report, is_report, report_is_frame},
};

static void samples_survive(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(directions); d++) {
        for (size_t i = 0; i < directions[d].n; i++) {
            size_t len = directions[d].write(i, buf, sizeof(buf));

            assert_true(len >= HEADER);
            assert_true(directions[d].is_one(buf, len));
        }
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(directions); d++) {
        for (size_t i = 0; i < directions[d].n; i++) {
            size_t len = directions[d].write(i, buf, sizeof(buf));

            for (size_t cut = 0; cut < len; cut++) {
                uint8_t *copy = exact_copy(buf, cut);

                assert_false(directions[d].is_one(copy, cut));
                free(copy);
            }
        }
    }
}

/* The stated length and the bytes there are agree, but the body has another size. */
static void bodies_of_another_size_are_refused(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(directions); d++) {
        for (size_t i = 0; i < directions[d].n; i++) {
            size_t len = directions[d].write(i, buf, sizeof(buf));

            for (size_t other = HEADER; other < len + 4; other++) {
                struct es_writer stated = es_writer(buf + 1, 4);

                es_write_u32(&stated, (uint32_t)(other - HEADER));
                /* A frame is whatever follows the number of its link. */
                if (directions[d].is_frame(i) && other >= HEADER + 4)
                    assert_true(directions[d].is_one(buf, other));
                else
                    assert_int_equal(directions[d].is_one(buf, other), other == len);
            }
        }
    }
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(directions); d++) {
        for (size_t i = 0; i < directions[d].n; i++) {
            size_t len = directions[d].write(i, buf, sizeof(buf));

            for (unsigned at = 1; at < HEADER; at++) {
                for (unsigned change = 1; change <= UINT8_MAX; change++) {
                    buf[at] ^= (uint8_t)change;
                    assert_false(directions[d].is_one(buf, len));
                    buf[at] ^= (uint8_t)change;
                }
            }
        }
    }
}

static void unknown_kinds_are_refused(void **state)
{
    static const uint8_t last[] = {ES_ORDER_WITHDRAW, ES_REPORT_COUNTS};
    struct es_reader reader;
    struct es_order order;
    struct es_report report;

    (void)state;
    for (size_t d = 0; d < COUNT(directions); d++) {
        memset(buf, 0, sizeof(buf));
        assert_false(directions[d].is_one(buf, HEADER));
        for (unsigned kind = last[d] + 1u; kind <= UINT8_MAX; kind++) {
            buf[0] = (uint8_t)kind;
            assert_false(directions[d].is_one(buf, HEADER));
        }
    }
    reader = es_reader(es_slice(buf, HEADER));
    assert_false(es_order_next(&reader, &order));
    assert_true(reader.failed);
    reader = es_reader(es_slice(buf, HEADER));
    assert_false(es_report_next(&reader, &report));
    assert_true(reader.failed);
    assert_false(es_report_next(&reader, &report));
}

static void a_datagram_holds_many_records(void **state)
{
    struct es_writer writer = es_writer(buf, sizeof(buf));
    struct es_report report;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(reports); i++)
        es_report_write(&writer, &reports[i]);
    assert_false(writer.failed);
    struct es_reader reader = es_reader(es_written(&writer));

    while (es_report_next(&reader, &report))
        assert_int_equal(report.kind, reports[n++].kind);
    assert_int_equal(n, COUNT(reports));
    assert_true(es_reader_done(&reader));
}

static void a_full_datagram_ends_behind_its_last_whole_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        size_t len = write_order(i, buf, sizeof(buf));

        for (size_t cap = 0; cap < len; cap++) {
            uint8_t *room = exact_copy(buf, cap);
            struct es_writer writer = es_writer(room, cap);

            es_order_write(&writer, &orders[i]);
            assert_true(writer.failed);
            assert_int_equal(es_writer_len(&writer), 0);
            free(room);
        }
    }
}

static void fields_arrive(void **state)
{
    struct es_reader reader = es_reader(es_slice(buf, write_order(1, buf, sizeof(buf))));
    struct es_order order;
    struct es_report report;

    (void)state;
    assert_true(es_order_next(&reader, &order));
    assert_int_equal(order.listen.listener, 7);
    assert_int_equal(order.listen.secret.bytes[1], 2);
    assert_int_equal(order.listen.port_min, 20000);
    assert_int_equal(order.listen.port_max, 30000);
    assert_string_equal(order.listen.host, "192.0.2.1");

    reader = es_reader(es_slice(buf, write_report(6, buf, sizeof(buf))));
    assert_true(es_report_next(&reader, &report));
    assert_string_equal(report.seen.at.host, "192.0.2.3");
    assert_int_equal(report.seen.at.port, 4712);
    assert_true(report.seen.advert.visible);
    assert_int_equal(report.seen.advert.introduction.bytes[0], 5);
    assert_string_equal(report.seen.advert.name, "Grüße");

    reader = es_reader(es_slice(buf, write_report(3, buf, sizeof(buf))));
    assert_true(es_report_next(&reader, &report));
    assert_ptr_equal(report.frame.bytes.ptr, buf + HEADER + 4);
    assert_int_equal(report.frame.bytes.len, 5);
}

static void frames_have_the_limit_of_links(void **state)
{
    static uint8_t frame[ES_FRAME_BYTES_MAX + 1];
    struct es_report report = {.kind = ES_REPORT_FRAME, .frame = {1, {frame, ES_FRAME_BYTES_MAX}}};
    struct es_writer writer = es_writer(buf, sizeof(buf));

    (void)state;
    es_report_write(&writer, &report);
    assert_false(writer.failed);
    assert_true(is_report(buf, es_writer_len(&writer)));
    report.frame.bytes.len++;
    writer = es_writer(buf, sizeof(buf));
    es_report_write(&writer, &report);
    assert_true(writer.failed);

    /* The same from outside. */
    writer = es_writer(buf, sizeof(buf));
    es_write_u8(&writer, ES_REPORT_FRAME);
    es_write_u32(&writer, 4 + sizeof(frame));
    es_write_u32(&writer, 1);
    es_write_bytes(&writer, frame, sizeof(frame));
    assert_false(is_report(buf, es_writer_len(&writer)));
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    for (unsigned value = 0; value <= UINT8_MAX; value++) {
        size_t len = write_order(0, buf, sizeof(buf));

        buf[HEADER] = (uint8_t)value; /* method */
        assert_int_equal(is_order(buf, len), value <= ES_DISCOVERY_AUTO);
        len = write_report(2, buf, sizeof(buf));
        buf[HEADER + 4] = (uint8_t)value; /* end */
        assert_int_equal(is_report(buf, len),
                         value >= ES_LINK_CLOSED && value <= ES_LINK_MALFORMED);
        len = write_report(8, buf, sizeof(buf));
        buf[HEADER] = (uint8_t)value; /* method: AUTO is never reported */
        assert_int_equal(is_report(buf, len), value <= ES_DISCOVERY_AVAHI_DAEMON);
        len = write_report(8, buf, sizeof(buf));
        buf[HEADER + 3] = (uint8_t)value; /* published */
        assert_int_equal(is_report(buf, len), value <= 1);
    }
}

static void strings_fit_their_arrays_and_are_text(void **state)
{
    struct es_report report = reports[1];
    struct es_writer writer = es_writer(buf, sizeof(buf));
    size_t at = HEADER + 4 + 4 + 32 + 32; /* the host's length */

    (void)state;
    memset(report.up.host, 'h', sizeof(report.up.host));
    es_report_write(&writer, &report);
    assert_true(writer.failed); /* no terminating zero */

    report.up.host[sizeof(report.up.host) - 1] = '\0';
    writer = es_writer(buf, sizeof(buf));
    es_report_write(&writer, &report);
    assert_true(is_report(buf, es_writer_len(&writer)));

    /* One byte more would not leave room for the zero. */
    es_write_u8(&writer, 'h');
    buf[at]++;
    buf[1]++;
    assert_false(is_report(buf, es_writer_len(&writer)));

    report.up.host[0] = (char)0xff;
    writer = es_writer(buf, sizeof(buf));
    es_report_write(&writer, &report);
    assert_true(writer.failed);

    size_t len = write_report(1, buf, sizeof(buf));

    buf[at + 1] = 0;
    assert_false(is_report(buf, len));
    buf[at + 1] = 0x80;
    assert_false(is_report(buf, len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_survive),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bodies_of_another_size_are_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(unknown_kinds_are_refused),
        cmocka_unit_test(a_datagram_holds_many_records),
        cmocka_unit_test(a_full_datagram_ends_behind_its_last_whole_record),
        cmocka_unit_test(fields_arrive),
        cmocka_unit_test(frames_have_the_limit_of_links),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(strings_fit_their_arrays_and_are_text),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
