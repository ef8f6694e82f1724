/* SPDX-License-Identifier: ISC */
/* request.c - a request: its keys, its layout, its opening by trial (docs/protocol.md,
 * section 6.1).
 *
 *   header 20 | e 32 | AEAD(k1; EdA) 48 | AEAD(k2; O, kind, name, greeting, padded)
 *
 * e is fresh for each request: both keys are used once, so their nonce is zero. */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/handshake.h"
#include "node/crypto/aead.h"
#include "node/crypto/kdf.h"
#include "node/wire/utf8.h"

#define E_AT ES_ENVELOPE_HEADER_BYTES
#define WHO_AT (E_AT + ES_KEY_BYTES)
#define WHO_BYTES (ES_KEY_BYTES + ES_MAC_BYTES)
#define WHAT_AT (WHO_AT + WHO_BYTES)
#define WHAT_BYTES (ES_ENVELOPE_BYTES_MIN - WHAT_AT)
#define WHAT_PLAIN_BYTES (WHAT_BYTES - ES_MAC_BYTES)
#define AD_BYTES (2 + 2 * ES_KEY_BYTES)

_Static_assert(ES_KEY_BYTES + 1 + 1 + ES_NAME_BYTES_MAX + 1 + ES_GREETING_BYTES_MAX <
                   WHAT_PLAIN_BYTES,
               "the longest request fits and is padded");

static const uint8_t zero_nonce[ES_NONCE_BYTES];

/* What both sides derive, each from its own half of the secrets. */
struct schedule {
    struct es_key who;  /* k1 */
    struct es_key what; /* k2 */
    struct es_id th0;
};

/* k1 = KDF(DH(e,B), "es", e | EdB | psk) */
static void derive_who(struct schedule *schedule, const struct es_key *shared_es,
                       const struct es_dh_public *e, const uint8_t name[static ES_KEY_BYTES],
                       const struct es_key *psk)
{
    const struct es_slice parts[] = {
        ES_SLICE_OF(e->bytes),
        es_slice(name, ES_KEY_BYTES),
        ES_SLICE_OF(psk->bytes),
    };

    es_kdf(shared_es, "es", parts, 3, 0, 1, &schedule->who);
}

/* th0 = H(ver | EdA | EdB | e), k2 = KDF(k1, "ss", DH(a,B) | th0) */
static void derive_what(struct schedule *schedule, const struct es_key *shared_ss,
                        const struct es_dh_public *e, const struct es_sign_public *from,
                        const uint8_t name[static ES_KEY_BYTES])
{
    static const uint8_t version[] = {ES_ENVELOPE_VERSION};
    const struct es_slice transcript[] = {
        ES_SLICE_OF(version),
        ES_SLICE_OF(from->bytes),
        es_slice(name, ES_KEY_BYTES),
        ES_SLICE_OF(e->bytes),
    };

    schedule->th0 = es_hash(transcript, 4);
    const struct es_slice parts[] = {ES_SLICE_OF(shared_ss->bytes),
                                     ES_SLICE_OF(schedule->th0.bytes)};

    es_kdf(&schedule->who, "ss", parts, 2, 0, 1, &schedule->what);
}

/* th1 = H(th0 | both ciphertexts), gs = KDF(k2, "gs", th1) */
static void derive_result(const struct schedule *schedule, const uint8_t *envelope,
                          struct es_id *ret_th1, struct es_key *ret_gs)
{
    const struct es_slice transcript[] = {
        ES_SLICE_OF(schedule->th0.bytes),
        es_slice(envelope + WHO_AT, WHO_BYTES + WHAT_BYTES),
    };

    *ret_th1 = es_hash(transcript, 2);
    es_kdf(&schedule->what, "gs", &ES_SLICE_OF(ret_th1->bytes), 1, 0, 1, ret_gs);
}

/* bytes 0 and 1 | e | EdB */
static void write_ad(uint8_t ad[static AD_BYTES], const uint8_t *envelope,
                     const uint8_t name[static ES_KEY_BYTES])
{
    struct es_writer writer = es_writer(ad, AD_BYTES);

    es_write_bytes(&writer, envelope, 2);
    es_write_bytes(&writer, envelope + E_AT, ES_KEY_BYTES);
    es_write_bytes(&writer, name, ES_KEY_BYTES);
    assert(es_writer_len(&writer) == AD_BYTES);
}

/* --- A's side --------------------------------------------------------------------------------- */

static void write_what(uint8_t plain[static WHAT_PLAIN_BYTES], const struct es_dh_public *one_time,
                       const struct es_request *request)
{
    struct es_writer writer = es_writer(plain, WHAT_PLAIN_BYTES);

    assert(request->name.len <= ES_NAME_BYTES_MAX);
    assert(request->greeting.len <= ES_GREETING_BYTES_MAX);
    es_write_bytes(&writer, one_time->bytes, sizeof(one_time->bytes));
    es_write_u8(&writer, (uint8_t)request->kind);
    es_write_short(&writer, request->name);
    es_write_short(&writer, request->greeting);
    es_pad(plain, es_writer_len(&writer), WHAT_PLAIN_BYTES);
}

/* Writes the whole envelope but its work, once both secrets are known. */
static void write_request(struct schedule *schedule, const struct es_identity *self,
                          const struct es_target *target, const struct es_dh_public *e,
                          const struct es_request *request, uint16_t expiry, uint8_t *envelope,
                          struct es_pending *pending)
{
    static const struct es_tag no_work;
    uint8_t *what = envelope + WHAT_AT;
    struct es_dh_public one_time = es_dh_public_of(&pending->one_time);
    uint8_t ad[AD_BYTES];

    es_envelope_header(envelope, ES_CLASS_512, expiry, &no_work);
    memcpy(envelope + E_AT, e->bytes, sizeof(e->bytes));
    write_ad(ad, envelope, target->name);
    es_aead_seal(&schedule->who, zero_nonce, ES_SLICE_OF(ad), ES_SLICE_OF(self->address.bytes),
                 envelope + WHO_AT);
    write_what(what, &one_time, request);
    es_aead_seal(&schedule->what, zero_nonce, ES_SLICE_OF(ad), es_slice(what, WHAT_PLAIN_BYTES),
                 what);
    derive_result(schedule, envelope, &pending->th1, &pending->gs);
}

/* An introduction key names itself; who answers is known only then. */
static void aim_pending(struct es_pending *pending, const struct es_target *target)
{
    pending->by_introduction = es_bytes_equal(target->name, target->dh.bytes, sizeof(target->name));
    pending->address = (struct es_sign_public){{0}};
    if (!pending->by_introduction)
        memcpy(pending->address.bytes, target->name, sizeof(pending->address.bytes));
}

bool es_request_seal(const struct es_identity *self, const struct es_target *target,
                     const struct es_key *psk, const struct es_request *request, uint16_t expiry,
                     const struct es_entropy *entropy, uint8_t *ret_envelope,
                     struct es_pending *ret_pending)
{
    struct es_dh_secret ephemeral;
    struct es_key shared_es, shared_ss;
    struct schedule schedule;
    bool agreed;

    entropy->random(entropy->ctx, ephemeral.bytes, sizeof(ephemeral.bytes));
    struct es_dh_public e = es_dh_public_of(&ephemeral);

    agreed =
        es_dh(&ephemeral, &target->dh, &shared_es) && es_dh(&self->secret, &target->dh, &shared_ss);
    if (agreed) {
        aim_pending(ret_pending, target);
        entropy->random(entropy->ctx, ret_pending->one_time.bytes,
                        sizeof(ret_pending->one_time.bytes));
        derive_who(&schedule, &shared_es, &e, target->name, psk);
        derive_what(&schedule, &shared_ss, &e, &self->address, target->name);
        write_request(&schedule, self, target, &e, request, expiry, ret_envelope, ret_pending);
    }
    es_wipe(&ephemeral, sizeof(ephemeral));
    es_wipe(&shared_es, sizeof(shared_es));
    es_wipe(&shared_ss, sizeof(shared_ss));
    es_wipe(&schedule, sizeof(schedule));
    return agreed;
}

/* --- B's side --------------------------------------------------------------------------------- */

/* Holding an invite and saying so go together: what is accepted without asking rests on it. */
static bool kind_fits(enum es_request_kind kind, bool with_psk)
{
    switch (kind) {
    case ES_REQUEST_CONTACT:
    case ES_REQUEST_RENEWAL:
        return !with_psk;
    case ES_REQUEST_INVITE:
        return with_psk;
    }
    return false;
}

static bool read_what(struct es_slice padded, bool with_psk, struct es_request_opened *ret)
{
    size_t len;

    if (!es_unpad(padded, &len))
        return false;
    struct es_reader reader = es_reader(es_slice(padded.ptr, len));

    es_read_bytes(&reader, ret->one_time.bytes, sizeof(ret->one_time.bytes));
    ret->request.kind = (enum es_request_kind)es_read_u8(&reader);
    ret->request.name = es_read_short(&reader, ES_NAME_BYTES_MAX);
    ret->request.greeting = es_read_short(&reader, ES_GREETING_BYTES_MAX);
    return es_reader_done(&reader) && kind_fits(ret->request.kind, with_psk) &&
           es_utf8_valid(ret->request.name) && es_utf8_valid(ret->request.greeting);
}

/* Which psk opens the first part? That part alone says who asks. */
static bool open_who(struct schedule *schedule, const struct es_addressee *addressee,
                     const struct es_key *psks, size_t n_psks, const struct es_key *shared_es,
                     const uint8_t *envelope, struct es_slice ad, struct es_request_opened *ret)
{
    struct es_sign_public address;

    for (size_t i = 0; i < n_psks; i++) {
        derive_who(schedule, shared_es, &ret->e, addressee->name, &psks[i]);
        if (es_aead_open(&schedule->who, zero_nonce, ad, es_slice(envelope + WHO_AT, WHO_BYTES),
                         address.bytes)) {
            ret->psk = i;
            return es_peer_key_init(&ret->from, &address);
        }
    }
    return false;
}

static bool open_request(struct schedule *schedule, const struct es_addressee *addressee,
                         const struct es_key *psks, size_t n_psks, const uint8_t *envelope,
                         struct es_key *shared, struct es_request_opened *ret)
{
    uint8_t ad[AD_BYTES];

    memcpy(ret->e.bytes, envelope + E_AT, sizeof(ret->e.bytes));
    write_ad(ad, envelope, addressee->name);
    if (!es_dh(&addressee->secret, &ret->e, shared) ||
        !open_who(schedule, addressee, psks, n_psks, shared, envelope, ES_SLICE_OF(ad), ret))
        return false;
    if (!es_dh(&addressee->secret, &ret->from.dh, shared))
        return false;
    derive_what(schedule, shared, &ret->e, &ret->from.address, addressee->name);
    if (!es_aead_open(&schedule->what, zero_nonce, ES_SLICE_OF(ad),
                      es_slice(envelope + WHAT_AT, WHAT_BYTES), ret->plain))
        return false;
    if (!read_what(es_slice(ret->plain, WHAT_PLAIN_BYTES), ret->psk > 0, ret))
        return false;
    derive_result(schedule, envelope, &ret->th1, &ret->gs);
    return true;
}

bool es_request_open(const struct es_addressee *addressee, const struct es_key *psks, size_t n_psks,
                     struct es_slice envelope, struct es_request_opened *ret)
{
    struct es_envelope outer;
    struct es_key shared;
    struct schedule schedule;
    bool opened = false;

    if (es_envelope_decode(envelope, &outer) && outer.cls == ES_CLASS_512)
        opened = open_request(&schedule, addressee, psks, n_psks, envelope.ptr, &shared, ret);
    es_wipe(&shared, sizeof(shared));
    es_wipe(&schedule, sizeof(schedule));
    if (!opened)
        es_wipe(ret, sizeof(*ret));
    return opened;
}
