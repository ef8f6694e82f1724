/* SPDX-License-Identifier: ISC */
/* beacon.c - presence keys, beacons and their signatures (docs/protocol.md, section 9). */
#include "discovery/beacon.h"

#include <assert.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "node/crypto/sign.h"
#include "node/wire/base32.h"
#include "node/wire/cursor.h"

#define SIGN_DOMAIN "earshot presence"
#define PAD_BLOCKS 2

_Static_assert(PAD_BLOCKS *ES_KEY_BYTES == ES_SIGNATURE_BYTES, "the pad covers the signature");
_Static_assert(ES_BASE32_CHARS(10) == ES_INSTANCE_CHARS, "an instance name has 80 random bits");

/* What beacon and signature cover: n | port | k. */
struct covered {
    uint8_t bytes[ES_ADVERT_NONCE_BYTES + 2 + ES_KEY_BYTES];
};

static struct covered covered_by(const struct es_advert *advert, uint16_t port)
{
    struct covered covered;
    struct es_writer writer = es_writer(covered.bytes, sizeof(covered.bytes));

    es_write_bytes(&writer, advert->nonce, sizeof(advert->nonce));
    es_write_u16(&writer, port);
    es_write_bytes(&writer, advert->link_key.bytes, sizeof(advert->link_key.bytes));
    assert(!writer.failed && writer.at == writer.end);
    return covered;
}

static void make_beacon(const struct es_key *presence, const struct covered *covered,
                        uint8_t ret[static ES_BEACON_BYTES])
{
    const struct es_slice parts[] = {es_slice("beacon", 6), ES_SLICE_OF(covered->bytes)};

    es_mac(presence, parts, sizeof(parts) / sizeof(parts[0]), ret, ES_BEACON_BYTES);
}

/* Hides or shows the signature: without the pad a passer-by with the public key, or with two adverts
 * of one signer, could tell whose they are. */
static void apply_pad(const struct es_key *presence, const struct es_advert *advert,
                      uint8_t io_signature[static ES_SIGNATURE_BYTES])
{
    const struct es_slice nonce = ES_SLICE_OF(advert->nonce);
    struct es_key pad[PAD_BLOCKS];

    es_kdf(presence, "sig", &nonce, 1, 0, PAD_BLOCKS, pad);
    for (size_t i = 0; i < ES_SIGNATURE_BYTES; i++)
        io_signature[i] ^= pad[i / ES_KEY_BYTES].bytes[i % ES_KEY_BYTES];
    es_wipe(pad, sizeof(pad));
}

void es_presence_step(struct es_presence_key *key)
{
    struct es_key next;

    es_kdf(&key->key, "day", NULL, 0, 0, 1, &next);
    key->key = next;
    key->index++;
    es_wipe(&next, sizeof(next));
}

bool es_presence_forward(struct es_presence_key *key, uint32_t index)
{
    if (index < key->index)
        return false;
    while (key->index < index)
        es_presence_step(key);
    return true;
}

void es_beacon_make(const struct es_presence_key *presence, const struct es_sign_secret *signer,
                    uint16_t port, struct es_advert *io_advert)
{
    struct covered covered = covered_by(io_advert, port);
    struct es_signature signature;

    make_beacon(&presence->key, &covered, io_advert->beacon);
    es_sign(signer, SIGN_DOMAIN, ES_SLICE_OF(covered.bytes), &signature);
    apply_pad(&presence->key, io_advert, signature.bytes);
    memcpy(io_advert->signature, signature.bytes, sizeof(io_advert->signature));
}

bool es_beacon_matches(const struct es_key *presence, uint16_t port, const struct es_advert *advert)
{
    struct covered covered = covered_by(advert, port);
    uint8_t beacon[ES_BEACON_BYTES];

    make_beacon(presence, &covered, beacon);
    return es_bytes_equal(beacon, advert->beacon, sizeof(beacon));
}

bool es_beacon_verify(const struct es_key *presence, const struct es_sign_public *signer,
                      uint16_t port, const struct es_advert *advert)
{
    struct covered covered = covered_by(advert, port);
    struct es_signature signature;

    memcpy(signature.bytes, advert->signature, sizeof(signature.bytes));
    apply_pad(presence, advert, signature.bytes);
    return es_sign_verify(signer, SIGN_DOMAIN, ES_SLICE_OF(covered.bytes), &signature);
}

void es_instance_name(const uint8_t random[static 10], char ret[static ES_INSTANCE_CHARS + 1])
{
    es_base32_encode(random, 10, ES_BASE32_LOWER, ret);
}
