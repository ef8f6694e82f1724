/* SPDX-License-Identifier: ISC */
/* e2ee_forgery_test.c - what a carrier, a passer-by or a dishonest contact does to envelopes of a
 * session. Whatever it is: one error class, nothing changes, nothing is left in the outputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/record.h"
#include "tests/support/e2ee_forge.h"
#include "tests/support/low_order.h"

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

static struct es_slice bytes_of(const struct parcel *parcel)
{
    return es_slice(parcel->bytes, parcel->len);
}

static void expect(struct party *party, const struct parcel *parcel)
{
    uint64_t value;

    assert_int_equal(party_receive(party, parcel, &value), PARTY_OPENED);
}

static void send_and_expect(struct party *from, struct party *to)
{
    struct parcel parcel;

    party_send(from, 1, &parcel);
    expect(to, &parcel);
}

/* As much of the outputs as envelopes of this size could write to. */
#define PAYLOAD_BYTES ES_ENVELOPE_BYTES_MIN
#define GAPS_BYTES (2 * ES_WINDOW * sizeof(struct es_gap))

static void assert_outputs_wiped(const struct party *party)
{
    assert_true(es_bytes_zero(&party->opened.after, sizeof(party->opened.after)));
    assert_true(es_bytes_zero(party->payload, PAYLOAD_BYTES));
    assert_true(es_bytes_zero(party->new_gaps, GAPS_BYTES));
    assert_int_equal(party->opened.n_gaps, 0);
    assert_int_equal(party->opened.records.len, 0);
}

static void forget_outputs(struct party *party)
{
    memset(&party->opened.after, 0xaa, sizeof(party->opened.after));
    memset(party->payload, 0, PAYLOAD_BYTES);
    memset(party->new_gaps, 0, GAPS_BYTES);
}

static void assert_refused(struct party *party, enum es_expected expected, struct es_position at,
                           struct es_slice envelope, enum es_open_result result)
{
    struct es_session before = party->session;

    forget_outputs(party);
    assert_int_equal(
        es_session_open(&party->session, expected, at, envelope, PAIR_DAY, &party->opened), result);
    assert_outputs_wiped(party);
    assert_memory_equal(&before, &party->session, sizeof(before));
}

/* --- Bit flips: R-03 -------------------------------------------------------------------------- */

/* Every bit of the envelope but the expiry's counts; afterwards the envelope itself still opens. */
static void flip_every_bit(struct party *party, enum es_expected expected, struct parcel *parcel)
{
    for (size_t bit = 0; bit < parcel->len * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << (bit % 8));

        if (bit / 8 == 2 || bit / 8 == 3)
            continue;
        parcel->bytes[bit / 8] ^= mask;
        assert_refused(party, expected, parcel->at, bytes_of(parcel), ES_OPEN_BAD);
        parcel->bytes[bit / 8] ^= mask;
    }
    expect(party, parcel);
}

static void test_flips_in_the_current_chain(void **state)
{
    struct parcel lost, parcel;

    (void)state;
    party_send(&a, 1, &lost);
    party_send(&a, 2, &parcel);
    flip_every_bit(&b, ES_EXPECT_CURRENT, &parcel);
}

static void test_flips_in_the_next_chain(void **state)
{
    struct parcel lost, parcel;

    (void)state;
    party_send(&a, 1, &lost);
    send_and_expect(&b, &a);
    party_send(&a, 2, &lost);
    party_send(&a, 3, &parcel);
    flip_every_bit(&b, ES_EXPECT_NEXT, &parcel);
}

static void test_flips_in_a_gap(void **state)
{
    struct parcel late;

    (void)state;
    party_send(&a, 1, &late);
    send_and_expect(&a, &b);
    const struct es_gap gap = b.gaps[0];

    for (size_t byte = 0; byte < late.len; byte++) {
        if (byte == 2 || byte == 3)
            continue;
        late.bytes[byte] ^= 0x10;
        forget_outputs(&b);
        assert_int_equal(es_session_open_gap(&b.session, &gap, bytes_of(&late), &b.opened),
                         ES_OPEN_BAD);
        assert_outputs_wiped(&b);
        late.bytes[byte] ^= 0x10;
    }
    expect(&b, &late);
}

/* Carriers are told when to drop an envelope; neither seal nor id covers it. */
static void test_expiry_is_not_covered(void **state)
{
    struct parcel parcel;

    (void)state;
    party_send(&a, 1, &parcel);
    es_envelope_restamp(parcel.bytes, 0xffff);
    expect(&b, &parcel);
}

static void test_shortened_and_lengthened(void **state)
{
    struct parcel parcel;

    (void)state;
    party_send(&a, 1, &parcel);
    for (size_t len = 0; len < parcel.len; len++)
        assert_refused(&b, ES_EXPECT_CURRENT, parcel.at, es_slice(parcel.bytes, len), ES_OPEN_BAD);
    assert_refused(&b, ES_EXPECT_CURRENT, parcel.at, es_slice(parcel.bytes, parcel.len + 1),
                   ES_OPEN_BAD);
    expect(&b, &parcel);
}

/* --- The right envelope in the wrong place ---------------------------------------------------- */

static void test_replay_is_unknown(void **state)
{
    struct parcel current, late, next;
    uint64_t value;

    (void)state;
    party_send(&a, 1, &late);
    party_send(&a, 2, &current);
    expect(&b, &current);
    expect(&b, &late);
    send_and_expect(&b, &a);
    party_send(&a, 3, &next);
    expect(&b, &next);
    assert_int_equal(party_receive(&b, &current, &value), PARTY_UNKNOWN);
    assert_int_equal(party_receive(&b, &late, &value), PARTY_UNKNOWN);
    assert_int_equal(party_receive(&b, &next, &value), PARTY_UNKNOWN);
}

/* H-04: what one side sealed is nothing to itself, even with the tag put where it would look. */
static void test_reflection(void **state)
{
    struct parcel parcel;
    uint64_t value;
    struct es_position at = {a.session.receive.number, a.session.receive.next};

    (void)state;
    party_send(&a, 1, &parcel);
    assert_int_equal(party_receive(&a, &parcel, &value), PARTY_UNKNOWN);
    assert_refused(&a, ES_EXPECT_CURRENT, at, bytes_of(&parcel), ES_OPEN_BAD);
}

/* an envelope opens at its own place alone. */
static void test_no_envelope_opens_at_another_place(void **state)
{
    struct parcel parcel;
    uint32_t chain = b.session.receive.number;

    (void)state;
    party_send(&a, 1, &parcel);
    party_send(&a, 2, &parcel);
    for (uint32_t n = 0; n < ES_WINDOW; n++) {
        struct es_position current = {chain, b.session.receive.next + n};

        if (current.n != parcel.at.n)
            assert_refused(&b, ES_EXPECT_CURRENT, current, bytes_of(&parcel), ES_OPEN_BAD);
        assert_refused(&b, ES_EXPECT_NEXT, (struct es_position){chain + 1, n}, bytes_of(&parcel),
                       ES_OPEN_BAD);
    }
    expect(&b, &parcel);
}

/* The same two people, another session. */
static void test_no_envelope_opens_in_another_session(void **state)
{
    static struct party c, d;
    struct parcel parcel;

    (void)state;
    party_init(&c, 1);
    party_init(&d, 2);
    c.random.counter = d.random.counter = 1000;
    pair_connect(&c, &d);
    party_send(&a, 1, &parcel);
    assert_int_equal(party_try(&d, bytes_of(&parcel)), PARTY_UNKNOWN);
    assert_refused(&d, ES_EXPECT_CURRENT, parcel.at, bytes_of(&parcel), ES_OPEN_BAD);
    party_done(&c);
    party_done(&d);
}

/* --- What only a contact can make ------------------------------------------------------------- */

/* a count that promises more than the window would make the peer derive keys without end. */
static void test_huge_previous_count(void **state)
{
    struct parcel parcel;
    struct es_ratchet_header header;
    uint32_t next = b.session.receive.next;

    (void)state;
    send_and_expect(&b, &a);
    forge_begin_chain(&a);
    header = (struct es_ratchet_header){.key = a.session.own_public, .previous_count = UINT16_MAX};
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_refused(&b, ES_EXPECT_NEXT, parcel.at, bytes_of(&parcel), ES_OPEN_TOO_FAR);
    header.previous_count = (uint16_t)(next + ES_WINDOW + 1);
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_refused(&b, ES_EXPECT_NEXT, parcel.at, bytes_of(&parcel), ES_OPEN_TOO_FAR);
    header.previous_count = (uint16_t)(next + ES_WINDOW);
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_int_equal(party_try(&b, bytes_of(&parcel)), PARTY_OPENED);
    assert_int_equal(b.opened.n_gaps, ES_WINDOW);
}

/* A first chain follows none: there is nothing that could be missing from it. */
static void test_previous_count_of_a_first_chain(void **state)
{
    struct parcel parcel;
    struct es_ratchet_header header = {.previous_count = 1};

    (void)state;
    drop_pair(NULL);
    party_init(&a, 1);
    party_init(&b, 2);
    pair_introduce(&a, &b);
    send_and_expect(&b, &a);
    forge_begin_chain(&a);
    header.key = a.session.own_public;
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_refused(&b, ES_EXPECT_NEXT, parcel.at, bytes_of(&parcel), ES_OPEN_TOO_FAR);
    header.previous_count = 0;
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_int_equal(party_try(&b, bytes_of(&parcel)), PARTY_OPENED);
}

/* H-06 */
static void test_low_order_ratchet_key(void **state)
{
    struct parcel parcel;
    struct es_ratchet_header header = {0};

    (void)state;
    send_and_expect(&b, &a);
    forge_begin_chain(&a);
    header.previous_count = (uint16_t)a.session.previous_count;
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        header.key = low_order[i];
        forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
        assert_refused(&b, ES_EXPECT_NEXT, parcel.at, bytes_of(&parcel), ES_OPEN_BAD);
    }
}

/* The key of a chain is told in each of its envelopes and is one. */
static void test_other_key_in_the_same_chain(void **state)
{
    struct parcel parcel;
    struct es_ratchet_header header = {.key = a.session.own_public};

    (void)state;
    header.key.bytes[5] ^= 1;
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_refused(&b, ES_EXPECT_CURRENT, parcel.at, bytes_of(&parcel), ES_OPEN_BAD);
    header.key.bytes[5] ^= 1;
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    assert_int_equal(party_try(&b, bytes_of(&parcel)), PARTY_OPENED);
}

/* A contact begins a chain to which nothing of ours has answered: our secret for it is gone. What
 * stands in its place, zeros, is no secret, and the chain would be one that anybody can compute who
 * has the root key. */
static void test_chain_out_of_turn(void **state)
{
    struct parcel parcel;
    struct es_ratchet_header header = {.key = a.session.own_public};
    struct es_key root, next_seed;

    (void)state;
    send_and_expect(&a, &b);
    assert_true(b.session.turn);
    header.previous_count = (uint16_t)a.session.send.next;
    a.session.send.tag_seed = a.session.send_next_seed;
    a.session.send.number++;
    a.session.send.next = 0;
    root = b.session.root;
    assert_true(es_ratchet_root_step(&root, &b.session.own, &header.key, &a.session.send.chain_key,
                                     &next_seed));
    forge_envelope(&a, &header, es_slice(NULL, 0), &parcel);
    struct es_ratchet_keys keys = forge_keys(&a.session);

    assert_non_null(es_tags_find(b.tags, &keys.tag));
    assert_refused(&b, ES_EXPECT_NEXT, parcel.at, bytes_of(&parcel), ES_OPEN_BAD);
}

static void test_records_that_are_none(void **state)
{
    static const uint8_t unknown_type[] = {0xff, 0, 0};
    static const uint8_t cut_off[] = {ES_RECORD_WINDOW, 2, 0, 0x80};
    static const uint8_t left_over[] = {ES_RECORD_ANSWER, 0, 0, ES_RECORD_ANSWER};
    static const struct es_slice payloads[] = {
        {unknown_type, sizeof(unknown_type)},
        {cut_off, sizeof(cut_off)},
        {left_over, sizeof(left_over)},
    };
    struct es_ratchet_header header = {.key = a.session.own_public};
    struct parcel parcel;

    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        forge_envelope(&a, &header, payloads[i], &parcel);
        assert_refused(&b, ES_EXPECT_CURRENT, parcel.at, bytes_of(&parcel), ES_OPEN_BAD);
    }
}

/* --- Sealed by hand --------------------------------------------------------------------------- */

static struct forge_plain good_plain(const struct party *from)
{
    struct forge_plain plain = {.header = {1}};

    memcpy(plain.header + 4, from->session.own_public.bytes, ES_KEY_BYTES);
    es_pad(plain.body, 0, sizeof(plain.body));
    return plain;
}

static void test_layout_is_as_written(void **state)
{
    struct forge_plain plain = good_plain(&a);
    struct parcel parcel;

    (void)state;
    forge_plain(&a, &plain, &parcel);
    assert_int_equal(party_try(&b, bytes_of(&parcel)), PARTY_OPENED);
}

static void refuse_by_hand(const struct forge_plain *plain)
{
    struct parcel parcel;

    forge_plain(&a, plain, &parcel);
    assert_refused(&b, ES_EXPECT_CURRENT, parcel.at, bytes_of(&parcel), ES_OPEN_BAD);
}

static void test_other_header_version(void **state)
{
    struct forge_plain plain = good_plain(&a);

    (void)state;
    plain.header[0] = 2;
    refuse_by_hand(&plain);
}

static void test_unknown_header_flag(void **state)
{
    struct forge_plain plain = good_plain(&a);

    (void)state;
    plain.header[1] = 1;
    refuse_by_hand(&plain);
}

/* bad padding inside a good seal is the same as a bad seal. */
static void test_malformed_padding(void **state)
{
    struct forge_plain plain = good_plain(&a);

    (void)state;
    memset(plain.body, 0, sizeof(plain.body));
    refuse_by_hand(&plain);
    plain.body[0] = 0x80;
    plain.body[sizeof(plain.body) - 1] = 1;
    refuse_by_hand(&plain);
}

#define PAIRED(test) cmocka_unit_test_setup_teardown(test, connect_pair, drop_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIRED(test_flips_in_the_current_chain),
        PAIRED(test_flips_in_the_next_chain),
        PAIRED(test_flips_in_a_gap),
        PAIRED(test_expiry_is_not_covered),
        PAIRED(test_shortened_and_lengthened),
        PAIRED(test_replay_is_unknown),
        PAIRED(test_reflection),
        PAIRED(test_no_envelope_opens_at_another_place),
        PAIRED(test_no_envelope_opens_in_another_session),
        PAIRED(test_huge_previous_count),
        PAIRED(test_previous_count_of_a_first_chain),
        PAIRED(test_low_order_ratchet_key),
        PAIRED(test_other_key_in_the_same_chain),
        PAIRED(test_chain_out_of_turn),
        PAIRED(test_records_that_are_none),
        PAIRED(test_layout_is_as_written),
        PAIRED(test_other_header_version),
        PAIRED(test_unknown_header_flag),
        PAIRED(test_malformed_padding),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
