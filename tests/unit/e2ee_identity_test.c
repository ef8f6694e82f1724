/* SPDX-License-Identifier: ISC */
/* e2ee_identity_test.c - addresses, invites and safety numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/identity.h"
#include "node/crypto/kdf.h"
#include "node/wire/base32.h"

#define CHECK_BYTES 3

static struct es_identity identity_of(uint8_t byte)
{
    struct es_sign_secret seed;
    struct es_identity identity;

    memset(seed.bytes, byte, sizeof(seed.bytes));
    es_identity_init(&identity, &seed);
    return identity;
}

static struct es_slice text_of(const char *text)
{
    return es_slice(text, strlen(text));
}

/* A link with a right check over whatever bytes. */
static void link_of(const uint8_t *bytes, size_t len, char *ret)
{
    uint8_t all[256];
    struct es_id digest = es_hash(&(struct es_slice){bytes, len}, 1);

    assert_true(len + CHECK_BYTES <= sizeof(all));
    memcpy(all, bytes, len);
    memcpy(all + len, digest.bytes, CHECK_BYTES);
    memcpy(ret, "earshot:", 8);
    es_base32_encode(all, len + CHECK_BYTES, ES_BASE32_LOWER, ret + 8);
}

static void upper(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

/* --- Identity --------------------------------------------------------------------------------- */

static void test_both_forms_belong_together(void **state)
{
    struct es_identity identity = identity_of(1);
    struct es_peer_key peer;

    (void)state;
    assert_true(es_peer_key_init(&peer, &identity.address));
    assert_memory_equal(peer.address.bytes, identity.address.bytes, ES_KEY_BYTES);
    assert_memory_equal(peer.dh.bytes, identity.dh.bytes, ES_KEY_BYTES);
}

static void test_done_erases_the_secrets(void **state)
{
    struct es_identity identity = identity_of(1);

    (void)state;
    es_identity_done(&identity);
    assert_true(es_bytes_zero(&identity, sizeof(identity)));
}

/* -P has the same X25519 form: who accepted it as somebody else's would talk to P. */
static void test_sign_twin_is_recognised(void **state)
{
    struct es_identity one = identity_of(1), other = identity_of(2);
    struct es_sign_public twin = one.address;
    struct es_peer_key peer, twin_peer;

    (void)state;
    twin.bytes[31] ^= 0x80;
    assert_true(es_peer_key_init(&peer, &one.address));
    assert_true(es_peer_key_init(&twin_peer, &twin));
    assert_memory_equal(peer.dh.bytes, twin_peer.dh.bytes, ES_KEY_BYTES);
    assert_true(es_address_twin(&one.address, &twin));
    assert_true(es_address_twin(&one.address, &one.address));
    assert_false(es_address_twin(&one.address, &other.address));
}

static const struct {
    const char *what;
    uint8_t bytes[ES_KEY_BYTES];
} bad_points[] = {
    {"all zero: order 4", {0}},
    {"neutral element", {1}},
    {"order 2", {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {"order 8", {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}},
    {"not canonical: p", {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {"not canonical: p + 3", {0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {"not on the curve", {2}},
    /* The base point plus the point of order 2: on the curve, outside the main subgroup. */
    {"mixed order", {0x95, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99,
                     0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99,
                     0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99}},
};

static void test_bad_points_are_no_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_points) / sizeof(bad_points[0]); i++) {
        struct es_sign_public key, parsed;
        struct es_peer_key peer;
        char text[ES_ADDRESS_CHARS + 1];

        memcpy(key.bytes, bad_points[i].bytes, ES_KEY_BYTES);
        if (es_peer_key_init(&peer, &key))
            fail_msg("%s", bad_points[i].what);
        link_of(key.bytes, ES_KEY_BYTES, text);
        assert_int_equal(es_address_parse(text_of(text), &parsed), ES_ADDRESS_BAD_POINT);
    }
}

/* --- Address ---------------------------------------------------------------------------------- */

static void test_address_round_trip(void **state)
{
    struct es_identity identity = identity_of(3);
    struct es_sign_public parsed;
    char text[ES_ADDRESS_CHARS + 1];

    (void)state;
    es_address_format(&identity.address, text);
    assert_int_equal(strlen(text), ES_ADDRESS_CHARS);
    assert_memory_equal(text, "earshot:", 8);
    assert_int_equal(es_address_parse(text_of(text), &parsed), ES_ADDRESS_OK);
    assert_memory_equal(parsed.bytes, identity.address.bytes, ES_KEY_BYTES);
    upper(text);
    assert_int_equal(es_address_parse(text_of(text), &parsed), ES_ADDRESS_OK);
    assert_memory_equal(parsed.bytes, identity.address.bytes, ES_KEY_BYTES);
}

static void test_one_wrong_character_is_a_wrong_checksum(void **state)
{
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    struct es_identity identity = identity_of(3);
    struct es_sign_public parsed = {{0}};
    char text[ES_ADDRESS_CHARS + 1];

    (void)state;
    es_address_format(&identity.address, text);
    for (size_t i = 8; i < ES_ADDRESS_CHARS; i++) {
        char right = text[i];

        for (size_t k = 0; k < 32; k++) {
            text[i] = letters[k];
            if (text[i] != right)
                assert_int_equal(es_address_parse(text_of(text), &parsed), ES_ADDRESS_CHECKSUM);
        }
        text[i] = right;
    }
    assert_true(es_bytes_zero(&parsed, sizeof(parsed)));
}

static void test_what_is_no_address(void **state)
{
    struct es_identity identity = identity_of(3);
    struct es_sign_public parsed;
    char text[ES_ADDRESS_CHARS + 2] = {0};

    (void)state;
    es_address_format(&identity.address, text);
    for (size_t len = 0; len < ES_ADDRESS_CHARS; len++)
        assert_int_equal(es_address_parse(es_slice(text, len), &parsed), ES_ADDRESS_NOT_ONE);
    text[ES_ADDRESS_CHARS] = '0';
    assert_int_equal(es_address_parse(es_slice(text, ES_ADDRESS_CHARS + 1), &parsed),
                     ES_ADDRESS_NOT_ONE);
    text[ES_ADDRESS_CHARS] = '\0';
    text[20] = 'u';
    assert_int_equal(es_address_parse(text_of(text), &parsed), ES_ADDRESS_NOT_ONE);
    es_address_format(&identity.address, text);
    text[0] = 'h';
    assert_int_equal(es_address_parse(text_of(text), &parsed), ES_ADDRESS_NOT_ONE);
}

/* --- Invites ---------------------------------------------------------------------------------- */

static struct es_invite invite_of(uint8_t byte)
{
    struct es_identity identity = identity_of(byte);
    struct es_invite invite = {.address = identity.address};

    memset(invite.secret.bytes, byte + 1, sizeof(invite.secret.bytes));
    return invite;
}

static void assert_invite_equal(const struct es_invite *a, const struct es_invite *b)
{
    assert_memory_equal(&a->address, &b->address, sizeof(a->address));
    assert_memory_equal(&a->secret, &b->secret, sizeof(a->secret));
    assert_int_equal(a->has_endpoint, b->has_endpoint);
    assert_string_equal(a->endpoint, b->endpoint);
}

/* 117 characters of the alphanumeric mode: QR version 5 at error correction M holds 122. */
static void test_invite_fits_a_small_code(void **state)
{
    static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    struct es_invite invite = invite_of(5);
    char text[ES_INVITE_CHARS_MAX + 1];

    (void)state;
    es_invite_format(&invite, text);
    assert_int_equal(strlen(text), 117);
    assert_int_equal(strspn(text, alphanumeric), 117);
}

static void test_invite_round_trip(void **state)
{
    static const char key[] = "/7zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzg";
    static const char *const hosts[] = {NULL, "tcp://192.0.2.1:5670", "tcp://[2001:db8::1]:1",
                                        "tcp://[fe80::1%eth0]:65535",
                                        "tcp://a-host-name.which-is-as-long-as-it-may-be.for-all-i-"
                                        "know.exampl:65535"};

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct es_invite invite = invite_of((uint8_t)(10 + i)), parsed;
        char text[ES_INVITE_CHARS_MAX + 1];

        invite.has_endpoint = hosts[i] != NULL;
        if (invite.has_endpoint) {
            snprintf(invite.endpoint, sizeof(invite.endpoint), "%s%s", hosts[i], key);
        }
        es_invite_format(&invite, text);
        assert_int_equal(es_invite_parse(text_of(text), &parsed), ES_ADDRESS_OK);
        assert_invite_equal(&invite, &parsed);
        lower(text);
        assert_int_equal(es_invite_parse(text_of(text), &parsed), ES_ADDRESS_OK);
        assert_invite_equal(&invite, &parsed);
    }
}

static void test_changed_invite_is_refused(void **state)
{
    struct es_invite invite = invite_of(5), parsed;
    char text[ES_INVITE_CHARS_MAX + 1];

    (void)state;
    es_invite_format(&invite, text);
    for (size_t i = 8; text[i] != '\0'; i++) {
        char right = text[i];

        text[i] = right == 'Z' ? 'Y' : 'Z';
        assert_int_not_equal(es_invite_parse(text_of(text), &parsed), ES_ADDRESS_OK);
        assert_true(es_bytes_zero(&parsed, sizeof(parsed)));
        text[i] = right;
    }
    for (size_t len = 0; len < strlen(text); len++)
        assert_int_not_equal(es_invite_parse(es_slice(text, len), &parsed), ES_ADDRESS_OK);
}

static void expect_invite(const uint8_t *bytes, size_t len, enum es_address_error expected)
{
    struct es_invite parsed;
    char text[ES_INVITE_CHARS_MAX + 1];

    link_of(bytes, len, text);
    assert_int_equal(es_invite_parse(text_of(text), &parsed), expected);
}

/* Whoever makes a link can make its check: what it says is judged all the same. */
static void test_well_checked_nonsense_is_refused(void **state)
{
    struct es_invite invite = invite_of(5);
    uint8_t bytes[160] = {1};

    (void)state;
    memcpy(bytes + 1, invite.address.bytes, ES_KEY_BYTES);
    expect_invite(bytes, 65, ES_ADDRESS_OK);
    expect_invite(bytes, 66, ES_ADDRESS_NOT_ONE);
    bytes[0] = 9;
    expect_invite(bytes, 65, ES_ADDRESS_NOT_ONE);
    bytes[0] = 2;
    expect_invite(bytes, 65, ES_ADDRESS_NOT_ONE);
    bytes[65] = 9;
    memcpy(bytes + 66, "192.0.2.1", 9);
    bytes[75] = 80;
    expect_invite(bytes, 65 + 1 + 9 + 2 + 32, ES_ADDRESS_OK);
    expect_invite(bytes, 65 + 1 + 9 + 2 + 33, ES_ADDRESS_NOT_ONE);
    bytes[75] = 0; /* port 0 */
    expect_invite(bytes, 65 + 1 + 9 + 2 + 32, ES_ADDRESS_NOT_ONE);
    bytes[75] = 80;
    bytes[70] = '/';
    expect_invite(bytes, 65 + 1 + 9 + 2 + 32, ES_ADDRESS_NOT_ONE);
    bytes[70] = '\0';
    expect_invite(bytes, 65 + 1 + 9 + 2 + 32, ES_ADDRESS_NOT_ONE);
    bytes[0] = 1;
    memset(bytes + 1, 0, ES_KEY_BYTES);
    expect_invite(bytes, 65, ES_ADDRESS_BAD_POINT);
}

/* --- Safety number ---------------------------------------------------------------------------- */

static void test_safety_number_is_the_same_for_both(void **state)
{
    struct es_identity a = identity_of(1), b = identity_of(2), c = identity_of(3);
    char from_a[ES_SAFETY_CHARS + 1], from_b[ES_SAFETY_CHARS + 1], other[ES_SAFETY_CHARS + 1];

    (void)state;
    es_safety_number(&a.address, &b.address, from_a);
    es_safety_number(&b.address, &a.address, from_b);
    es_safety_number(&a.address, &c.address, other);
    assert_string_equal(from_a, from_b);
    assert_string_not_equal(from_a, other);
    assert_int_equal(strlen(from_a), ES_SAFETY_CHARS);
    for (size_t i = 0; i < ES_SAFETY_CHARS; i++) {
        if (i % 6 == 5)
            assert_int_equal(from_a[i], ' ');
        else
            assert_in_range(from_a[i], '0', '9');
    }
}

static void test_twins_have_different_numbers(void **state)
{
    struct es_identity a = identity_of(1), b = identity_of(2);
    struct es_sign_public twin = b.address;
    char one[ES_SAFETY_CHARS + 1], other[ES_SAFETY_CHARS + 1];

    (void)state;
    twin.bytes[31] ^= 0x80;
    es_safety_number(&a.address, &b.address, one);
    es_safety_number(&a.address, &twin, other);
    assert_string_not_equal(one, other);
}

static void test_typed_number_is_compared_by_digits(void **state)
{
    struct es_identity a = identity_of(1), b = identity_of(2);
    char number[ES_SAFETY_CHARS + 1], typed[2 * ES_SAFETY_CHARS];
    size_t len = 0;

    (void)state;
    es_safety_number(&a.address, &b.address, number);
    assert_true(es_safety_equal(number, text_of(number)));
    for (size_t i = 0; i < ES_SAFETY_CHARS; i++)
        if (number[i] != ' ')
            typed[len++] = number[i];
    assert_true(es_safety_equal(number, es_slice(typed, len)));
    assert_false(es_safety_equal(number, es_slice(typed, len - 1)));
    typed[len] = '0';
    assert_false(es_safety_equal(number, es_slice(typed, len + 1)));
    for (size_t i = 0; i < len; i++) {
        typed[i] = typed[i] == '9' ? '0' : (char)(typed[i] + 1);
        assert_false(es_safety_equal(number, es_slice(typed, len)));
        typed[i] = typed[i] == '0' ? '9' : (char)(typed[i] - 1);
    }
    typed[3] = 'x';
    assert_false(es_safety_equal(number, es_slice(typed, len)));
    assert_false(es_safety_equal(number, es_slice("", 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_forms_belong_together),
        cmocka_unit_test(test_done_erases_the_secrets),
        cmocka_unit_test(test_sign_twin_is_recognised),
        cmocka_unit_test(test_bad_points_are_no_keys),
        cmocka_unit_test(test_address_round_trip),
        cmocka_unit_test(test_one_wrong_character_is_a_wrong_checksum),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_invite_fits_a_small_code),
        cmocka_unit_test(test_invite_round_trip),
        cmocka_unit_test(test_changed_invite_is_refused),
        cmocka_unit_test(test_well_checked_nonsense_is_refused),
        cmocka_unit_test(test_safety_number_is_the_same_for_both),
        cmocka_unit_test(test_twins_have_different_numbers),
        cmocka_unit_test(test_typed_number_is_compared_by_digits),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
