/* SPDX-License-Identifier: ISC */
/* beacon_test.c - who recognises an advert, and who can make one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/beacon.h"
#include "node/crypto/kdf.h"
#include "node/crypto/sign.h"

#define PORT 4711

static const struct es_presence_key presence = {.index = 20, .key = {{1, 2, 3}}};
static const struct es_sign_secret signer = {{4, 5, 6}};

static struct es_advert make(void)
{
    struct es_advert advert = {.nonce = {7}, .link_key = {{8}}};

    es_beacon_make(&presence, &signer, PORT, &advert);
    return advert;
}

static void a_holder_of_the_key_recognises_it(void **state)
{
    struct es_advert advert = make();
    struct es_sign_public owner = es_sign_public_of(&signer);

    (void)state;
    assert_true(es_beacon_matches(&presence.key, PORT, &advert));
    assert_true(es_beacon_verify(&presence.key, &owner, PORT, &advert));
}

static void another_key_recognises_nothing(void **state)
{
    struct es_advert advert = make();
    struct es_sign_public owner = es_sign_public_of(&signer);
    struct es_presence_key other = presence;

    (void)state;
    es_presence_step(&other);
    assert_false(es_beacon_matches(&other.key, PORT, &advert));
    assert_false(es_beacon_verify(&other.key, &owner, PORT, &advert));
}

static void another_contact_of_the_owner_cannot_sign(void **state)
{
    static const struct es_sign_secret forger = {{9}};
    struct es_sign_public owner = es_sign_public_of(&signer);
    struct es_advert advert = make();

    (void)state;
    es_beacon_make(&presence, &forger, PORT, &advert);
    assert_true(es_beacon_matches(&presence.key, PORT, &advert));
    assert_false(es_beacon_verify(&presence.key, &owner, PORT, &advert));
}

static void every_covered_byte_counts(void **state)
{
    struct es_sign_public owner = es_sign_public_of(&signer);
    struct es_advert advert = make();

    (void)state;
    for (size_t i = 0; i < sizeof(advert.nonce); i++) {
        advert.nonce[i] ^= 1;
        assert_false(es_beacon_matches(&presence.key, PORT, &advert));
        assert_false(es_beacon_verify(&presence.key, &owner, PORT, &advert));
        advert.nonce[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(advert.link_key.bytes); i++) {
        advert.link_key.bytes[i] ^= 1;
        assert_false(es_beacon_matches(&presence.key, PORT, &advert));
        assert_false(es_beacon_verify(&presence.key, &owner, PORT, &advert));
        advert.link_key.bytes[i] ^= 1;
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        uint16_t port = (uint16_t)(PORT ^ 1u << bit);

        assert_false(es_beacon_matches(&presence.key, port, &advert));
        assert_false(es_beacon_verify(&presence.key, &owner, port, &advert));
    }
}

static void beacon_and_signature_are_checked_to_the_last_byte(void **state)
{
    struct es_sign_public owner = es_sign_public_of(&signer);
    struct es_advert advert = make();

    (void)state;
    for (size_t i = 0; i < sizeof(advert.beacon); i++) {
        advert.beacon[i] ^= 0x80;
        assert_false(es_beacon_matches(&presence.key, PORT, &advert));
        advert.beacon[i] ^= 0x80;
    }
    for (size_t i = 0; i < sizeof(advert.signature); i++) {
        advert.signature[i] ^= 0x80;
        assert_false(es_beacon_verify(&presence.key, &owner, PORT, &advert));
        advert.signature[i] ^= 0x80;
    }
}

/* Who knows the owner's public key only must not find the owner's adverts by it. */
static void the_signature_is_hidden_by_the_pad(void **state)
{
    struct es_sign_public owner = es_sign_public_of(&signer);
    struct es_advert advert = make();
    uint8_t message[8 + 2 + 32];
    struct es_signature bare;

    (void)state;
    memcpy(message, advert.nonce, 8);
    message[8] = (uint8_t)PORT;
    message[9] = (uint8_t)(PORT >> 8);
    memcpy(message + 10, advert.link_key.bytes, 32);
    memcpy(bare.bytes, advert.signature, sizeof(bare.bytes));
    assert_false(es_sign_verify(&owner, "earshot presence", ES_SLICE_OF(message), &bare));
}

static void keys_go_forward_only(void **state)
{
    struct es_presence_key stepped = presence;
    struct es_presence_key jumped = presence;

    (void)state;
    for (unsigned i = 0; i < 30; i++)
        es_presence_step(&stepped);
    assert_int_equal(stepped.index, 50);
    assert_true(es_presence_forward(&jumped, 50));
    assert_int_equal(jumped.index, 50);
    assert_memory_equal(jumped.key.bytes, stepped.key.bytes, ES_KEY_BYTES);
    assert_true(es_presence_forward(&jumped, 50));
    assert_false(es_presence_forward(&jumped, 49));
    assert_int_equal(jumped.index, 50);
    assert_memory_equal(jumped.key.bytes, stepped.key.bytes, ES_KEY_BYTES);
}

static void instance_names_are_base32(void **state)
{
    static const uint8_t random[10] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf};
    char name[ES_INSTANCE_CHARS + 1];

    (void)state;
    es_instance_name(random, name);
    assert_string_equal(name, "0123456789abcdef");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_holder_of_the_key_recognises_it),
        cmocka_unit_test(another_key_recognises_nothing),
        cmocka_unit_test(another_contact_of_the_owner_cannot_sign),
        cmocka_unit_test(every_covered_byte_counts),
        cmocka_unit_test(beacon_and_signature_are_checked_to_the_last_byte),
        cmocka_unit_test(the_signature_is_hidden_by_the_pad),
        cmocka_unit_test(keys_go_forward_only),
        cmocka_unit_test(instance_names_are_base32),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
