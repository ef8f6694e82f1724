/* SPDX-License-Identifier: ISC */
/* e2ee_proof_test.c - LINK envelopes: bound to one connection, one role, one pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/oneshot.h"
#include "node/core/e2ee/proof.h"
#include "node/crypto/aead.h"
#include "node/wire/record.h"
#include "tests/support/e2ee_pair.h"

static const struct es_key link_key = {{1, 2, 3}};
static const struct es_link_keys keys = {.server = {{4}}, .client = {{5}}};
static struct pair_random random_state;
static struct es_entropy entropy;
static uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
static uint8_t plain[ES_ENVELOPE_BYTES_MIN];

/* What a LINK envelope says at most: place in the session, ACK, presence. */
static struct es_slice make_records(uint8_t buf[static ES_PROOF_CAPACITY])
{
    const struct es_record state = {
        .kind = ES_RECORD_LINK_STATE,
        .link_state = {.session = {1, 2}, .chain = 3, .next = 4, .wall_ms = 5},
    };
    const struct es_record ack = {.kind = ES_RECORD_ACK, .ack = {.before = 3}};
    const struct es_record presence = {.kind = ES_RECORD_PRESENCE,
                                       .presence = {.generation = 1, .index = 2}};
    struct es_writer writer = es_writer(buf, ES_PROOF_CAPACITY);

    es_record_write(&writer, &state);
    es_record_write(&writer, &ack);
    es_record_write(&writer, &presence);
    assert_false(writer.failed);
    return es_written(&writer);
}

static int seal_proof(void **state)
{
    static uint8_t buf[ES_PROOF_CAPACITY];

    (void)state;
    random_state = (struct pair_random){.seed = 1};
    entropy = pair_entropy(&random_state);
    es_proof_seal(&link_key, ES_ROLE_DIALLER, &keys, PAIR_EXPIRY, make_records(buf), &entropy,
                  envelope);
    return 0;
}

static bool opens(const struct es_key *key, enum es_link_role role, const struct es_link_keys *at)
{
    struct es_slice records;

    memset(plain, 0, sizeof(plain));
    if (es_proof_open(key, role, at, ES_SLICE_OF(envelope), plain, &records))
        return true;
    assert_true(es_bytes_zero(plain, sizeof(plain)));
    return false;
}

static void test_proof_says_what_was_said(void **state)
{
    uint8_t buf[ES_PROOF_CAPACITY];
    struct es_slice said = make_records(buf), records;
    struct es_tag tag = es_proof_tag(&link_key, ES_ROLE_DIALLER, &keys);

    (void)state;
    assert_memory_equal(envelope + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
    assert_true(
        es_proof_open(&link_key, ES_ROLE_DIALLER, &keys, ES_SLICE_OF(envelope), plain, &records));
    assert_int_equal(records.len, said.len);
    assert_memory_equal(records.ptr, said.ptr, said.len);
}

/* H-02, H-04, H-05: nothing of the connection or of the roles may differ. */
static void test_proof_is_of_one_connection_and_role(void **state)
{
    struct es_link_keys other = keys, swapped = {.server = keys.client, .client = keys.server};
    struct es_key other_key = link_key;

    (void)state;
    assert_true(opens(&link_key, ES_ROLE_DIALLER, &keys));
    assert_false(opens(&link_key, ES_ROLE_LISTENER, &keys));
    assert_false(opens(&link_key, ES_ROLE_DIALLER, &swapped));
    assert_false(opens(&link_key, ES_ROLE_LISTENER, &swapped));
    other.server.bytes[31] ^= 1;
    assert_false(opens(&link_key, ES_ROLE_DIALLER, &other));
    other = keys;
    other.client.bytes[0] ^= 1;
    assert_false(opens(&link_key, ES_ROLE_DIALLER, &other));
    other_key.bytes[7] ^= 1;
    assert_false(opens(&other_key, ES_ROLE_DIALLER, &keys));
}

static void test_every_flip_is_noticed(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < sizeof(envelope) * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << (bit % 8));

        if (bit / 8 == 2 || bit / 8 == 3)
            continue;
        envelope[bit / 8] ^= mask;
        assert_false(opens(&link_key, ES_ROLE_DIALLER, &keys));
        envelope[bit / 8] ^= mask;
    }
    assert_true(opens(&link_key, ES_ROLE_DIALLER, &keys));
}

static void test_other_lengths_are_refused(void **state)
{
    struct es_slice records;

    (void)state;
    for (size_t len = 0; len < sizeof(envelope); len++)
        assert_false(es_proof_open(&link_key, ES_ROLE_DIALLER, &keys, es_slice(envelope, len),
                                   plain, &records));
    envelope[1] = ES_CLASS_2K;
    assert_false(opens(&link_key, ES_ROLE_DIALLER, &keys));
}

static void test_records_that_are_none(void **state)
{
    static const uint8_t unknown_type[] = {0xff, 0, 0};

    (void)state;
    es_proof_seal(&link_key, ES_ROLE_DIALLER, &keys, PAIR_EXPIRY, ES_SLICE_OF(unknown_type),
                  &entropy, envelope);
    assert_false(opens(&link_key, ES_ROLE_DIALLER, &keys));
}

static void test_same_proof_has_another_nonce(void **state)
{
    uint8_t first[ES_ENVELOPE_BYTES_MIN];

    (void)state;
    memcpy(first, envelope, sizeof(first));
    uint8_t buf[ES_PROOF_CAPACITY];

    es_proof_seal(&link_key, ES_ROLE_DIALLER, &keys, PAIR_EXPIRY, make_records(buf), &entropy,
                  envelope);
    assert_memory_equal(first, envelope, ES_ENVELOPE_HEADER_BYTES);
    assert_memory_not_equal(first + ES_ENVELOPE_HEADER_BYTES, envelope + ES_ENVELOPE_HEADER_BYTES,
                            ES_NONCE_BYTES);
}

/* What is sent when there is nobody to prove to: an envelope like any other, that opens nowhere. */
static void test_random_proof(void **state)
{
    uint8_t first[ES_ENVELOPE_BYTES_MIN];
    struct es_envelope decoded;

    (void)state;
    es_proof_random(PAIR_EXPIRY, &entropy, envelope);
    memcpy(first, envelope, sizeof(first));
    assert_true(es_envelope_decode(ES_SLICE_OF(envelope), &decoded));
    assert_int_equal(decoded.cls, ES_CLASS_512);
    assert_int_equal(decoded.expiry, PAIR_EXPIRY);
    assert_false(opens(&link_key, ES_ROLE_DIALLER, &keys));
    es_proof_random(PAIR_EXPIRY, &entropy, envelope);
    assert_memory_not_equal(first + ES_ENVELOPE_TAG_AT, envelope + ES_ENVELOPE_TAG_AT,
                            ES_TAG_BYTES);
    assert_memory_not_equal(first + ES_ENVELOPE_HEADER_BYTES, envelope + ES_ENVELOPE_HEADER_BYTES,
                            sizeof(first) - ES_ENVELOPE_HEADER_BYTES);
}

/* a proof is no message and a message no proof, whatever key they share. */
static void test_proof_is_nothing_else(void **state)
{
    static struct party a, b;
    struct parcel parcel;
    struct es_slice records;
    enum es_refusal refusal;

    (void)state;
    party_init(&a, 1);
    party_init(&b, 2);
    pair_connect(&a, &b);
    es_proof_seal(&a.link_key, ES_ROLE_DIALLER, &keys, PAIR_EXPIRY, es_slice(NULL, 0), &entropy,
                  envelope);
    const struct es_position at = {b.session.receive.number, b.session.receive.next};

    assert_int_equal(party_try(&b, ES_SLICE_OF(envelope)), PARTY_UNKNOWN);
    assert_int_equal(es_session_open(&b.session, ES_EXPECT_CURRENT, at, ES_SLICE_OF(envelope),
                                     PAIR_DAY, &b.opened),
                     ES_OPEN_BAD);
    assert_false(es_refusal_open(&a.link_key, ES_SLICE_OF(envelope), &refusal));
    party_send(&a, 1, &parcel);
    assert_false(es_proof_open(&b.link_key, ES_ROLE_DIALLER, &keys,
                               es_slice(parcel.bytes, parcel.len), plain, &records));
    party_done(&a);
    party_done(&b);
}

static void test_capacity(void **state)
{
    uint8_t largest[ES_ONESHOT_CAPACITY] = {0};
    struct es_oneshot oneshot = {.tag = {{9}}, .key = {{8}}};
    struct es_slice unpadded;

    (void)state;
    es_oneshot_seal(&oneshot, PAIR_EXPIRY, ES_SLICE_OF(largest), &entropy, envelope);
    assert_true(es_oneshot_open(&oneshot, ES_SLICE_OF(envelope), plain, &unpadded));
    assert_int_equal(unpadded.len, ES_ONESHOT_CAPACITY);
}

#define PLAIN_BYTES (ES_ONESHOT_CAPACITY + 1)
#define SEALED_AT (ES_ENVELOPE_HEADER_BYTES + ES_NONCE_BYTES)

/* docs/protocol.md, section 8.2, written a second time; any class, any plaintext. */
static bool opens_by_hand(enum es_envelope_class cls, const uint8_t said[static PLAIN_BYTES])
{
    static uint8_t by_hand[2048];
    struct es_oneshot oneshot = {.tag = {{9}}, .key = {{8}}};
    uint8_t ad[2 + ES_TAG_BYTES];
    struct es_slice unpadded;

    es_envelope_header(by_hand, cls, PAIR_EXPIRY, &oneshot.tag);
    memcpy(ad, by_hand, 2);
    memcpy(ad + 2, oneshot.tag.bytes, ES_TAG_BYTES);
    es_aead_seal(&oneshot.key, by_hand + ES_ENVELOPE_HEADER_BYTES, ES_SLICE_OF(ad),
                 es_slice(said, PLAIN_BYTES), by_hand + SEALED_AT);
    memset(plain, 0, sizeof(plain));
    if (es_oneshot_open(&oneshot, es_slice(by_hand, es_class_bytes(cls)), plain, &unpadded))
        return true;
    assert_true(es_bytes_zero(plain, sizeof(plain)));
    return false;
}

static void test_malformed_in_a_good_seal(void **state)
{
    uint8_t said[PLAIN_BYTES] = {1, 0x80};

    (void)state;
    assert_true(opens_by_hand(ES_CLASS_512, said));
    assert_false(opens_by_hand(ES_CLASS_2K, said)); /* there is one size */
    said[1] = 0;
    assert_false(opens_by_hand(ES_CLASS_512, said)); /* and padding */
}

#define SEALED(test) cmocka_unit_test_setup(test, seal_proof)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(test_proof_says_what_was_said),
        SEALED(test_proof_is_of_one_connection_and_role),
        SEALED(test_every_flip_is_noticed),
        SEALED(test_other_lengths_are_refused),
        SEALED(test_records_that_are_none),
        SEALED(test_same_proof_has_another_nonce),
        SEALED(test_random_proof),
        SEALED(test_proof_is_nothing_else),
        SEALED(test_capacity),
        SEALED(test_malformed_in_a_good_seal),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
