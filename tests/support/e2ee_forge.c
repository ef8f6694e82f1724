/* SPDX-License-Identifier: ISC */
/* e2ee_forge.c - see e2ee_forge.h. */
#include "tests/support/e2ee_forge.h"

#include <assert.h>
#include <string.h>

#include "node/crypto/aead.h"
#include "node/crypto/kdf.h"

struct es_ratchet_keys forge_keys(const struct es_session *session)
{
    struct es_key seed = session->send.tag_seed, chain_key = session->send.chain_key;
    struct es_ratchet_keys keys;

    es_ratchet_tag_step(&seed, &keys.tag, &keys.header_key);
    es_ratchet_message_step(&chain_key, &keys.message_key);
    return keys;
}

struct es_binding forge_binding(const struct es_session *session)
{
    return (struct es_binding){.session = session->id,
                               .from_initiator = session->initiator,
                               .at = {session->send.number, session->send.next}};
}

void forge_begin_chain(struct party *party)
{
    struct es_session *session = &party->session;

    assert(session->turn);
    session->previous_count = session->sending ? session->send.next : 0;
    session->send = (struct es_chain){.number = session->sending ? session->send.number + 1 : 0,
                                      .tag_seed = session->send_next_seed};
    party->entropy.random(party->entropy.ctx, session->own.bytes, sizeof(session->own.bytes));
    session->own_public = es_dh_public_of(&session->own);
    session->sending = true;
    session->turn = false;
    bool agreed = es_ratchet_root_step(&session->root, &session->own, &session->peer,
                                       &session->send.chain_key, &session->send_next_seed);

    assert(agreed);
}

static void fill_parcel(struct parcel *ret, const struct es_binding *binding)
{
    ret->len = ES_ENVELOPE_BYTES_MIN;
    ret->at = binding->at;
}

void forge_envelope(const struct party *from, const struct es_ratchet_header *header,
                    struct es_slice records, struct parcel *ret)
{
    struct es_binding binding = forge_binding(&from->session);
    struct es_ratchet_keys keys = forge_keys(&from->session);

    es_ratchet_seal(&binding, &keys, header, ES_CLASS_512, PAIR_EXPIRY, records, &from->entropy,
                    ret->bytes);
    fill_parcel(ret, &binding);
}

#define NONCE_AT ES_ENVELOPE_HEADER_BYTES
#define HEADER_AT (NONCE_AT + ES_NONCE_BYTES)
#define BODY_AT (HEADER_AT + FORGE_HEADER_BYTES + ES_MAC_BYTES)

_Static_assert(BODY_AT + FORGE_BODY_BYTES + ES_MAC_BYTES == ES_ENVELOPE_BYTES_MIN, "layout");

void forge_plain(const struct party *from, const struct forge_plain *plain, struct parcel *ret)
{
    struct es_ratchet_keys keys = forge_keys(&from->session);
    struct es_binding binding = forge_binding(&from->session);
    uint8_t ad[32 + 1 + 2 + 16 + 4 + 4 + FORGE_HEADER_BYTES + ES_MAC_BYTES];
    struct es_writer writer = es_writer(ad, sizeof(ad));

    es_envelope_header(ret->bytes, ES_CLASS_512, PAIR_EXPIRY, &keys.tag);
    memset(ret->bytes + NONCE_AT, 0x5a, ES_NONCE_BYTES);
    es_write_bytes(&writer, binding.session.bytes, ES_ID_BYTES);
    es_write_u8(&writer, binding.from_initiator ? 0 : 1);
    es_write_bytes(&writer, ret->bytes, 2);
    es_write_bytes(&writer, keys.tag.bytes, ES_TAG_BYTES);
    es_write_u32(&writer, binding.at.chain);
    es_write_u32(&writer, binding.at.n);
    es_aead_seal(&keys.header_key, ret->bytes + NONCE_AT, es_written(&writer),
                 ES_SLICE_OF(plain->header), ret->bytes + HEADER_AT);
    es_write_bytes(&writer, ret->bytes + HEADER_AT, FORGE_HEADER_BYTES + ES_MAC_BYTES);
    assert(!writer.failed);
    es_aead_seal(&keys.message_key, ret->bytes + NONCE_AT, es_written(&writer),
                 ES_SLICE_OF(plain->body), ret->bytes + BODY_AT);
    fill_parcel(ret, &binding);
}

#define E_AT ES_ENVELOPE_HEADER_BYTES
#define WHO_AT (E_AT + ES_KEY_BYTES)
#define WHAT_AT (WHO_AT + ES_KEY_BYTES + ES_MAC_BYTES)

_Static_assert(WHAT_AT + FORGE_WHAT_BYTES + ES_MAC_BYTES == ES_ENVELOPE_BYTES_MIN, "layout");

/* k1 | k2 */
static void request_keys(const struct party *from, const struct es_addressee *to,
                         const struct es_dh_secret *ephemeral, const struct es_dh_public *e,
                         const struct es_sign_public *who, struct es_key ret[2])
{
    static const struct es_key no_psk;
    static const uint8_t version[] = {1};
    struct es_dh_public peer = es_dh_public_of(&to->secret);
    const struct es_slice first[] = {ES_SLICE_OF(e->bytes), ES_SLICE_OF(to->name),
                                     ES_SLICE_OF(no_psk.bytes)};
    const struct es_slice transcript[] = {ES_SLICE_OF(version), ES_SLICE_OF(who->bytes),
                                          ES_SLICE_OF(to->name), ES_SLICE_OF(e->bytes)};
    struct es_id th0 = es_hash(transcript, 4);
    struct es_key shared_es, shared_ss;
    bool agreed =
        es_dh(ephemeral, &peer, &shared_es) && es_dh(&from->identity.secret, &peer, &shared_ss);

    assert(agreed);
    const struct es_slice second[] = {ES_SLICE_OF(shared_ss.bytes), ES_SLICE_OF(th0.bytes)};

    es_kdf(&shared_es, "es", first, 3, 0, 1, &ret[0]);
    es_kdf(&ret[0], "ss", second, 2, 0, 1, &ret[1]);
}

void forge_request(const struct party *from, const struct es_addressee *to,
                   const struct forge_request *request, struct parcel *ret)
{
    static const struct es_dh_secret ephemeral = {{0x42}};
    static const uint8_t nonce[ES_NONCE_BYTES];
    static const struct es_tag no_work;
    struct es_dh_public e = es_dh_public_of(&ephemeral);
    uint8_t ad[2 + 2 * ES_KEY_BYTES];
    struct es_key keys[2];

    request_keys(from, to, &ephemeral, &e, &request->who, keys);
    es_envelope_header(ret->bytes, ES_CLASS_512, PAIR_EXPIRY, &no_work);
    memcpy(ret->bytes + E_AT, e.bytes, ES_KEY_BYTES);
    memcpy(ad, ret->bytes, 2);
    memcpy(ad + 2, e.bytes, ES_KEY_BYTES);
    memcpy(ad + 2 + ES_KEY_BYTES, to->name, ES_KEY_BYTES);
    es_aead_seal(&keys[0], nonce, ES_SLICE_OF(ad), ES_SLICE_OF(request->who.bytes),
                 ret->bytes + WHO_AT);
    es_aead_seal(&keys[1], nonce, ES_SLICE_OF(ad), ES_SLICE_OF(request->what),
                 ret->bytes + WHAT_AT);
    ret->len = ES_ENVELOPE_BYTES_MIN;
}
