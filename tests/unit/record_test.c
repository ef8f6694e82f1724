/* SPDX-License-Identifier: ISC */
/* record_test.c - records of sealed payloads: round trips, exact lengths, what is no record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/record.h"
#include "tests/support/exact.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEADER 3

static const struct es_record samples[] = {
    {.kind = ES_RECORD_TEXT,
     .text = {.id = {7, 9},
              .sent_at_ms = 1767225600000,
              .after = 8,
              .text = {(const uint8_t *)"x", 1}}},
    {.kind = ES_RECORD_TEXT,
     .text = {.id = {1, UINT64_MAX},
              .reply_to = {UINT32_MAX, 3},
              .reply_to_own = true,
              .text = {(const uint8_t *)"Grüße", 7}}},
    {.kind = ES_RECORD_ACK, .ack = {.before = 5, .lost_chain = 4, .lost_below = 900}},
    {.kind = ES_RECORD_ACK,
     .ack = {.before = 2,
             .n_chains = 2,
             .chains = {{.chain = 2, .received = 10, .n_missing = 2, .missing = {{0, 1}, {4, 3}}},
                        {.chain = 7, .received = UINT32_MAX}}}},
    {.kind = ES_RECORD_WINDOW, .window = 500},
    {.kind = ES_RECORD_PROFILE, .profile = {(const uint8_t *)"Ada", 3}},
    {.kind = ES_RECORD_PROFILE, .profile = {(const uint8_t *)"", 0}},
    {.kind = ES_RECORD_PRESENCE,
     .presence = {.generation = 3, .index = 365, .key = {{1, 2}}, .signer = {{3, 4}}}},
    {.kind = ES_RECORD_READ, .read = {7, 12}},
    {.kind = ES_RECORD_LINK_KEY, .link_key = {.serial = 2, .key = {{9}}}},
    {.kind = ES_RECORD_PING, .ping = {.token = 0x1122334455667788}},
    {.kind = ES_RECORD_PONG, .ping = {.token = 1, .pad_bytes = 100}},
    {.kind = ES_RECORD_ANSWER},
    {.kind = ES_RECORD_FLOOR, .floor = {.chain = 7, .n = 40000}},
    {.kind = ES_RECORD_LINK_STATE,
     .link_state = {.session = {1, 2, 3, 4, 5, 6, 7, 8}, .chain = 3, .next = 17, .wall_ms = 99}},
};

static uint8_t buf[70000];

static bool has_fixed_size(const struct es_record *record)
{
    return record->kind != ES_RECORD_TEXT && record->kind != ES_RECORD_PROFILE &&
           record->kind != ES_RECORD_PING && record->kind != ES_RECORD_PONG;
}

/* Encodes to buf; 0 when the record is refused. */
static size_t encode(const struct es_record *record)
{
    struct es_writer writer = es_writer(buf, sizeof(buf));

    es_record_write(&writer, record);
    size_t len = es_writer_len(&writer);

    if (writer.failed || len == 0)
        abort(); /* not an assertion of cmocka: gcc -O3 would go on with a length of 0 */
    return len;
}

/* Are len bytes of buf a payload? Read from a block of exactly that size. */
static bool valid(size_t len)
{
    uint8_t *copy = exact_copy(buf, len);
    bool result = es_records_valid(es_slice(copy, len));

    free(copy);
    return result;
}

static void samples_survive(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = encode(&samples[i]);
        uint8_t *copy = exact_copy(buf, len);
        struct es_reader reader = es_reader(es_slice(copy, len));
        struct es_record record;

        assert_int_equal(len, es_record_bytes(&samples[i]));
        assert_true(es_record_next(&reader, &record));
        assert_true(es_reader_done(&reader));
        assert_int_equal(record.kind, samples[i].kind);
        assert_int_equal(encode(&record), len);
        assert_memory_equal(buf, copy, len);
        assert_false(es_record_next(&reader, &record));
        assert_false(reader.failed);
        free(copy);
    }
}

static void fields_of_a_text(void **state)
{
    struct es_reader reader = es_reader(es_slice(buf, encode(&samples[1])));
    struct es_record record;

    (void)state;
    assert_true(es_record_next(&reader, &record));
    assert_int_equal(record.text.id.incarnation, 1);
    assert_true(record.text.id.sequence == UINT64_MAX);
    assert_true(record.text.after == 0);
    assert_true(record.text.reply_to_own);
    assert_true(record.text.reply_to.incarnation == UINT32_MAX);
    assert_int_equal(record.text.reply_to.sequence, 3);
    assert_int_equal(record.text.text.len, 7);
    assert_memory_equal(record.text.text.ptr, "Grüße", 7);
    assert_in_range((uintptr_t)record.text.text.ptr, (uintptr_t)buf, (uintptr_t)buf + 100);
}

static void fields_of_an_acknowledgement(void **state)
{
    struct es_reader reader = es_reader(es_slice(buf, encode(&samples[3])));
    struct es_record record;

    (void)state;
    assert_true(es_record_next(&reader, &record));
    assert_int_equal(record.ack.before, 2);
    assert_int_equal(record.ack.n_chains, 2);
    assert_int_equal(record.ack.chains[0].chain, 2);
    assert_int_equal(record.ack.chains[0].received, 10);
    assert_int_equal(record.ack.chains[0].n_missing, 2);
    assert_int_equal(record.ack.chains[0].missing[1].from, 4);
    assert_int_equal(record.ack.chains[0].missing[1].count, 3);
    assert_true(record.ack.chains[1].received == UINT32_MAX);
}

static void a_payload_of_many_records_is_read_in_order(void **state)
{
    struct es_writer writer = es_writer(buf, sizeof(buf));
    struct es_record record;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++)
        es_record_write(&writer, &samples[i]);
    assert_false(writer.failed);
    assert_true(es_records_valid(es_written(&writer)));
    struct es_reader reader = es_reader(es_written(&writer));

    while (es_record_next(&reader, &record))
        assert_int_equal(record.kind, samples[n++].kind);
    assert_true(es_reader_done(&reader));
    assert_int_equal(n, COUNT(samples));
    assert_true(es_records_valid(es_slice(buf, 0)));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = encode(&samples[i]);

        for (size_t cut = 1; cut < len; cut++)
            assert_false(valid(cut));
    }
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = encode(&samples[i]);

        for (unsigned stated = 0; stated <= UINT16_MAX; stated++) {
            buf[1] = (uint8_t)stated;
            buf[2] = (uint8_t)(stated >> 8);
            if (es_records_valid(es_slice(buf, len)) != (stated + HEADER == len))
                fail_msg("sample %zu as %u bytes", i, stated);
        }
    }
}

static void bodies_of_another_size_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = encode(&samples[i]);

        memset(buf + len, 0, 64);
        for (size_t body = 0; has_fixed_size(&samples[i]) && body < len + 64 - HEADER; body++) {
            buf[1] = (uint8_t)body;
            buf[2] = (uint8_t)(body >> 8);
            assert_int_equal(valid(HEADER + body), HEADER + body == len);
        }
    }
}

static void unknown_types_are_refused(void **state)
{
    (void)state;
    for (unsigned type = 0; type <= UINT8_MAX; type++) {
        struct es_reader reader;
        struct es_record record;

        buf[0] = (uint8_t)type;
        buf[1] = buf[2] = 0;
        reader = es_reader(es_slice(buf, HEADER));
        /* Without a body only these two are records. */
        assert_int_equal(es_record_next(&reader, &record),
                         type == ES_RECORD_ANSWER || type == ES_RECORD_PROFILE);
        if (type == 0 || type > ES_RECORD_FLOOR)
            assert_true(reader.failed);
    }
}

/* What no peer would take is not written, whatever the room. */
static void assert_not_written(const struct es_record *record)
{
    uint8_t small[4] = {0xee, 0xee, 0xee, 0xee};
    struct es_writer writer = es_writer(buf, sizeof(buf));

    es_record_write(&writer, record);
    assert_true(writer.failed);
    assert_int_equal(es_writer_len(&writer), 0);
    writer = es_writer(small, sizeof(small));
    es_record_write(&writer, record);
    assert_int_equal(small[0], 0xee);
}

static void texts_have_limits(void **state)
{
    static uint8_t letters[ES_TEXT_BYTES_MAX + 1];
    struct es_record record = samples[0];

    (void)state;
    memset(letters, 'a', sizeof(letters));
    record.text.text = es_slice(letters, ES_TEXT_BYTES_MAX);
    assert_true(valid(encode(&record)));
    record.text.text.len++;
    assert_not_written(&record);
    record.text.text.len = 0;
    assert_not_written(&record);
    record.text.text = es_slice("\xff", 1);
    assert_not_written(&record);

    /* The same from outside. */
    size_t len = encode(&samples[0]);

    assert_true(valid(len));
    buf[len - 1] = 0xff;
    assert_false(valid(len));
    buf[len - 1] = 0;
    assert_false(valid(len));
    buf[1]--;
    assert_false(valid(len - 1));
}

static void texts_name_earlier_messages(void **state)
{
    struct es_record record = samples[0];

    (void)state;
    record.text.after = record.text.id.sequence;
    assert_not_written(&record);
    record = samples[0];
    record.text.id.sequence = 0;
    record.text.after = 0;
    assert_not_written(&record);
    record = samples[0];
    record.text.reply_to_own = true;
    assert_not_written(&record);
    record = samples[0];
    record.text.reply_to.incarnation = 1;
    assert_not_written(&record);

    /* reply_to_own is one bit in a byte: HEADER + id 12 + time 8 + after 8. */
    size_t len = encode(&samples[1]);

    assert_int_equal(buf[HEADER + 28], 1);
    buf[HEADER + 28] = 2;
    assert_false(valid(len));
}

static void acknowledged_chains_ascend(void **state)
{
    struct es_record record = samples[3];

    (void)state;
    record.ack.chains[0].chain = 1; /* below `before` */
    assert_not_written(&record);
    record = samples[3];
    record.ack.chains[1].chain = 2;
    assert_not_written(&record);
    record = samples[3];
    record.ack.n_chains = ES_ACK_CHAINS_MAX + 1;
    assert_not_written(&record);

    /* The same from outside: n_chains is the last byte of the head. */
    size_t len = encode(&samples[2]);

    assert_int_equal(len, HEADER + 13);
    for (unsigned n = 1; n <= UINT8_MAX; n++) {
        buf[HEADER + 12] = (uint8_t)n;
        assert_false(valid(len));
    }
}

static void missing_ranges_ascend_and_end_in_what_was_received(void **state)
{
    static const struct {
        struct es_ack_range ranges[2];
        bool good;
    } cases[] = {
        {{{0, 1}, {1, 9}}, true},  {{{0, 1}, {9, 1}}, true},
        {{{0, 1}, {0, 1}}, false}, {{{3, 1}, {1, 1}}, false},
        {{{0, 5}, {4, 1}}, false}, {{{0, 0}, {4, 1}}, false},
        {{{0, 1}, {9, 2}}, false}, {{{0, 1}, {UINT32_MAX, UINT16_MAX}}, false},
    };
    struct es_record record = samples[3];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memcpy(record.ack.chains[0].missing, cases[i].ranges, sizeof(cases[i].ranges));
        if (cases[i].good)
            assert_true(valid(encode(&record)));
        else
            assert_not_written(&record);
    }
    record = samples[3];
    record.ack.chains[0].n_missing = ES_ACK_RANGES_MAX + 1;
    assert_not_written(&record);
}

static void the_largest_acknowledgement_survives(void **state)
{
    struct es_record record = {.kind = ES_RECORD_ACK, .ack = {.n_chains = ES_ACK_CHAINS_MAX}};

    (void)state;
    for (uint32_t c = 0; c < ES_ACK_CHAINS_MAX; c++) {
        struct es_ack_chain *chain = &record.ack.chains[c];

        chain->chain = c;
        chain->received = 1000;
        chain->n_missing = ES_ACK_RANGES_MAX;
        for (uint32_t r = 0; r < ES_ACK_RANGES_MAX; r++)
            chain->missing[r] = (struct es_ack_range){3 * r, 2};
    }
    size_t len = encode(&record);

    assert_int_equal(len, HEADER + 13 + 8 * (9 + 32 * 6));
    assert_true(valid(len));
    buf[HEADER + 13 + 8] = ES_ACK_RANGES_MAX + 1;
    assert_false(valid(len));
}

static void windows_names_pads_and_reads_have_limits(void **state)
{
    static const uint16_t bad_windows[] = {0, ES_WINDOW - 1, ES_WINDOW_MAX + 1, UINT16_MAX};
    static char name[ES_NAME_BYTES_MAX + 1];
    struct es_record record = {.kind = ES_RECORD_WINDOW};

    (void)state;
    for (size_t i = 0; i < COUNT(bad_windows); i++) {
        record.window = bad_windows[i];
        assert_not_written(&record);
    }
    record.window = ES_WINDOW_MAX;
    assert_true(valid(encode(&record)));
    record.window = ES_WINDOW;
    assert_true(valid(encode(&record)));

    memset(name, 'n', sizeof(name));
    record = (struct es_record){.kind = ES_RECORD_PROFILE};
    record.profile = es_slice(name, ES_NAME_BYTES_MAX);
    assert_true(valid(encode(&record)));
    record.profile.len++;
    assert_not_written(&record);
    record.profile = es_slice("\xed\xa0\x80", 3);
    assert_not_written(&record);

    record = (struct es_record){.kind = ES_RECORD_PING};
    record.ping.pad_bytes = ES_PING_BYTES_MAX;
    size_t len = encode(&record);

    assert_true(valid(len));
    buf[len - 1] = 1; /* the pad is zeros */
    assert_false(valid(len));
    record.ping.pad_bytes++;
    assert_not_written(&record);

    record = (struct es_record){.kind = ES_RECORD_READ, .read = {1, 0}};
    assert_not_written(&record);
}

static void a_full_buffer_takes_whole_records_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t len = encode(&samples[i]);

        for (size_t cap = 0; cap <= len; cap++) {
            uint8_t *room = exact_copy(buf, cap);
            struct es_writer writer = es_writer(room, cap);

            es_record_write(&writer, &samples[i]);
            assert_int_equal(writer.failed, cap < len);
            assert_int_equal(es_writer_len(&writer), cap < len ? 0 : len);
            free(room);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_survive),
        cmocka_unit_test(fields_of_a_text),
        cmocka_unit_test(fields_of_an_acknowledgement),
        cmocka_unit_test(a_payload_of_many_records_is_read_in_order),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(bodies_of_another_size_are_refused),
        cmocka_unit_test(unknown_types_are_refused),
        cmocka_unit_test(texts_have_limits),
        cmocka_unit_test(texts_name_earlier_messages),
        cmocka_unit_test(acknowledged_chains_ascend),
        cmocka_unit_test(missing_ranges_ascend_and_end_in_what_was_received),
        cmocka_unit_test(the_largest_acknowledgement_survives),
        cmocka_unit_test(windows_names_pads_and_reads_have_limits),
        cmocka_unit_test(a_full_buffer_takes_whole_records_only),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
