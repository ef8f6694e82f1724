/* SPDX-License-Identifier: ISC */
/* e2ee_rows_test.c - sessions and pending handshakes as rows of the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/e2ee_pair.h"

static struct party a, b;

static int connect_pair(void **state)
{
    (void)state;
    party_init(&a, 1);
    party_init(&b, 2);
    pair_connect(&a, &b);
    return 0;
}

static int drop_pair(void **state)
{
    (void)state;
    party_done(&a);
    party_done(&b);
    return 0;
}

static void test_row_round_trip(void **state)
{
    uint8_t row[ES_SESSION_ROW_BYTES_MAX], again[ES_SESSION_ROW_BYTES_MAX];
    struct es_session decoded;

    (void)state;
    b.session.contact = 77;
    b.session.heard_age_ms = 1767225600000;
    size_t len = es_session_encode(&b.session, row, sizeof(row));

    assert_in_range(len, 1, ES_SESSION_ROW_BYTES_MAX);
    assert_true(es_session_decode(es_slice(row, len), &decoded));
    assert_int_equal(decoded.contact, 77);
    assert_int_equal(decoded.heard_age_ms, 1767225600000);
    assert_int_equal(es_session_encode(&decoded, again, sizeof(again)), len);
    assert_memory_equal(row, again, len);
    for (size_t cap = 0; cap < len; cap++)
        assert_int_equal(es_session_encode(&b.session, again, cap), 0);
}

static void test_what_is_no_row(void **state)
{
    uint8_t row[ES_SESSION_ROW_BYTES_MAX + 1];
    struct es_session decoded;
    size_t len = es_session_encode(&b.session, row, sizeof(row));

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(es_session_decode(es_slice(row, cut), &decoded));
        assert_true(es_bytes_zero(&decoded, sizeof(decoded)));
    }
    row[len] = 0;
    assert_false(es_session_decode(es_slice(row, len + 1), &decoded));
    row[0]++; /* version */
    assert_false(es_session_decode(es_slice(row, len), &decoded));
    row[0]--;
    row[1] |= 0x80; /* a flag that there is not */
    assert_false(es_session_decode(es_slice(row, len), &decoded));
}

static void assert_no_row(const struct es_session *session)
{
    uint8_t row[ES_SESSION_ROW_BYTES_MAX];
    struct es_session decoded;
    size_t len = es_session_encode(session, row, sizeof(row));

    assert_false(es_session_decode(es_slice(row, len), &decoded));
}

/* States that sealing and opening never leave behind. */
static void test_impossible_states_are_no_rows(void **state)
{
    struct es_session session = a.session;

    (void)state;
    session.window = 0;
    assert_no_row(&session);
    session = a.session;
    session.own_window = ES_WINDOW_MAX + 1;
    assert_no_row(&session);
    session = a.session;
    session.acked = session.send.next + 1;
    assert_no_row(&session);
    session = a.session;
    session.turn = true; /* with a key of our own */
    assert_no_row(&session);
    session = a.session;
    es_wipe(&session.own, sizeof(session.own)); /* without, and no turn */
    assert_no_row(&session);
    session = a.session;
    session.sending = false;
    assert_no_row(&session);
    session = a.session;
    session.previous_count = UINT16_MAX + 1;
    assert_no_row(&session);
}

static void test_pending_row_round_trip(void **state)
{
    uint8_t row[ES_PENDING_ROW_BYTES_MAX + 1];
    struct es_pending decoded;
    struct parcel request;

    (void)state;
    pair_request(&a, &b, &request);
    a.pending.contact = 5;
    a.pending.made_age_ms = 1767225600000;
    a.pending.post_quantum = true;
    a.pending.crossing = 8;
    size_t len = es_pending_encode(&a.pending, row, sizeof(row));

    assert_in_range(len, 1, ES_PENDING_ROW_BYTES_MAX);
    assert_true(es_pending_decode(es_slice(row, len), &decoded));
    assert_int_equal(decoded.number, a.pending.number);
    assert_int_equal(decoded.contact, 5);
    assert_int_equal(decoded.made_age_ms, 1767225600000);
    assert_false(decoded.by_introduction);
    assert_true(decoded.post_quantum);
    assert_int_equal(decoded.crossing, 8);
    assert_memory_equal(&decoded.address, &a.pending.address, sizeof(decoded.address));
    assert_memory_equal(&decoded.gs, &a.pending.gs, sizeof(decoded.gs));
    assert_memory_equal(&decoded.one_time, &a.pending.one_time, sizeof(decoded.one_time));
    assert_memory_equal(&decoded.th1, &a.pending.th1, sizeof(decoded.th1));
    for (size_t cap = 0; cap < len; cap++) {
        assert_false(es_pending_decode(es_slice(row, cap), &decoded));
        assert_true(es_bytes_zero(&decoded, sizeof(decoded)));
        assert_int_equal(es_pending_encode(&a.pending, row, cap), 0);
    }
    assert_false(es_pending_decode(es_slice(row, len + 1), &decoded));
    row[1] = 4;
    assert_false(es_pending_decode(es_slice(row, len), &decoded));
}

#define PAIRED(test) cmocka_unit_test_setup_teardown(test, connect_pair, drop_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIRED(test_row_round_trip),
        PAIRED(test_what_is_no_row),
        PAIRED(test_impossible_states_are_no_rows),
        PAIRED(test_pending_row_round_trip),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
