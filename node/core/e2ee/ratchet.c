/* SPDX-License-Identifier: ISC */
/* ratchet.c - key steps, and how an envelope's sealed bytes are laid out:
 *
 *   N (24, random) | Hd | Bd
 *   Hd = AEAD(HK, N, AD; version, flags, PN, DH key [, f, EdB])
 *   Bd = AEAD(MK, N, AD | Hd; records, padded)
 *   AD = SID | direction | bytes 0 and 1 | tag | c | n */
#include "node/core/e2ee/ratchet.h"

#include <assert.h>
#include <string.h>

#include "node/crypto/aead.h"
#include "node/crypto/kdf.h"
#include "node/wire/record.h"

#define HEADER_VERSION 1
#define HEADER_BYTES (1 + 1 + 2 + ES_KEY_BYTES)
#define HEADER_BYTES_ACCEPT (HEADER_BYTES + 2 * ES_KEY_BYTES)

#define NONCE_AT ES_ENVELOPE_HEADER_BYTES
#define HEADER_AT (NONCE_AT + ES_NONCE_BYTES)

#define AD_BYTES (ES_ID_BYTES + 1 + 2 + ES_TAG_BYTES + 4 + 4)
#define AD_BYTES_MAX (AD_BYTES + HEADER_BYTES_ACCEPT + ES_MAC_BYTES)

bool es_ratchet_root_step(struct es_key *io_root, const struct es_dh_secret *own,
                          const struct es_dh_public *peer, struct es_key *ret_chain_key,
                          struct es_key *ret_next_seed)
{
    struct es_key blocks[3];
    struct es_key shared;

    if (!es_dh(own, peer, &shared))
        return false;
    es_kdf(io_root, "rk", &ES_SLICE_OF(shared.bytes), 1, 0, 3, blocks);
    *io_root = blocks[0];
    *ret_chain_key = blocks[1];
    *ret_next_seed = blocks[2];
    es_wipe(blocks, sizeof(blocks));
    es_wipe(&shared, sizeof(shared));
    return true;
}

void es_ratchet_tag_step(struct es_key *io_seed, struct es_tag *ret_tag,
                         struct es_key *ret_header_key)
{
    struct es_key tag_block;

    es_kdf(io_seed, "tag", NULL, 0, 0, 1, &tag_block);
    memcpy(ret_tag->bytes, tag_block.bytes, sizeof(ret_tag->bytes));
    if (ret_header_key != NULL)
        es_kdf(io_seed, "tag", NULL, 0, 1, 1, ret_header_key);
    es_ratchet_tag_skip(io_seed, 1);
    es_wipe(&tag_block, sizeof(tag_block));
}

void es_ratchet_tag_skip(struct es_key *io_seed, uint32_t count)
{
    struct es_key next;

    for (uint32_t i = 0; i < count; i++) {
        es_kdf(io_seed, "tag", NULL, 0, 2, 1, &next);
        *io_seed = next;
    }
    es_wipe(&next, sizeof(next));
}

void es_ratchet_message_step(struct es_key *io_chain_key, struct es_key *ret_message_key)
{
    struct es_key blocks[2];

    es_kdf(io_chain_key, "msg", NULL, 0, 0, 2, blocks);
    *ret_message_key = blocks[0];
    *io_chain_key = blocks[1];
    es_wipe(blocks, sizeof(blocks));
}

bool es_binding_accepts(const struct es_binding *binding)
{
    return !binding->from_initiator && binding->at.chain == 0;
}

/* --- Layout ----------------------------------------------------------------------------------- */

static size_t header_sealed_bytes(bool accepts)
{
    return (accepts ? HEADER_BYTES_ACCEPT : HEADER_BYTES) + ES_MAC_BYTES;
}

/* Padded records: what is left of the class beside header, nonce and macs. */
static size_t body_plain_bytes(bool accepts, enum es_envelope_class cls)
{
    return es_class_bytes(cls) - HEADER_AT - header_sealed_bytes(accepts) - ES_MAC_BYTES;
}

size_t es_ratchet_capacity(bool accepts, enum es_envelope_class cls)
{
    return body_plain_bytes(accepts, cls) - 1;
}

static struct es_writer write_ad(uint8_t ad[static AD_BYTES_MAX], const struct es_id *session,
                                 const struct es_binding *binding, const uint8_t *envelope)
{
    struct es_writer writer = es_writer(ad, AD_BYTES_MAX);

    es_write_bytes(&writer, session->bytes, sizeof(session->bytes));
    es_write_u8(&writer, binding->from_initiator ? 0 : 1);
    es_write_bytes(&writer, envelope, 2);
    es_write_bytes(&writer, envelope + ES_ENVELOPE_TAG_AT, ES_TAG_BYTES);
    es_write_u32(&writer, binding->at.chain);
    es_write_u32(&writer, binding->at.n);
    assert(es_writer_len(&writer) == AD_BYTES);
    return writer;
}

/* Who opens the acceptance learns the session id from its header: there zeros stand for it, and the
 * header key, which comes from the request, does the binding. */
static struct es_writer write_header_ad(uint8_t ad[static AD_BYTES_MAX],
                                        const struct es_binding *binding, const uint8_t *envelope)
{
    static const struct es_id unknown;

    return write_ad(ad, es_binding_accepts(binding) ? &unknown : &binding->session, binding,
                    envelope);
}

static struct es_writer write_body_ad(uint8_t ad[static AD_BYTES_MAX],
                                      const struct es_binding *binding, const uint8_t *envelope)
{
    struct es_writer writer = write_ad(ad, &binding->session, binding, envelope);

    es_write_bytes(&writer, envelope + HEADER_AT, header_sealed_bytes(es_binding_accepts(binding)));
    assert(!writer.failed);
    return writer;
}

static struct es_writer write_header(uint8_t buf[static HEADER_BYTES_ACCEPT], bool accepts,
                                     const struct es_ratchet_header *header)
{
    struct es_writer writer = es_writer(buf, HEADER_BYTES_ACCEPT);

    es_write_u8(&writer, HEADER_VERSION);
    es_write_u8(&writer, 0); /* flags: none yet */
    es_write_u16(&writer, header->previous_count);
    es_write_bytes(&writer, header->key.bytes, sizeof(header->key.bytes));
    if (accepts) {
        es_write_bytes(&writer, header->accept_key.bytes, sizeof(header->accept_key.bytes));
        es_write_bytes(&writer, header->accept_address.bytes, sizeof(header->accept_address.bytes));
    }
    assert(!writer.failed);
    return writer;
}

static bool read_header(struct es_slice bytes, bool accepts, struct es_ratchet_header *ret)
{
    struct es_reader reader = es_reader(bytes);
    uint8_t version = es_read_u8(&reader);
    uint8_t flags = es_read_u8(&reader);

    *ret = (struct es_ratchet_header){.previous_count = es_read_u16(&reader)};
    es_read_bytes(&reader, ret->key.bytes, sizeof(ret->key.bytes));
    if (accepts) {
        es_read_bytes(&reader, ret->accept_key.bytes, sizeof(ret->accept_key.bytes));
        es_read_bytes(&reader, ret->accept_address.bytes, sizeof(ret->accept_address.bytes));
    }
    return es_reader_done(&reader) && version == HEADER_VERSION && flags == 0;
}

/* --- Sealing ---------------------------------------------------------------------------------- */

void es_ratchet_seal(const struct es_binding *binding, const struct es_ratchet_keys *keys,
                     const struct es_ratchet_header *header, enum es_envelope_class cls,
                     uint16_t expiry, struct es_slice records, const struct es_entropy *entropy,
                     uint8_t *ret_envelope)
{
    bool accepts = es_binding_accepts(binding);
    uint8_t *nonce = ret_envelope + NONCE_AT;
    uint8_t *body = ret_envelope + HEADER_AT + header_sealed_bytes(accepts);
    size_t body_bytes = body_plain_bytes(accepts, cls);
    uint8_t plain[HEADER_BYTES_ACCEPT];
    uint8_t ad[AD_BYTES_MAX];
    struct es_writer written;

    assert(records.len < body_bytes);
    es_envelope_header(ret_envelope, cls, expiry, &keys->tag);
    /* The keys are used once; the nonce is random all the same, because a node that was set back to
     * an older state uses them again. */
    entropy->random(entropy->ctx, nonce, ES_NONCE_BYTES);

    struct es_writer plain_written = write_header(plain, accepts, header);

    written = write_header_ad(ad, binding, ret_envelope);
    es_aead_seal(&keys->header_key, nonce, es_written(&written), es_written(&plain_written),
                 ret_envelope + HEADER_AT);

    written = write_body_ad(ad, binding, ret_envelope);
    if (records.len > 0)
        memcpy(body, records.ptr, records.len);
    es_pad(body, records.len, body_bytes);
    es_aead_seal(&keys->message_key, nonce, es_written(&written), es_slice(body, body_bytes), body);
}

/* --- Opening ---------------------------------------------------------------------------------- */

static bool open_header(const struct es_binding *binding, const struct es_key *header_key,
                        struct es_slice envelope, struct es_ratchet_header *ret)
{
    bool accepts = es_binding_accepts(binding);
    size_t sealed_bytes = header_sealed_bytes(accepts);
    uint8_t plain[HEADER_BYTES_ACCEPT];
    uint8_t ad[AD_BYTES_MAX];
    struct es_envelope outer;

    if (!es_envelope_decode(envelope, &outer))
        return false;
    struct es_writer written = write_header_ad(ad, binding, envelope.ptr);

    if (!es_aead_open(header_key, envelope.ptr + NONCE_AT, es_written(&written),
                      es_slice(envelope.ptr + HEADER_AT, sealed_bytes), plain))
        return false;
    return read_header(es_slice(plain, sealed_bytes - ES_MAC_BYTES), accepts, ret);
}

bool es_ratchet_open_header(const struct es_binding *binding, const struct es_key *seed,
                            uint32_t steps, struct es_slice envelope, struct es_ratchet_header *ret)
{
    struct es_key at = *seed;
    struct es_key header_key;
    struct es_tag tag;

    es_ratchet_tag_skip(&at, steps);
    es_ratchet_tag_step(&at, &tag, &header_key);
    bool opened = open_header(binding, &header_key, envelope, ret);

    es_wipe(&at, sizeof(at));
    es_wipe(&header_key, sizeof(header_key));
    return opened;
}

bool es_ratchet_open_body(const struct es_binding *binding, const struct es_key *message_key,
                          struct es_slice envelope, uint8_t *ret_payload,
                          struct es_slice *ret_records)
{
    bool accepts = es_binding_accepts(binding);
    uint8_t ad[AD_BYTES_MAX];
    struct es_envelope outer;
    size_t records_len;

    if (!es_envelope_decode(envelope, &outer))
        return false;
    struct es_writer written = write_body_ad(ad, binding, envelope.ptr);
    const uint8_t *body = envelope.ptr + HEADER_AT + header_sealed_bytes(accepts);
    size_t body_bytes = body_plain_bytes(accepts, outer.cls);

    if (!es_aead_open(message_key, envelope.ptr + NONCE_AT, es_written(&written),
                      es_slice(body, body_bytes + ES_MAC_BYTES), ret_payload))
        return false;
    if (!es_unpad(es_slice(ret_payload, body_bytes), &records_len) ||
        !es_records_valid(es_slice(ret_payload, records_len))) {
        es_wipe(ret_payload, body_bytes);
        return false;
    }
    *ret_records = es_slice(ret_payload, records_len);
    return true;
}

void es_ratchet_skip(struct es_chain *io_chain, uint32_t n, uint16_t day, struct es_opened *io)
{
    while (io_chain->next < n) {
        assert(io->n_gaps < io->gaps_cap);
        struct es_gap *gap = &io->gaps[io->n_gaps++];

        gap->at = (struct es_position){io_chain->number, io_chain->next};
        gap->day = day;
        es_ratchet_tag_step(&io_chain->tag_seed, &gap->tag, NULL);
        es_ratchet_message_step(&io_chain->chain_key, &gap->key);
        io_chain->next++;
    }
}

bool es_ratchet_take(struct es_chain *io_chain, const struct es_binding *binding,
                     struct es_slice envelope, struct es_opened *io)
{
    struct es_key message_key;

    assert(io_chain->next == binding->at.n);
    es_ratchet_tag_skip(&io_chain->tag_seed, 1);
    es_ratchet_message_step(&io_chain->chain_key, &message_key);
    io_chain->next++;
    bool opened = es_ratchet_open_body(binding, &message_key, envelope, io->payload, &io->records);

    es_wipe(&message_key, sizeof(message_key));
    return opened;
}

void es_ratchet_discard(struct es_opened *io)
{
    es_wipe(&io->after, sizeof(io->after));
    es_wipe(io->gaps, io->n_gaps * sizeof(*io->gaps));
    io->n_gaps = 0;
    io->records = es_slice(io->payload, 0);
}
