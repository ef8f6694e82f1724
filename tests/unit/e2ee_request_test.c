/* SPDX-License-Identifier: ISC */
/* e2ee_request_test.c - requests and their proof of work, honest and forged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/crypto/kdf.h"
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

static bool opens(const struct es_addressee *whom, const struct parcel *request,
                  struct es_request_opened *ret)
{
    return es_request_open(whom, &no_psk, 1, bytes_of(request), ret);
}

/* --- Honest ----------------------------------------------------------------------------------- */

static void test_request_says_what_was_said(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_RENEWAL, &no_psk, &request);
    assert_true(opens(&whom, &request, &opened));
    assert_memory_equal(&opened.from, &a.as_peer, sizeof(opened.from));
    assert_int_equal(opened.request.kind, ES_REQUEST_RENEWAL);
    assert_int_equal(opened.request.name.len, 3);
    assert_memory_equal(opened.request.name.ptr, "Ada", 3);
    assert_int_equal(opened.request.greeting.len, 8);
    assert_memory_equal(opened.request.greeting.ptr, "It is me", 8);
    assert_memory_equal(&opened.gs, &a.pending.gs, sizeof(opened.gs));
    assert_memory_equal(&opened.th1, &a.pending.th1, sizeof(opened.th1));
    struct es_dh_public one_time = es_dh_public_of(&a.pending.one_time);

    assert_memory_equal(&opened.one_time, &one_time, sizeof(one_time));
}

static void test_longest_request(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    const struct es_target target = target_of(&whom);
    uint8_t text[ES_GREETING_BYTES_MAX];
    const struct es_request request = {.name = es_slice(text, ES_NAME_BYTES_MAX),
                                       .greeting = es_slice(text, sizeof(text))};
    struct es_request_opened opened;
    struct parcel parcel = {.len = ES_ENVELOPE_BYTES_MIN};

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_true(es_request_seal(&a.identity, &target, &no_psk, &request, PAIR_EXPIRY, &a.entropy,
                                parcel.bytes, &a.pending));
    assert_true(opens(&whom, &parcel, &opened));
    assert_int_equal(opened.request.name.len, ES_NAME_BYTES_MAX);
    assert_int_equal(opened.request.greeting.len, ES_GREETING_BYTES_MAX);
}

/* The same request opened twice shows the same (A, e): what the caller remembers it by. */
static void test_replayed_request_shows_its_ephemeral(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened once, again;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &request);
    assert_true(opens(&whom, &request, &once));
    memset(request.bytes + ES_ENVELOPE_TAG_AT, 0x77, ES_TAG_BYTES);
    assert_true(opens(&whom, &request, &again));
    assert_memory_equal(&once.e, &again.e, sizeof(once.e));
    assert_memory_equal(&once.from, &again.from, sizeof(once.from));
}

/* --- Invites ---------------------------------------------------------------------------------- */

static void test_psk_is_found_among_several(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_key psks[4] = {no_psk, {{1}}, {{2}}, {{3}}};
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_INVITE, &psks[2], &request);
    assert_true(es_request_open(&whom, psks, 4, bytes_of(&request), &opened));
    assert_int_equal(opened.psk, 2);
    party_accept(&b, &whom, &opened);
    party_send(&b, 1, &request);
    assert_int_equal(party_try(&a, bytes_of(&request)), PARTY_OPENED);
}

static void test_wrong_psk_opens_nothing(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_key psks[2] = {no_psk, {{1}}}, other = {{1, 1}};
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_INVITE, &other, &request);
    assert_false(es_request_open(&whom, psks, 2, bytes_of(&request), &opened));
    assert_true(es_bytes_zero(&opened, sizeof(opened)));
}

/* Without the secret nobody may claim an invite, and with it nobody may hide one. */
static void test_kind_and_psk_go_together(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_key psks[2] = {no_psk, {{1}}};
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_INVITE, &no_psk, &request);
    assert_false(es_request_open(&whom, psks, 2, bytes_of(&request), &opened));
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &psks[1], &request);
    assert_false(es_request_open(&whom, psks, 2, bytes_of(&request), &opened));
    party_ask(&a, &whom, (enum es_request_kind)3, &no_psk, &request);
    assert_false(es_request_open(&whom, psks, 2, bytes_of(&request), &opened));
}

/* --- Forged ----------------------------------------------------------------------------------- */

static void test_every_flip_of_a_request_is_noticed(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &request);
    for (size_t bit = 0; bit < request.len * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << (bit % 8));
        bool covered = bit / 8 < 2 || bit / 8 >= ES_ENVELOPE_HEADER_BYTES;

        /* X25519 ignores the top bit of e; the derivation does not. */
        request.bytes[bit / 8] ^= mask;
        assert_int_equal(opens(&whom, &request, &opened), !covered);
        if (covered)
            assert_true(es_bytes_zero(&opened, sizeof(opened)));
        request.bytes[bit / 8] ^= mask;
    }
    for (size_t len = 0; len < request.len; len++)
        assert_false(es_request_open(&whom, &no_psk, 1, es_slice(request.bytes, len), &opened));
}

static void test_request_is_for_one_alone(void **state)
{
    struct es_addressee own = party_addressee(&a), whom = party_addressee(&b), twin = whom;
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &request);
    assert_false(opens(&own, &request, &opened));
    assert_false(opens(&introduction, &request, &opened));
    /* The twin has the same X25519 key under another name. */
    twin.name[31] ^= 0x80;
    assert_false(opens(&twin, &request, &opened));
    assert_true(opens(&whom, &request, &opened));
}

static void test_low_order_e(void **state)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel request;

    (void)state;
    party_ask(&a, &whom, ES_REQUEST_CONTACT, &no_psk, &request);
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        memcpy(request.bytes + ES_ENVELOPE_HEADER_BYTES, low_order[i].bytes, ES_KEY_BYTES);
        assert_false(opens(&whom, &request, &opened));
    }
}

static void test_low_order_target(void **state)
{
    const struct es_request request = {.kind = ES_REQUEST_CONTACT};
    struct es_pending before, pending;
    struct parcel parcel;

    (void)state;
    memset(&pending, 0x33, sizeof(pending));
    before = pending;
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        struct es_target target = {.dh = low_order[i]};

        memcpy(target.name, low_order[i].bytes, sizeof(target.name));
        assert_false(es_request_seal(&a.identity, &target, &no_psk, &request, PAIR_EXPIRY,
                                     &a.entropy, parcel.bytes, &pending));
        assert_memory_equal(&pending, &before, sizeof(pending));
    }
}

static struct forge_request good_request(void)
{
    struct forge_request request = {.who = a.identity.address};
    struct es_writer writer = es_writer(request.what, sizeof(request.what));

    es_write_bytes(&writer, a.as_peer.dh.bytes, ES_KEY_BYTES); /* O: any good key */
    es_write_u8(&writer, ES_REQUEST_CONTACT);
    es_write_short(&writer, es_slice("Ada", 3));
    es_write_short(&writer, es_slice("", 0));
    es_pad(request.what, es_writer_len(&writer), sizeof(request.what));
    return request;
}

static bool forged_opens(const struct forge_request *request)
{
    struct es_addressee whom = party_addressee(&b);
    struct es_request_opened opened;
    struct parcel parcel;

    forge_request(&a, &whom, request, &parcel);
    if (opens(&whom, &parcel, &opened))
        return true;
    assert_true(es_bytes_zero(&opened, sizeof(opened)));
    return false;
}

static void test_layout_is_as_written(void **state)
{
    struct forge_request request = good_request();

    (void)state;
    assert_true(forged_opens(&request));
}

/* Who asks must have a valid key. The twin's is valid, but under the name of another: see
 * es_address_twin(). */
static void test_request_from_no_valid_address(void **state)
{
    struct forge_request request = good_request();

    (void)state;
    request.who.bytes[31] ^= 0x80;
    assert_true(forged_opens(&request));
    memset(request.who.bytes, 0, sizeof(request.who.bytes));
    assert_false(forged_opens(&request));
    memset(request.who.bytes, 0xff, sizeof(request.who.bytes));
    assert_false(forged_opens(&request));
    /* Somebody else's: the sender does not have the key to it. */
    request.who = b.identity.address;
    assert_false(forged_opens(&request));
}

static void test_malformed_request_in_a_good_seal(void **state)
{
    struct forge_request request = good_request();
    const size_t name_at = ES_KEY_BYTES + 1, padding_at = name_at + 4 + 1;

    (void)state;
    request.what[name_at] = ES_NAME_BYTES_MAX + 1;
    assert_false(forged_opens(&request));
    request = good_request();
    request.what[name_at + 1] = 0xff; /* no UTF-8 */
    assert_false(forged_opens(&request));
    request = good_request();
    request.what[padding_at] = 0; /* padding without an end */
    assert_false(forged_opens(&request));
    request = good_request();
    request.what[padding_at + 1] = 0x80; /* a byte left over */
    assert_false(forged_opens(&request));
    request = good_request();
    request.what[ES_KEY_BYTES] = 3; /* a kind that there is not */
    assert_false(forged_opens(&request));
}

/* --- Work ------------------------------------------------------------------------------------- */

static void test_work_is_found_and_checked(void **state)
{
    struct parcel request;
    struct es_work work;
    struct es_tag tag;
    const unsigned bits = 9;
    unsigned searches = 1;

    (void)state;
    pair_request(&a, &b, &request);
    es_work_begin(&work, request.bytes, &a.entropy);
    while (!es_work_search(&work, bits, 64, &tag))
        searches++;
    assert_true(work.counter > 64ull * (searches - 1) && work.counter <= 64ull * searches);
    memcpy(request.bytes + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
    assert_true(es_work_valid(request.bytes, bits));
    es_envelope_restamp(request.bytes, 1);
    assert_true(es_work_valid(request.bytes, bits));
    pair_accept(&b, &request); /* the tag is not sealed */
    unsigned valid = 0;

    /* Of 512 other envelopes about one would do with this tag. */
    for (size_t i = ES_ENVELOPE_HEADER_BYTES; i < request.len; i++) {
        request.bytes[i] ^= 1;
        valid += es_work_valid(request.bytes, bits);
        request.bytes[i] ^= 1;
    }
    assert_in_range(valid, 0, 8);
}

static void test_work_of_every_difficulty(void **state)
{
    struct parcel request;
    struct es_work work;
    struct es_tag tag;

    (void)state;
    pair_request(&a, &b, &request);
    assert_true(es_work_valid(request.bytes, 0));
    for (unsigned bits = 1; bits <= 14; bits++) {
        es_work_begin(&work, request.bytes, &a.entropy);
        assert_false(es_work_search(&work, bits, 0, &tag));
        assert_true(es_work_search(&work, bits, UINT32_MAX, &tag));
        memcpy(request.bytes + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
        assert_true(es_work_valid(request.bytes, bits));
        /* What has many zero bits has fewer. */
        for (unsigned fewer = 0; fewer < bits; fewer++)
            assert_true(es_work_valid(request.bytes, fewer));
    }
    assert_false(es_work_valid(request.bytes, 250));
}

static unsigned leading_zeros(const struct es_id *id)
{
    unsigned bits = 0;

    while (bits < 8 * sizeof(id->bytes) && (id->bytes[bits / 8] >> (7 - bits % 8) & 1) == 0)
        bits++;
    return bits;
}

/* docs/protocol.md, section 6.1, written a second time. */
static void test_work_is_counted_in_bits(void **state)
{
    struct parcel request;
    const struct es_slice covered[] = {
        es_slice(request.bytes, 2),
        es_slice(request.bytes + ES_ENVELOPE_HEADER_BYTES,
                 ES_ENVELOPE_BYTES_MIN - ES_ENVELOPE_HEADER_BYTES),
    };

    (void)state;
    pair_request(&a, &b, &request);
    struct es_id digest = es_hash(covered, 2);

    for (unsigned i = 0; i < 3000; i++) {
        uint8_t *tag = request.bytes + ES_ENVELOPE_TAG_AT;

        a.entropy.random(a.entropy.ctx, tag, ES_TAG_BYTES);
        const struct es_slice worked[] = {es_slice(tag, ES_TAG_BYTES), ES_SLICE_OF(digest.bytes)};
        struct es_id hash = es_hash(worked, 2);
        unsigned zeros = leading_zeros(&hash);

        for (unsigned bits = 0; bits < 24; bits++)
            assert_int_equal(es_work_valid(request.bytes, bits), bits <= zeros);
    }
}

#define PAIRED(test) cmocka_unit_test_setup_teardown(test, make_pair, drop_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIRED(test_request_says_what_was_said),
        PAIRED(test_longest_request),
        PAIRED(test_replayed_request_shows_its_ephemeral),
        PAIRED(test_psk_is_found_among_several),
        PAIRED(test_wrong_psk_opens_nothing),
        PAIRED(test_kind_and_psk_go_together),
        PAIRED(test_every_flip_of_a_request_is_noticed),
        PAIRED(test_request_is_for_one_alone),
        PAIRED(test_low_order_e),
        PAIRED(test_low_order_target),
        PAIRED(test_layout_is_as_written),
        PAIRED(test_request_from_no_valid_address),
        PAIRED(test_malformed_request_in_a_good_seal),
        PAIRED(test_work_is_found_and_checked),
        PAIRED(test_work_of_every_difficulty),
        PAIRED(test_work_is_counted_in_bits),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
