/* SPDX-License-Identifier: ISC */
/* e2ee_session_test.c - the ratchet between two people: order, loss, windows, rollback.
 * What attackers do to it: e2ee_forgery_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/record.h"
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

static void expect(struct party *party, const struct parcel *parcel, uint64_t value)
{
    uint64_t got = 0;

    assert_int_equal(party_receive(party, parcel, &got), PARTY_OPENED);
    assert_int_equal(got, value);
}

static void send_and_expect(struct party *from, struct party *to, uint64_t value)
{
    struct parcel parcel;

    party_send(from, value, &parcel);
    expect(to, &parcel, value);
}

/* The party is switched off and on. */
static void restart(struct party *party)
{
    static struct party before;

    before = *party;
    party_restore(party, &before);
    pair_arena_free(&before.memory);
}

/* --- Order and loss --------------------------------------------------------------------------- */

static void test_conversation_in_order(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 50; round++) {
        struct party *from = round % 2 == 0 ? &a : &b, *to = round % 2 == 0 ? &b : &a;

        for (uint64_t i = 0; i <= round % 4; i++)
            send_and_expect(from, to, 100 * round + i + 1);
    }
    assert_int_equal(a.n_gaps, 0);
    assert_int_equal(b.n_gaps, 0);
}

/* Each table holds exactly the two windows of the one session: nothing leaks, nothing is missing. */
static void test_windows_stay_complete(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 20; round++) {
        send_and_expect(&a, &b, 1);
        send_and_expect(&a, &b, 2);
        send_and_expect(&b, &a, 3);
        assert_int_equal(es_tags_count(a.tags), 2 * ES_WINDOW);
        assert_int_equal(es_tags_count(b.tags), 2 * ES_WINDOW);
    }
}

#define MESSAGES 6

/* Two of a, two of b, two of a: the direction changes twice. */
static bool from_a(size_t message)
{
    return message < 2 || message >= 4;
}

enum sealing {
    SEALED_EARLY, /* every message up to the one that arrives next */
    SEALED_LATE,  /* only what its sender must have sealed before  */
};

struct schedule {
    enum sealing sealing;
    bool restarting;
    struct parcel parcels[MESSAGES];
    bool sealed[MESSAGES];
};

static void seal_up_to(struct schedule *schedule, size_t message)
{
    for (size_t i = 0; i <= message; i++) {
        if (schedule->sealed[i])
            continue;
        if (schedule->sealing == SEALED_LATE && from_a(i) != from_a(message))
            continue;
        party_send(from_a(i) ? &a : &b, i + 1, &schedule->parcels[i]);
        schedule->sealed[i] = true;
    }
}

static void arrive(struct schedule *schedule, size_t message)
{
    struct party *to = from_a(message) ? &b : &a;

    seal_up_to(schedule, message);
    if (schedule->restarting)
        restart(to);
    expect(to, &schedule->parcels[message], message + 1);
}

/* The order'th permutation of the messages. */
static void run_order(struct schedule *schedule, unsigned order)
{
    size_t left[MESSAGES] = {0, 1, 2, 3, 4, 5};

    memset(schedule->sealed, 0, sizeof(schedule->sealed));
    for (size_t n = MESSAGES; n > 0; n--) {
        size_t pick = order % n;

        order /= (unsigned)n;
        arrive(schedule, left[pick]);
        memmove(&left[pick], &left[pick + 1], (MESSAGES - 1 - pick) * sizeof(left[0]));
    }
    assert_int_equal(a.n_gaps, 0);
    assert_int_equal(b.n_gaps, 0);
    send_and_expect(&a, &b, 100);
    send_and_expect(&b, &a, 101);
    assert_int_equal(es_tags_count(a.tags), 2 * ES_WINDOW);
    assert_int_equal(es_tags_count(b.tags), 2 * ES_WINDOW);
}

/* every message arrives once, whatever the order of their arrival. */
static void run_every_order(enum sealing sealing, bool restarting)
{
    static struct party start_a, start_b;
    struct schedule schedule = {.sealing = sealing, .restarting = restarting};

    party_restore(&start_a, &a);
    party_restore(&start_b, &b);
    for (unsigned order = 0; order < 720; order++) {
        drop_pair(NULL);
        party_restore(&a, &start_a);
        party_restore(&b, &start_b);
        run_order(&schedule, order);
    }
    party_done(&start_a);
    party_done(&start_b);
}

static void test_every_order_sealed_early(void **state)
{
    (void)state;
    run_every_order(SEALED_EARLY, false);
}

static void test_every_order_sealed_late(void **state)
{
    (void)state;
    run_every_order(SEALED_LATE, false);
}

static void test_every_order_with_restarts(void **state)
{
    (void)state;
    run_every_order(SEALED_LATE, true);
}

static void test_lost_envelopes_leave_gaps_alone(void **state)
{
    struct parcel lost[3], parcel;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        party_send(&a, 10 + i, &lost[i]);
        send_and_expect(&a, &b, 20 + i);
        party_send(&a, 30 + i, &parcel); /* never seen again */
        send_and_expect(&a, &b, 40 + i);
        send_and_expect(&b, &a, 50 + i);
    }
    assert_int_equal(b.n_gaps, 6);
    for (size_t i = 3; i-- > 0;)
        expect(&b, &lost[i], 10 + i);
    assert_int_equal(b.n_gaps, 3);
    for (size_t i = 0; i < b.n_gaps; i++)
        assert_int_equal(b.gaps[i].day, PAIR_DAY);
}

/* A gap that its owner gave up: the envelope is then nobody's. */
static void test_forgotten_gap_is_unknown(void **state)
{
    struct parcel lost;
    uint64_t value;

    (void)state;
    party_send(&a, 1, &lost);
    send_and_expect(&a, &b, 2);
    assert_int_equal(b.n_gaps, 1);
    es_tags_remove(b.tags, &b.gaps[0].tag);
    b.n_gaps = 0;
    assert_int_equal(party_receive(&b, &lost, &value), PARTY_UNKNOWN);
    send_and_expect(&a, &b, 3);
}

/* Whole chains get lost on the way: the later chain says how long they were. */
static void test_end_of_old_chain_is_told_by_the_next(void **state)
{
    struct parcel late[4], parcel;

    (void)state;
    send_and_expect(&a, &b, 1);
    for (size_t i = 0; i < 4; i++)
        party_send(&a, 10 + i, &late[i]);
    send_and_expect(&b, &a, 2);
    party_send(&a, 3, &parcel);
    expect(&b, &parcel, 3);
    assert_int_equal(b.n_gaps, 4);
    for (size_t i = 0; i < 4; i++)
        expect(&b, &late[i], 10 + i);
}

/* --- Windows ---------------------------------------------------------------------------------- */

static void test_window_is_used_exactly(void **state)
{
    static struct parcel parcels[ES_WINDOW];

    (void)state;
    send_and_expect(&b, &a, 1); /* a begins a chain */
    assert_int_equal(es_session_room(&a.session), ES_WINDOW);
    for (size_t i = 0; i < ES_WINDOW; i++)
        party_send(&a, i + 1, &parcels[i]);
    assert_int_equal(es_session_room(&a.session), 0);
    expect(&b, &parcels[ES_WINDOW - 1], ES_WINDOW);
    assert_int_equal(b.n_gaps, ES_WINDOW - 1);
    for (size_t i = 0; i < ES_WINDOW - 1; i++)
        expect(&b, &parcels[i], i + 1);
    party_acked(&a);
    assert_int_equal(es_session_room(&a.session), ES_WINDOW);
}

/* a number beyond the window is nobody's, and costs one look-up. */
static void test_number_beyond_the_window_is_unknown(void **state)
{
    struct parcel parcel;
    uint64_t value;

    (void)state;
    for (size_t i = 0; i <= ES_WINDOW; i++) {
        party_acked(&a); /* a believes what b never said */
        party_send(&a, i + 1, &parcel);
    }
    assert_int_equal(party_receive(&b, &parcel, &value), PARTY_UNKNOWN);
    assert_int_equal(es_tags_count(b.tags), 2 * ES_WINDOW);
}

static void test_widened_window(void **state)
{
    static struct parcel parcels[ES_WINDOW_MAX];
    struct es_session before = b.session;

    (void)state;
    b.session.own_window = ES_WINDOW_MAX;
    assert_true(es_tags_move_session(b.tags, &before, &b.session));
    assert_int_equal(es_tags_count(b.tags), 2 * ES_WINDOW_MAX);
    a.session.window = ES_WINDOW_MAX;
    party_acked(&a);
    assert_int_equal(es_session_room(&a.session), ES_WINDOW_MAX);
    for (size_t i = 0; i < ES_WINDOW_MAX; i++)
        party_send(&a, i + 1, &parcels[i]);
    assert_int_equal(es_session_room(&a.session), 0);
    expect(&b, &parcels[ES_WINDOW_MAX - 1], ES_WINDOW_MAX);
    expect(&b, &parcels[0], 1);
    assert_int_equal(b.n_gaps, ES_WINDOW_MAX - 2);
}

/* The most gaps that one envelope can make: a whole window of the old chain and one less of the
 * next. */
static void test_gaps_of_two_widest_windows(void **state)
{
    struct es_session before = b.session;
    struct parcel parcel;

    (void)state;
    b.session.own_window = ES_WINDOW_MAX;
    assert_true(es_tags_move_session(b.tags, &before, &b.session));
    a.session.window = ES_WINDOW_MAX;
    party_acked(&a);
    for (size_t i = 0; i < ES_WINDOW_MAX; i++)
        party_send(&a, 1, &parcel);
    send_and_expect(&b, &a, 2);
    for (size_t i = 0; i < ES_WINDOW_MAX; i++)
        party_send(&a, 3, &parcel);
    expect(&b, &parcel, 3);
    assert_int_equal(b.opened.n_gaps, 2 * ES_WINDOW_MAX - 1);
}

static void test_new_chain_begins_with_a_whole_window(void **state)
{
    struct parcel parcel;

    (void)state;
    while (es_session_room(&a.session) > 0)
        party_send(&a, 1, &parcel);
    expect(&b, &parcel, 1);
    party_acked(&a);
    send_and_expect(&b, &a, 2);
    assert_int_equal(es_session_room(&a.session), ES_WINDOW);
    party_send(&a, 3, &parcel);
    assert_int_equal(a.session.acked, 0);
    assert_int_equal(es_session_room(&a.session), ES_WINDOW - 1);
}

/* PN is a u16: no chain grows longer, whatever is acknowledged. */
static void test_chain_ends_before_its_count_overflows(void **state)
{
    struct parcel parcel;

    (void)state;
    a.session.send.next = UINT16_MAX - 1;
    party_acked(&a);
    assert_int_equal(es_session_room(&a.session), 1);
    party_send(&a, 1, &parcel);
    party_acked(&a);
    assert_int_equal(es_session_room(&a.session), 0);
}

/* --- Sizes ------------------------------------------------------------------------------------ */

/* Records of exactly len bytes. */
static struct es_slice records_of(size_t len, uint8_t *buf)
{
    const size_t head = 3 + 8;
    struct es_writer writer = es_writer(buf, len);

    while (es_writer_len(&writer) < len) {
        size_t left = len - es_writer_len(&writer);
        size_t pad = left - head > 2000 ? 1000 : left - head;
        const struct es_record record = {.kind = ES_RECORD_PING, .ping.pad_bytes = (uint16_t)pad};

        es_record_write(&writer, &record);
        assert_false(writer.failed);
    }
    return es_written(&writer);
}

static void exchange_largest(struct party *from, struct party *to, enum es_envelope_class cls)
{
    static uint8_t buf[ES_ENVELOPE_BYTES_MAX];
    static struct parcel parcel;
    enum es_envelope_class fits;
    size_t capacity = es_session_capacity(&from->session, cls);

    assert_true(es_session_class_for(&from->session, capacity, &fits));
    assert_int_equal(fits, cls);
    if (cls == ES_CLASS_32K)
        assert_false(es_session_class_for(&from->session, capacity + 1, &fits));
    else
        assert_true(es_session_class_for(&from->session, capacity + 1, &fits) && fits == cls + 1);
    struct es_slice records = records_of(capacity, buf);

    es_session_seal(&from->session, &from->entropy, cls, PAIR_EXPIRY, records, parcel.bytes,
                    &parcel.at);
    assert_int_equal(party_try(to, es_slice(parcel.bytes, es_class_bytes(cls))), PARTY_OPENED);
    assert_int_equal(to->opened.records.len, capacity);
    assert_memory_equal(to->opened.records.ptr, records.ptr, capacity);
}

static void test_every_class_is_filled(void **state)
{
    (void)state;
    for (int cls = ES_CLASS_512; cls < ES_ENVELOPE_CLASSES; cls++)
        exchange_largest(&a, &b, (enum es_envelope_class)cls);
    assert_int_equal(es_session_capacity(&a.session, ES_CLASS_512), 399);
}

/* The acceptor's chain 0 carries 64 bytes more in its header. */
static void test_every_class_is_filled_by_the_acceptor(void **state)
{
    (void)state;
    drop_pair(NULL);
    party_init(&a, 1);
    party_init(&b, 2);
    pair_introduce(&a, &b);
    for (int cls = ES_CLASS_512; cls < ES_ENVELOPE_CLASSES; cls++)
        exchange_largest(&b, &a, (enum es_envelope_class)cls);
    assert_int_equal(es_session_capacity(&b.session, ES_CLASS_512), 335);
}

static void test_nothing_is_a_payload(void **state)
{
    struct parcel parcel;

    (void)state;
    es_session_seal(&a.session, &a.entropy, ES_CLASS_512, PAIR_EXPIRY, es_slice(NULL, 0),
                    parcel.bytes, &parcel.at);
    assert_int_equal(party_try(&b, es_slice(parcel.bytes, ES_ENVELOPE_BYTES_MIN)), PARTY_OPENED);
    assert_int_equal(b.opened.records.len, 0);
}

/* --- Keys ------------------------------------------------------------------------------------- */

/* two copies of one state seal under the same keys, never under the same nonce. */
static void test_rolled_back_session_repeats_no_nonce(void **state)
{
    struct es_session copy = a.session;
    struct parcel once, again;

    (void)state;
    party_send(&a, 1, &once);
    a.session = copy;
    party_send(&a, 2, &again);
    assert_memory_equal(once.bytes, again.bytes, ES_ENVELOPE_HEADER_BYTES);
    assert_memory_not_equal(once.bytes + ES_ENVELOPE_HEADER_BYTES,
                            again.bytes + ES_ENVELOPE_HEADER_BYTES, ES_NONCE_BYTES);
    expect(&b, &again, 2);
    uint64_t value;

    assert_int_equal(party_receive(&b, &once, &value), PARTY_UNKNOWN);
}

/* Our secret is gone as soon as the peer's answer to it is there, and nothing is drawn until the
 * next envelope is sealed. */
static void test_own_secret_is_erased_on_the_turn(void **state)
{
    struct parcel parcel;

    (void)state;
    assert_false(es_bytes_zero(&a.session.own, sizeof(a.session.own)));
    send_and_expect(&b, &a, 1);
    assert_true(es_bytes_zero(&a.session.own, sizeof(a.session.own)));
    assert_true(a.session.turn);
    party_send(&a, 2, &parcel);
    assert_false(es_bytes_zero(&a.session.own, sizeof(a.session.own)));
    assert_false(a.session.turn);
}

/* What is in memory after an envelope was opened does not open it again. */
static void test_opened_state_cannot_open_again(void **state)
{
    struct parcel parcel;
    uint64_t value;

    (void)state;
    party_send(&a, 1, &parcel);
    expect(&b, &parcel, 1);
    assert_int_equal(party_receive(&b, &parcel, &value), PARTY_UNKNOWN);
    for (uint32_t n = b.session.receive.next; n < b.session.receive.next + ES_WINDOW; n++)
        assert_int_equal(es_session_open(&b.session, ES_EXPECT_CURRENT,
                                         (struct es_position){parcel.at.chain, n},
                                         es_slice(parcel.bytes, parcel.len), PAIR_DAY, &b.opened),
                         ES_OPEN_BAD);
}

static void test_tags_are_those_of_the_envelopes(void **state)
{
    struct es_tag tags[ES_WINDOW];
    struct parcel parcel;

    (void)state;
    es_session_tags(&b.session, ES_EXPECT_CURRENT, b.session.receive.next, ES_WINDOW, tags);
    for (size_t i = 0; es_session_room(&a.session) > 0; i++) {
        party_send(&a, 1, &parcel);
        assert_memory_equal(parcel.bytes + ES_ENVELOPE_TAG_AT, tags[i].bytes, ES_TAG_BYTES);
    }
    expect(&b, &parcel, 1);
    es_session_tags(&b.session, ES_EXPECT_NEXT, 3, 2, tags);
    send_and_expect(&b, &a, 2);
    for (size_t i = 0; i < 5; i++) {
        party_send(&a, 1, &parcel);
        if (i >= 3)
            assert_memory_equal(parcel.bytes + ES_ENVELOPE_TAG_AT, tags[i - 3].bytes, ES_TAG_BYTES);
    }
}

static void test_done_erases_everything(void **state)
{
    struct es_session session = a.session;

    (void)state;
    es_session_done(&session);
    assert_true(es_bytes_zero(&session, sizeof(session)));
}

#define PAIRED(test) cmocka_unit_test_setup_teardown(test, connect_pair, drop_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIRED(test_conversation_in_order),
        PAIRED(test_windows_stay_complete),
        PAIRED(test_every_order_sealed_early),
        PAIRED(test_every_order_sealed_late),
        PAIRED(test_every_order_with_restarts),
        PAIRED(test_lost_envelopes_leave_gaps_alone),
        PAIRED(test_forgotten_gap_is_unknown),
        PAIRED(test_end_of_old_chain_is_told_by_the_next),
        PAIRED(test_window_is_used_exactly),
        PAIRED(test_number_beyond_the_window_is_unknown),
        PAIRED(test_widened_window),
        PAIRED(test_gaps_of_two_widest_windows),
        PAIRED(test_new_chain_begins_with_a_whole_window),
        PAIRED(test_chain_ends_before_its_count_overflows),
        PAIRED(test_every_class_is_filled),
        PAIRED(test_every_class_is_filled_by_the_acceptor),
        PAIRED(test_nothing_is_a_payload),
        PAIRED(test_rolled_back_session_repeats_no_nonce),
        PAIRED(test_own_secret_is_erased_on_the_turn),
        PAIRED(test_opened_state_cannot_open_again),
        PAIRED(test_tags_are_those_of_the_envelopes),
        PAIRED(test_done_erases_everything),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
