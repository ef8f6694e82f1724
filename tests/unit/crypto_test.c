/* SPDX-License-Identifier: ISC */
/* crypto_test.c - published vectors, and the keys and points that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/crypto/aead.h"
#include "node/crypto/dh.h"
#include "node/crypto/kdf.h"
#include "node/crypto/sign.h"
#include "tests/support/low_order.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void unhex(const char *hex, void *ret, size_t len)
{
    size_t written;

    assert_int_equal(sodium_hex2bin(ret, len, hex, strlen(hex), " ", &written, NULL), 0);
    assert_int_equal(written, len);
}

static void assert_hex(const void *bytes, size_t len, const char *hex)
{
    uint8_t expected[256];

    assert_true(len <= sizeof(expected));
    unhex(hex, expected, len);
    assert_memory_equal(bytes, expected, len);
}

/* --- BLAKE2b ------------------------------------------------------------------------------------ */

static void hashes_are_blake2b_256(void **state)
{
    const struct es_slice whole = es_slice("abc", 3);
    const struct es_slice parts[] = {es_slice("a", 1), es_slice(NULL, 0), es_slice("bc", 2)};
    struct es_id id = es_hash(&whole, 1);

    (void)state;
    assert_hex(id.bytes, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    id = es_hash(parts, COUNT(parts));
    assert_hex(id.bytes, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    id = es_hash(NULL, 0);
    assert_hex(id.bytes, 32, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

static void kdf_blocks_can_be_made_apart(void **state)
{
    const struct es_key key = {{1, 2, 3}};
    const struct es_slice m = es_slice("material", 8);
    struct es_key blocks[4], block;

    (void)state;
    es_kdf(&key, "label", &m, 1, 0, 4, blocks);
    for (uint32_t i = 0; i < 4; i++) {
        es_kdf(&key, "label", &m, 1, i, 1, &block);
        assert_memory_equal(block.bytes, blocks[i].bytes, ES_KEY_BYTES);
        for (uint32_t k = 0; k < i; k++)
            assert_memory_not_equal(blocks[k].bytes, blocks[i].bytes, ES_KEY_BYTES);
    }
}

static void kdf_depends_on_everything(void **state)
{
    const struct es_key key = {{1, 2, 3}}, other_key = {{1, 2, 4}};
    const struct es_slice m = es_slice("material", 8), other_m = es_slice("materiel", 8);
    const struct es_slice halves[] = {es_slice("mate", 4), es_slice("rial", 4)};
    struct es_key block, other;

    (void)state;
    es_kdf(&key, "0123456789abcdef", &m, 1, 0, 1, &block);
    es_kdf(&other_key, "0123456789abcdef", &m, 1, 0, 1, &other);
    assert_memory_not_equal(block.bytes, other.bytes, ES_KEY_BYTES);
    es_kdf(&key, "0123456789abcdeg", &m, 1, 0, 1, &other);
    assert_memory_not_equal(block.bytes, other.bytes, ES_KEY_BYTES);
    es_kdf(&key, "0123456789abcdef", &other_m, 1, 0, 1, &other);
    assert_memory_not_equal(block.bytes, other.bytes, ES_KEY_BYTES);
    es_kdf(&key, "0123456789abcdef", &m, 1, 256, 1, &other);
    assert_memory_not_equal(block.bytes, other.bytes, ES_KEY_BYTES);
    es_kdf(&key, "0123456789abcdef", halves, 2, 0, 1, &other);
    assert_memory_equal(block.bytes, other.bytes, ES_KEY_BYTES);
}

static void macs_of_two_lengths_are_not_related(void **state)
{
    const struct es_key key = {{7}};
    const struct es_slice m = es_slice("m", 1);
    uint8_t shorter[16], longer[64];

    (void)state;
    es_mac(&key, &m, 1, shorter, sizeof(shorter));
    es_mac(&key, &m, 1, longer, sizeof(longer));
    assert_memory_not_equal(shorter, longer, sizeof(shorter));
}

/* --- XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, A.3.1) ----------------------------------- */

static const char sunscreen[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                "only one tip for the future, sunscreen would be it.";
#define PLAIN_BYTES (sizeof(sunscreen) - 1)
#define SEALED_BYTES (PLAIN_BYTES + ES_MAC_BYTES)

struct sealing {
    struct es_key key;
    uint8_t nonce[ES_NONCE_BYTES];
    uint8_t ad[12];
};

static struct sealing published_sealing(void)
{
    struct sealing sealing;

    for (size_t i = 0; i < sizeof(sealing.key.bytes); i++)
        sealing.key.bytes[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < sizeof(sealing.nonce); i++)
        sealing.nonce[i] = (uint8_t)(0x40 + i);
    unhex("50515253c0c1c2c3c4c5c6c7", sealing.ad, sizeof(sealing.ad));
    return sealing;
}

static void seal_published(const struct sealing *sealing, uint8_t ret[static SEALED_BYTES])
{
    es_aead_seal(&sealing->key, sealing->nonce, ES_SLICE_OF(sealing->ad),
                 es_slice(sunscreen, PLAIN_BYTES), ret);
}

static void seals_are_the_published_ones(void **state)
{
    struct sealing sealing = published_sealing();
    uint8_t sealed[SEALED_BYTES];

    (void)state;
    seal_published(&sealing, sealed);
    assert_hex(sealed, SEALED_BYTES,
               "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
               "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
               "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
               "21f9664c97637da9768812f615c68b13b52e"
               "c0875924c1c7987947deafd8780acf49");
}

static void seals_open_in_place_and_apart(void **state)
{
    struct sealing sealing = published_sealing();
    uint8_t sealed[SEALED_BYTES], plain[PLAIN_BYTES];

    (void)state;
    seal_published(&sealing, sealed);
    assert_true(es_aead_open(&sealing.key, sealing.nonce, ES_SLICE_OF(sealing.ad),
                             ES_SLICE_OF(sealed), plain));
    assert_memory_equal(plain, sunscreen, PLAIN_BYTES);
    assert_true(es_aead_open(&sealing.key, sealing.nonce, ES_SLICE_OF(sealing.ad),
                             ES_SLICE_OF(sealed), sealed));
    assert_memory_equal(sealed, sunscreen, PLAIN_BYTES);
}

/* Does it stay closed, with nothing of it left where the plaintext would be? */
static bool stays_closed(const struct sealing *sealing, struct es_slice sealed)
{
    uint8_t plain[PLAIN_BYTES];

    memset(plain, 0xee, sizeof(plain));
    if (es_aead_open(&sealing->key, sealing->nonce, ES_SLICE_OF(sealing->ad), sealed, plain))
        return false;
    return sealed.len < ES_MAC_BYTES || es_bytes_zero(plain, sealed.len - ES_MAC_BYTES);
}

static void seals_do_not_open_after_any_change(void **state)
{
    struct sealing sealing = published_sealing();
    uint8_t *const covered[] = {sealing.key.bytes, sealing.nonce, sealing.ad};
    const size_t sizes[] = {sizeof(sealing.key.bytes), sizeof(sealing.nonce), sizeof(sealing.ad)};
    uint8_t sealed[SEALED_BYTES];

    (void)state;
    seal_published(&sealing, sealed);
    for (size_t i = 0; i < SEALED_BYTES; i++) {
        sealed[i] ^= 1;
        assert_true(stays_closed(&sealing, ES_SLICE_OF(sealed)));
        sealed[i] ^= 1;
    }
    for (size_t len = 0; len < SEALED_BYTES; len++)
        assert_true(stays_closed(&sealing, es_slice(sealed, len)));
    for (size_t what = 0; what < COUNT(covered); what++) {
        for (size_t i = 0; i < sizes[what]; i++) {
            covered[what][i] ^= 1;
            assert_true(stays_closed(&sealing, ES_SLICE_OF(sealed)));
            covered[what][i] ^= 1;
        }
    }
    assert_false(stays_closed(&sealing, ES_SLICE_OF(sealed)));
}

/* --- X25519 (RFC 7748) ------------------------------------------------------------------------ */

static void secrets_are_the_published_ones(void **state)
{
    static const char *const vectors[][3] = {
        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    };
    struct es_dh_secret secret;
    struct es_dh_public point;
    struct es_key shared;

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        unhex(vectors[i][0], secret.bytes, 32);
        unhex(vectors[i][1], point.bytes, 32);
        assert_true(es_dh(&secret, &point, &shared));
        assert_hex(shared.bytes, 32, vectors[i][2]);
    }
    unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", secret.bytes, 32);
    point = es_dh_public_of(&secret);
    assert_hex(point.bytes, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

static void low_order_points_share_no_secret(void **state)
{
    const struct es_dh_secret secret = {{1, 2, 3, 4}};
    struct es_key shared;

    (void)state;
    for (size_t i = 0; i < LOW_ORDER_COUNT; i++) {
        memset(&shared, 0xee, sizeof(shared));
        assert_false(es_dh(&secret, &low_order[i], &shared));
        assert_true(es_bytes_zero(shared.bytes, sizeof(shared.bytes)));
    }
}

static void both_sides_share_one_secret(void **state)
{
    const struct es_dh_secret a = {{1}}, b = {{2}};
    struct es_dh_public a_public = es_dh_public_of(&a), b_public = es_dh_public_of(&b);
    struct es_key ab, ba;

    (void)state;
    assert_true(es_dh(&a, &b_public, &ab));
    assert_true(es_dh(&b, &a_public, &ba));
    assert_memory_equal(ab.bytes, ba.bytes, ES_KEY_BYTES);
}

/* --- Ed25519 ---------------------------------------------------------------------------------- */

/* The points of order 1, 2, 4 and 8, canonical first, then every other spelling. */
static const char *const small_order[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};
#define SMALL_ORDER_CANONICAL 8

static void public_keys_are_the_published_ones(void **state)
{
    struct es_sign_secret seed;

    (void)state;
    /* RFC 8032, 7.1, TEST 1 */
    unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed.bytes, 32);
    struct es_sign_public public = es_sign_public_of(&seed);

    assert_hex(public.bytes, 32,
               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

static void both_forms_of_a_key_belong_together(void **state)
{
    const struct es_sign_secret seed = {{1, 2, 3}};
    struct es_sign_public public = es_sign_public_of(&seed);
    struct es_dh_public converted;
    struct es_dh_secret secret;

    (void)state;
    assert_true(es_dh_public_from_sign(&public, &converted));
    es_dh_secret_from_sign(&seed, &secret);
    struct es_dh_public derived = es_dh_public_of(&secret);

    assert_memory_equal(derived.bytes, converted.bytes, ES_KEY_BYTES);
}

static void keys_of_small_order_are_refused(void **state)
{
    struct es_sign_public key;
    struct es_dh_public converted;

    (void)state;
    for (size_t i = 0; i < COUNT(small_order); i++) {
        unhex(small_order[i], key.bytes, 32);
        assert_false(es_dh_public_from_sign(&key, &converted));
    }
}

/* y = p + k for those k that are on the curve: the same point as y = k, another address. */
static void other_spellings_of_a_key_are_refused(void **state)
{
    static const uint8_t on_curve[] = {0, 1, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18};
    struct es_sign_public key;
    struct es_dh_public converted;

    (void)state;
    for (size_t i = 0; i < COUNT(on_curve); i++) {
        for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
            memset(key.bytes, 0xff, sizeof(key.bytes));
            key.bytes[0] = (uint8_t)(0xed + on_curve[i]);
            key.bytes[31] = (uint8_t)(0x7f | sign);
            assert_false(es_dh_public_from_sign(&key, &converted));
        }
    }
}

/* A valid key plus a point of small order: the same X25519 secrets, another address. */
static void keys_of_mixed_order_are_refused(void **state)
{
    const struct es_sign_secret seed = {{1, 2, 3}};
    struct es_sign_public key = es_sign_public_of(&seed), mixed;
    struct es_dh_public converted;
    uint8_t point[32];

    (void)state;
    for (size_t i = 1; i < SMALL_ORDER_CANONICAL; i++) {
        unhex(small_order[i], point, sizeof(point));
        assert_int_equal(crypto_core_ed25519_add(mixed.bytes, key.bytes, point), 0);
        assert_false(es_dh_public_from_sign(&mixed, &converted));
    }
}

static void what_is_no_point_is_refused(void **state)
{
    struct es_sign_public key = {{2}}; /* no x for this y */
    struct es_dh_public converted;

    (void)state;
    assert_false(es_dh_public_from_sign(&key, &converted));
}

static void signatures_verify_what_was_signed(void **state)
{
    const struct es_sign_secret seed = {{5}}, other_seed = {{6}};
    struct es_sign_public key = es_sign_public_of(&seed), other = es_sign_public_of(&other_seed);
    uint8_t message[] = "message";
    struct es_signature signature;

    (void)state;
    es_sign(&seed, "domain", ES_SLICE_OF(message), &signature);
    assert_true(es_sign_verify(&key, "domain", ES_SLICE_OF(message), &signature));
    assert_false(es_sign_verify(&other, "domain", ES_SLICE_OF(message), &signature));
    message[0] ^= 1;
    assert_false(es_sign_verify(&key, "domain", ES_SLICE_OF(message), &signature));
    message[0] ^= 1;
    for (size_t i = 0; i < sizeof(signature.bytes); i++) {
        signature.bytes[i] ^= 0x10;
        assert_false(es_sign_verify(&key, "domain", ES_SLICE_OF(message), &signature));
        signature.bytes[i] ^= 0x10;
    }
}

static void signatures_hold_in_their_domain_only(void **state)
{
    const struct es_sign_secret seed = {{5}};
    struct es_sign_public key = es_sign_public_of(&seed);
    struct es_signature signature;

    (void)state;
    es_sign(&seed, "ab", es_slice("cd", 2), &signature);
    assert_true(es_sign_verify(&key, "ab", es_slice("cd", 2), &signature));
    assert_false(es_sign_verify(&key, "ax", es_slice("cd", 2), &signature));
    /* The border between domain and message cannot be moved. */
    assert_false(es_sign_verify(&key, "abc", es_slice("d", 1), &signature));
    assert_false(es_sign_verify(&key, "a", es_slice("bcd", 3), &signature));
    assert_false(es_sign_verify(&key, "", es_slice("ab\0cd", 5), &signature));
}

static void signers_of_small_order_are_refused(void **state)
{
    /* R = identity, S = 0 satisfies the equation for a key of order 1 under any message. */
    struct es_signature signature = {{1}};
    struct es_sign_public key;

    (void)state;
    for (size_t i = 0; i < COUNT(small_order); i++) {
        unhex(small_order[i], key.bytes, 32);
        assert_false(es_sign_verify(&key, "domain", es_slice("m", 1), &signature));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_blake2b_256),
        cmocka_unit_test(kdf_blocks_can_be_made_apart),
        cmocka_unit_test(kdf_depends_on_everything),
        cmocka_unit_test(macs_of_two_lengths_are_not_related),
        cmocka_unit_test(seals_are_the_published_ones),
        cmocka_unit_test(seals_open_in_place_and_apart),
        cmocka_unit_test(seals_do_not_open_after_any_change),
        cmocka_unit_test(secrets_are_the_published_ones),
        cmocka_unit_test(low_order_points_share_no_secret),
        cmocka_unit_test(both_sides_share_one_secret),
        cmocka_unit_test(public_keys_are_the_published_ones),
        cmocka_unit_test(both_forms_of_a_key_belong_together),
        cmocka_unit_test(keys_of_small_order_are_refused),
        cmocka_unit_test(other_spellings_of_a_key_are_refused),
        cmocka_unit_test(keys_of_mixed_order_are_refused),
        cmocka_unit_test(what_is_no_point_is_refused),
        cmocka_unit_test(signatures_verify_what_was_signed),
        cmocka_unit_test(signatures_hold_in_their_domain_only),
        cmocka_unit_test(signers_of_small_order_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
