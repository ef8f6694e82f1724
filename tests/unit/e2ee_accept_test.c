/* SPDX-License-Identifier: ISC */
/* e2ee_accept_test.c - acceptance and refusal of a request, honest and forged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/oneshot.h"
#include "tests/support/e2ee_forge.h"
#include "tests/support/low_order.h"

static const struct es_key no_psk;
static struct party a, b;
/* An introduction key of b's. */
static struct es_addressee introduction;

static int make_pair(void **state)
{
    (void)state;
    party_init(&a, 1);
    party_init(&b, 2);
    memset(introduction.secret.bytes, 0x11, sizeof(introduction.secret.bytes));
    struct es_dh_public public = es_dh_public_of(&introduction.secret);

    memcpy(introduction.name, public.bytes, sizeof(introduction.name));
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

static void expect(struct party *party, const struct parcel *parcel, uint64_t value)
{
    uint64_t got = 0;

    assert_int_equal(party_receive(party, parcel, &got), PARTY_OPENED);
    assert_int_equal(got, value);
}

static bool opens(const struct es_addressee *whom, const struct parcel *request,
                  struct es_request_opened *ret)
{
    return es_request_open(whom, &no_psk, 1, bytes_of(request), ret);
}

/* --- Honest ----------------------------------------------------------------------------------- */

static void assert_sessions_agree(void)
{
    assert_memory_equal(&a.session.id, &b.session.id, sizeof(a.session.id));
    assert_memory_equal(&a.link_key, &b.link_key, sizeof(a.link_key));
    assert_memory_equal(&a.peer.address, &b.identity.address, sizeof(a.peer.address));
    assert_true(a.session.initiator);
    assert_false(b.session.initiator);
}

static void test_acceptance_completes_the_handshake(void **state)
{
    struct parcel parcel;

    (void)state;
    pair_introduce(&a, &b);
    assert_false(b.session.confirmed);
    party_send(&b, 1, &parcel);
    expect(&a, &parcel, 1);
    assert_sessions_agree();
    assert_true(a.session.confirmed);
    assert_true(a.session.turn);
    party_send(&a, 2, &parcel);
    expect(&b, &parcel, 2);
    assert_true(b.session.confirmed);
}

/* Any envelope of the acceptor's chain 0 is the acceptance; the earlier ones become gaps. */
static void test_any_envelope_of_the_first_chain_accepts(void **state)
{
    static struct parcel parcels[ES_WINDOW];

    (void)state;
    for (size_t first = 0; first < ES_WINDOW; first += 9) {
        drop_pair(NULL);
        make_pair(NULL);
        pair_introduce(&a, &b);
        for (size_t i = 0; i < ES_WINDOW; i++)
            party_send(&b, i + 1, &parcels[i]);
        assert_int_equal(es_session_room(&b.session), 0);
        expect(&a, &parcels[first], first + 1);
        assert_sessions_agree();
        assert_int_equal(a.n_gaps, first);
        assert_int_equal(es_tags_count(a.tags), 2 * ES_WINDOW + first);
        for (size_t i = ES_WINDOW; i-- > 0;)
            if (i != first)
                expect(&a, &parcels[i], i + 1);
        assert_int_equal(a.n_gaps, 0);
        party_send(&a, 100, &parcels[0]);
        expect(&b, &parcels[0], 100);
        party_send(&b, 101, &parcels[0]);
        expect(&a, &parcels[0], 101);
    }
}

static void test_refused_acceptance_leaves_the_pending_one(void **state)
{
    struct es_pending before;
    struct parcel parcel;

    (void)state;
    pair_introduce(&a, &b);
    party_send(&b, 1, &parcel);
    before = a.pending;
    memset(&a.opened.after, 0xaa, sizeof(a.opened.after));
    for (size_t bit = 0; bit < parcel.len * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << (bit % 8));
        struct es_peer_key peer = {{{0}}, {{0}}};
        struct es_key link_key = {{0}};

        if (bit / 8 == 2 || bit / 8 == 3)
            continue;
        parcel.bytes[bit / 8] ^= mask;
        assert_int_equal(es_pending_open(&a.identity, &a.pending, 0, bytes_of(&parcel), PAIR_DAY,
                                         &a.opened, &peer, &link_key),
                         ES_OPEN_BAD);
        parcel.bytes[bit / 8] ^= mask;
        assert_memory_equal(&before, &a.pending, sizeof(before));
        assert_true(es_bytes_zero(&a.opened.after, sizeof(a.opened.after)));
        assert_true(es_bytes_zero(&peer, sizeof(peer)) && es_bytes_zero(&link_key, 32));
    }
    expect(&a, &parcel, 1);
}

/* both ask, both accept; two sessions stand, and both work. */
static void test_crossing_requests_make_two_sessions(void **state)
{
    static struct party a2, b2;
    struct parcel from_a, from_b, parcel;

    (void)state;
    party_init(&a2, 1);
    party_init(&b2, 2);
    a2.random.counter = b2.random.counter = 1000;
    pair_request(&a, &b, &from_a);
    pair_request(&b2, &a2, &from_b);
    pair_accept(&b, &from_a);
    pair_accept(&a2, &from_b);
    party_send(&b, 1, &parcel);
    expect(&a, &parcel, 1);
    party_send(&a2, 2, &parcel);
    expect(&b2, &parcel, 2);
    assert_memory_not_equal(&a.session.id, &a2.session.id, sizeof(a.session.id));
    assert_memory_not_equal(&a.link_key, &a2.link_key, sizeof(a.link_key));
    party_send(&a, 3, &parcel);
    expect(&b, &parcel, 3);
    party_send(&b2, 4, &parcel);
    expect(&a2, &parcel, 4);
    party_done(&a2);
    party_done(&b2);
}

/* Accepted twice, a request makes two sessions that share nothing. */
static void test_accepting_twice_makes_different_sessions(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct es_session first;
    struct es_key first_link_key;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &request);
    assert_true(opens(&whom, &request, &opened));
    assert_true(es_accept(&b.identity, &whom, &opened.from, &opened.one_time, &opened.gs,
                          &opened.th1, &b.entropy, &first, &first_link_key));
    party_accept(&b, &whom, &opened);
    assert_memory_not_equal(&first.id, &b.session.id, sizeof(first.id));
    assert_memory_not_equal(&first_link_key, &b.link_key, sizeof(first_link_key));
    assert_memory_not_equal(&first.own, &b.session.own, sizeof(first.own));
}

/* --- Who answers ------------------------------------------------------------------------------ */

static void test_introduction_reveals_the_identity_in_the_answer(void **state)
{
    struct es_request_opened opened;
    struct es_addressee identity = party_addressee(&b);
    struct parcel parcel;

    (void)state;
    party_ask(&a, &introduction, ES_REQUEST_CONTACT, &no_psk, &parcel);
    assert_true(a.pending.by_introduction);
    assert_true(es_bytes_zero(&a.pending.address, sizeof(a.pending.address)));
    assert_false(opens(&identity, &parcel, &opened));
    assert_true(opens(&introduction, &parcel, &opened));
    party_accept(&b, &introduction, &opened);
    party_send(&b, 1, &parcel);
    expect(&a, &parcel, 1);
    assert_sessions_agree();
    party_send(&a, 2, &parcel);
    expect(&b, &parcel, 2);
}

/* H-10: whoever is visible could answer in somebody else's name, were the answer not agreed upon with
 * that name's own key. */
static void test_introduction_cannot_answer_in_another_name(void **state)
{
    static struct party victim;
    struct es_request_opened opened;
    struct parcel parcel;

    (void)state;
    party_init(&victim, 3);
    party_ask(&a, &introduction, ES_REQUEST_CONTACT, &no_psk, &parcel);
    assert_true(opens(&introduction, &parcel, &opened));
    struct es_identity liar = b.identity;

    liar.address = victim.identity.address;
    assert_true(es_accept(&liar, &introduction, &opened.from, &opened.one_time, &opened.gs,
                          &opened.th1, &b.entropy, &b.session, &b.link_key));
    b.has_session = true;
    party_send(&b, 1, &parcel);
    assert_int_equal(party_try(&a, bytes_of(&parcel)), PARTY_BAD);
    party_done(&victim);
}

/* Somebody else than the one asked answers; holding the request's secrets is not enough, whether the
 * answer is made as from behind an introduction key or as from an identity that was asked. */
static void test_answer_of_another_is_refused(void **state)
{
    static struct party other;
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel parcel;

    (void)state;
    party_init(&other, 3);
    const struct es_addressee asked[] = {whom, party_addressee(&other)};

    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &parcel);
    assert_true(opens(&whom, &parcel, &opened));
    for (size_t i = 0; i < 2; i++) {
        assert_true(es_accept(&other.identity, &asked[i], &opened.from, &opened.one_time,
                              &opened.gs, &opened.th1, &other.entropy, &other.session,
                              &other.link_key));
        other.has_session = true;
        party_send(&other, 1, &parcel);
        assert_int_equal(party_try(&a, bytes_of(&parcel)), PARTY_BAD);
    }
    party_done(&other);
}

/* Whoever answers with one's own identity, or its twin, is a mirror. */
static void test_own_identity_does_not_answer(void **state)
{
    struct es_request_opened opened;
    struct parcel parcel;

    (void)state;
    party_ask(&a, &introduction, ES_REQUEST_CONTACT, &no_psk, &parcel);
    assert_true(opens(&introduction, &parcel, &opened));
    for (int twin = 0; twin < 2; twin++) {
        struct es_identity mirror = a.identity;

        mirror.address.bytes[31] ^= twin ? 0x80 : 0;
        assert_true(es_accept(&mirror, &introduction, &opened.from, &opened.one_time, &opened.gs,
                              &opened.th1, &b.entropy, &b.session, &b.link_key));
        b.has_session = true;
        party_send(&b, 1, &parcel);
        assert_int_equal(party_try(&a, bytes_of(&parcel)), PARTY_BAD);
    }
}

/* --- Forged ----------------------------------------------------------------------------------- */

static struct es_ratchet_header honest_header(void)
{
    return (struct es_ratchet_header){.key = b.session.own_public,
                                      .accept_key = b.session.accept_key,
                                      .accept_address = b.session.accept_address};
}

static void refuse_acceptance(const struct es_ratchet_header *header)
{
    struct parcel parcel;

    forge_envelope(&b, header, es_slice(NULL, 0), &parcel);
    memset(&a.opened.after, 0xaa, sizeof(a.opened.after));
    assert_int_equal(party_try(&a, bytes_of(&parcel)), PARTY_BAD);
    assert_true(es_bytes_zero(&a.opened.after, sizeof(a.opened.after)));
}

static void test_low_order_one_time_key(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &request);
    assert_true(opens(&whom, &request, &opened));
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        memset(&b.session, 0xaa, sizeof(b.session));
        memset(&b.link_key, 0xaa, sizeof(b.link_key));
        assert_false(es_accept(&b.identity, &whom, &opened.from, &low_order[i], &opened.gs,
                               &opened.th1, &b.entropy, &b.session, &b.link_key));
        assert_true(es_bytes_zero(&b.session, sizeof(b.session)));
        assert_true(es_bytes_zero(&b.link_key, sizeof(b.link_key)));
    }
}

static void test_low_order_keys_in_an_acceptance(void **state)
{
    struct parcel parcel;

    (void)state;
    pair_introduce(&a, &b);
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        struct es_ratchet_header header = honest_header();

        header.key = low_order[i]; /* r */
        refuse_acceptance(&header);
        header = honest_header();
        header.accept_key = low_order[i]; /* f */
        refuse_acceptance(&header);
        header = honest_header();
        memcpy(header.accept_address.bytes, low_order[i].bytes, ES_KEY_BYTES);
        refuse_acceptance(&header);
    }
    struct es_ratchet_header header = honest_header();

    header.previous_count = 1;
    refuse_acceptance(&header);
    header.previous_count = 0;
    forge_envelope(&b, &header, es_slice(NULL, 0), &parcel);
    assert_int_equal(party_try(&a, bytes_of(&parcel)), PARTY_OPENED);
}

/* Later envelopes of the chain repeat the acceptance; another one in its place is refused. */
static void test_acceptance_cannot_change_later(void **state)
{
    struct parcel parcel;
    struct es_ratchet_header header;

    (void)state;
    pair_introduce(&a, &b);
    party_send(&b, 1, &parcel);
    expect(&a, &parcel, 1);
    for (int what = 0; what < 3; what++) {
        header = honest_header();
        header.accept_key.bytes[0] ^= what == 1;
        header.accept_address.bytes[0] ^= what == 2;
        forge_envelope(&b, &header, es_slice(NULL, 0), &parcel);
        assert_int_equal(es_session_open(&a.session, ES_EXPECT_CURRENT, parcel.at,
                                         bytes_of(&parcel), PAIR_DAY, &a.opened),
                         what == 0 ? ES_OPEN_OK : ES_OPEN_BAD);
    }
}

/* --- Kinds of envelopes ----------------------------------------------------------------------- */

static void test_refusal(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_key psks[2] = {no_psk, {{1}}};
    struct es_request_opened opened;
    struct parcel request, refusal = {.len = ES_ENVELOPE_BYTES_MIN};
    enum es_refusal reason;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_INVITE, &psks[1], &request);
    assert_true(es_request_open(&whom, psks, 2, bytes_of(&request), &opened));
    es_refusal_seal(&opened.gs, ES_REFUSAL_INVITE_EXPIRED, PAIR_EXPIRY, &b.entropy, refusal.bytes);
    struct es_tag tag = es_refusal_tag(&a.pending.gs);

    assert_memory_equal(refusal.bytes + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
    assert_int_equal(es_tags_find(a.tags, &tag)->kind, ES_TAG_REFUSAL);
    assert_true(es_refusal_open(&a.pending.gs, bytes_of(&refusal), &reason));
    assert_int_equal(reason, ES_REFUSAL_INVITE_EXPIRED);
    for (size_t byte = 0; byte < refusal.len; byte++) {
        if (byte == 2 || byte == 3)
            continue;
        refusal.bytes[byte] ^= 1;
        assert_false(es_refusal_open(&a.pending.gs, bytes_of(&refusal), &reason));
        refusal.bytes[byte] ^= 1;
    }
}

/* One byte, one of two: whatever else is in a good seal is no refusal. */
static void test_malformed_refusal(void **state)
{
    static const uint8_t said[] = {ES_REFUSAL_INVITE_USED, ES_REFUSAL_INVITE_USED};
    static const uint8_t unknown[] = {3};
    static const struct {
        struct es_slice plain;
        bool refusal;
    } cases[] = {{{said, 1}, true}, {{said, 0}, false}, {{said, 2}, false}, {{unknown, 1}, false}};
    const struct es_key gs = {{7}};
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    struct es_oneshot oneshot;
    enum es_refusal reason;

    (void)state;
    es_oneshot_init(&oneshot, &gs, "refuse", NULL, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        es_oneshot_seal(&oneshot, PAIR_EXPIRY, cases[i].plain, &b.entropy, envelope);
        assert_int_equal(es_refusal_open(&gs, ES_SLICE_OF(envelope), &reason), cases[i].refusal);
    }
}

/* each kind of envelope in the place of each other one. */
static void test_no_envelope_passes_for_another_kind(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel request, acceptance, refusal = {.len = ES_ENVELOPE_BYTES_MIN};
    enum es_refusal reason;

    (void)state;
    pair_request(&a, &b, &request);
    pair_accept(&b, &request);
    party_send(&b, 1, &acceptance);
    es_refusal_seal(&a.pending.gs, ES_REFUSAL_INVITE_USED, PAIR_EXPIRY, &b.entropy, refusal.bytes);
    assert_false(opens(&whom, &acceptance, &opened));
    assert_false(opens(&whom, &refusal, &opened));
    assert_false(es_refusal_open(&a.pending.gs, bytes_of(&acceptance), &reason));
    assert_false(es_refusal_open(&a.pending.gs, bytes_of(&request), &reason));
    const struct parcel *wrong[] = {&request, &refusal};

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(es_pending_open(&a.identity, &a.pending, 0, bytes_of(wrong[i]), PAIR_DAY,
                                         &a.opened, &a.peer, &a.link_key),
                         ES_OPEN_BAD);
        assert_int_equal(es_session_open(&b.session, ES_EXPECT_NEXT, (struct es_position){0, 0},
                                         bytes_of(wrong[i]), PAIR_DAY, &b.opened),
                         ES_OPEN_BAD);
    }
}

/* E-03: with every public key known, no tag of a session follows. The request's own secrets are what
 * its tags hang on: another request between the same people has other tags. */
static void test_tags_do_not_follow_from_public_keys(void **state)
{
    struct es_tag first[ES_WINDOW], second[ES_WINDOW];
    struct parcel request;

    (void)state;
    pair_request(&a, &b, &request);
    es_pending_tags(&a.pending, ES_WINDOW, first);
    pair_request(&a, &b, &request);
    es_pending_tags(&a.pending, ES_WINDOW, second);
    for (size_t i = 0; i < ES_WINDOW; i++)
        for (size_t k = 0; k < ES_WINDOW; k++)
            assert_memory_not_equal(first[i].bytes, second[k].bytes, ES_TAG_BYTES);
}

#define PAIRED(test) cmocka_unit_test_setup_teardown(test, make_pair, drop_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIRED(test_acceptance_completes_the_handshake),
        PAIRED(test_any_envelope_of_the_first_chain_accepts),
        PAIRED(test_refused_acceptance_leaves_the_pending_one),
        PAIRED(test_crossing_requests_make_two_sessions),
        PAIRED(test_accepting_twice_makes_different_sessions),
        PAIRED(test_introduction_reveals_the_identity_in_the_answer),
        PAIRED(test_introduction_cannot_answer_in_another_name),
        PAIRED(test_answer_of_another_is_refused),
        PAIRED(test_own_identity_does_not_answer),
        PAIRED(test_low_order_one_time_key),
        PAIRED(test_low_order_keys_in_an_acceptance),
        PAIRED(test_acceptance_cannot_change_later),
        PAIRED(test_refusal),
        PAIRED(test_malformed_refusal),
        PAIRED(test_no_envelope_passes_for_another_kind),
        PAIRED(test_tags_do_not_follow_from_public_keys),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
