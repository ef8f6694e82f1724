/* SPDX-License-Identifier: ISC */
/* identity.c - one Ed25519 key and its X25519 form (docs/protocol.md, section 3.1). */
#include "node/core/e2ee/identity.h"

/* Where an Ed25519 encoding keeps the sign of x; the X25519 form depends on y alone. */
#define SIGN_BYTE (ES_KEY_BYTES - 1)
#define SIGN_BIT 0x80u

void es_identity_init(struct es_identity *identity, const struct es_sign_secret *seed)
{
    identity->seed = *seed;
    identity->address = es_sign_public_of(seed);
    es_dh_secret_from_sign(seed, &identity->secret);
    identity->dh = es_dh_public_of(&identity->secret);
}

void es_identity_done(struct es_identity *identity)
{
    es_wipe(identity, sizeof(*identity));
}

bool es_peer_key_init(struct es_peer_key *peer, const struct es_sign_public *address)
{
    struct es_dh_public dh;

    if (!es_dh_public_from_sign(address, &dh))
        return false;
    peer->address = *address;
    peer->dh = dh;
    return true;
}

bool es_address_twin(const struct es_sign_public *a, const struct es_sign_public *b)
{
    struct es_sign_public x = *a, y = *b;

    x.bytes[SIGN_BYTE] &= (uint8_t)~SIGN_BIT;
    y.bytes[SIGN_BYTE] &= (uint8_t)~SIGN_BIT;
    return es_bytes_equal(x.bytes, y.bytes, sizeof(x.bytes));
}
