/* SPDX-License-Identifier: ISC */
/* crypto_vectors_test.c - node/crypto against crypto.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/crypto/aead.h"
#include "node/crypto/dh.h"
#include "node/crypto/kdf.h"
#include "node/crypto/sign.h"
#include "tests/golden/vectors.h"

static void check_hash(void)
{
    struct es_slice m = vector_bytes("m");
    struct es_id id = es_hash(&m, 1);

    assert_vector("hash", id.bytes, sizeof(id.bytes));
}

static void check_mac(void)
{
    struct es_slice m = vector_bytes("m");
    size_t len = vector_number("bytes");
    struct es_key key;
    uint8_t mac[64];

    assert_in_range(len, 16, sizeof(mac));
    vector_array("key", key.bytes, sizeof(key.bytes));
    es_mac(&key, &m, 1, mac, len);
    assert_vector("mac", mac, len);
}

static void check_kdf(void)
{
    struct es_slice m = vector_bytes("m"), word = vector_bytes("label");
    uint32_t first = (uint32_t)vector_number("first"), count = (uint32_t)vector_number("count");
    char label[ES_KDF_LABEL_BYTES_MAX + 1] = {0};
    struct es_key key, blocks[4];

    assert_in_range(count, 1, 4);
    assert_in_range(word.len, 1, ES_KDF_LABEL_BYTES_MAX);
    memcpy(label, word.ptr, word.len);
    vector_array("key", key.bytes, sizeof(key.bytes));
    es_kdf(&key, label, &m, 1, first, count, blocks);
    assert_vector("blocks", blocks, count * sizeof(blocks[0]));
}

static void check_aead(void)
{
    struct es_slice ad = vector_bytes("ad"), plain = vector_bytes("plain");
    uint8_t nonce[ES_NONCE_BYTES], sealed[512], opened[512];
    size_t len = plain.len + ES_MAC_BYTES;
    struct es_key key;

    assert_in_range(len, ES_MAC_BYTES, sizeof(sealed));
    vector_array("key", key.bytes, sizeof(key.bytes));
    vector_array("nonce", nonce, sizeof(nonce));
    es_aead_seal(&key, nonce, ad, plain, sealed);
    assert_vector("sealed", sealed, len);
    assert_true(es_aead_open(&key, nonce, ad, es_slice(sealed, len), opened));
    assert_vector("plain", opened, plain.len);
}

static void check_dh(void)
{
    struct es_dh_secret secret;
    struct es_dh_public public, peer;
    struct es_key shared;

    vector_array("secret", secret.bytes, sizeof(secret.bytes));
    vector_array("peer", peer.bytes, sizeof(peer.bytes));
    public = es_dh_public_of(&secret);
    assert_vector("public", public.bytes, sizeof(public.bytes));
    assert_true(es_dh(&secret, &peer, &shared));
    assert_vector("shared", shared.bytes, sizeof(shared.bytes));
}

static void check_sign(void)
{
    struct es_slice m = vector_bytes("m"), word = vector_bytes("domain");
    char domain[64] = {0};
    struct es_sign_secret seed;
    struct es_dh_secret dh_secret;
    struct es_dh_public dh_public;
    struct es_signature signature;

    assert_in_range(word.len, 0, sizeof(domain) - 1);
    memcpy(domain, word.ptr, word.len);
    vector_array("seed", seed.bytes, sizeof(seed.bytes));
    struct es_sign_public public = es_sign_public_of(&seed);

    assert_vector("public", public.bytes, sizeof(public.bytes));
    es_dh_secret_from_sign(&seed, &dh_secret);
    assert_vector("dh_secret", dh_secret.bytes, sizeof(dh_secret.bytes));
    assert_true(es_dh_public_from_sign(&public, &dh_public));
    assert_vector("dh_public", dh_public.bytes, sizeof(dh_public.bytes));
    es_sign(&seed, domain, m, &signature);
    assert_vector("signature", signature.bytes, sizeof(signature.bytes));
    assert_true(es_sign_verify(&public, domain, m, &signature));
}

static const struct {
    const char *word;
    void (*check)(void);
} kinds[] = {
    {"hash", check_hash}, {"mac", check_mac}, {"kdf", check_kdf},
    {"aead", check_aead}, {"dh", check_dh},   {"sign", check_sign},
};

static void check_one(void)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (vector_is("kind", kinds[i].word)) {
            kinds[i].check();
            return;
        }
    }
    fail_msg("[%s]: unknown kind", vector_name());
}

static void crypto_agrees_with_its_vectors(void **state)
{
    (void)state;
    vectors_open("tests/golden/crypto.txt");
    while (vectors_next())
        check_one();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crypto_agrees_with_its_vectors),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
