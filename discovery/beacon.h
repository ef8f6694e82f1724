/* SPDX-License-Identifier: ISC */
/* beacon.h - what is advertised and who recognises it (docs/protocol.md, section 9). Pure.
 *
 * A beacon says "somebody who has given you their presence key listens here with this link key". It
 * can be replayed as a whole, so it is a hint until a LINK envelope proves it. */
#ifndef ES_DISCOVERY_BEACON_H
#define ES_DISCOVERY_BEACON_H

#include "node/env/discovery.h"
#include "node/wire/slice.h"

/* A presence key and its place in the owner's chain: one step per day, forward only. */
struct es_presence_key {
    uint32_t index;
    struct es_key key;
};

/* key(i+1) = KDF(key(i), "day"): the step, and as many steps as lead to index (not backwards:
 * false). */
void es_presence_step(struct es_presence_key *key);
bool es_presence_forward(struct es_presence_key *key, uint32_t index);

/* Fills beacon and signature of an advert whose nonce and link key are set. */
void es_beacon_make(const struct es_presence_key *presence, const struct es_sign_secret *signer,
                    uint16_t port, struct es_advert *io_advert);

/* Does this key make this beacon? One hash. */
bool es_beacon_matches(const struct es_key *presence, uint16_t port,
                       const struct es_advert *advert);

/* Checks the signature under the pad of this presence key: only the owner could make it. */
bool es_beacon_verify(const struct es_key *presence, const struct es_sign_public *signer,
                      uint16_t port, const struct es_advert *advert);

/* The TXT record: strings of an advert, each at most 255 bytes, as DNS wants them (length byte, then
 * the string). All hidden adverts have one length, all visible ones another that does not depend on
 * the name. Returns the length, 0 when cap is too small. */
#define ES_TXT_BYTES_MAX 400
size_t es_advert_encode(uint8_t *buf, size_t cap, const struct es_advert *advert);

/* Reads a TXT record of hostile bytes. Strings of unknown keys are ignored; wrong lengths, a version
 * other than 1, doubled or missing keys and names that are not UTF-8 are refused. */
bool es_advert_decode(struct es_slice txt, struct es_advert *ret);

/* ES_INSTANCE_CHARS base32 characters and a zero from 10 random bytes. */
void es_instance_name(const uint8_t random[static 10], char ret[static ES_INSTANCE_CHARS + 1]);

#endif
