/* SPDX-License-Identifier: ISC */
/* session.c - when which step of the ratchet is due (docs/protocol.md, sections 6.3 and 6.4). */
#include "node/core/e2ee/session.h"

#include <assert.h>

#include "node/core/e2ee/ratchet.h"

/* PN is a u16: a chain ends before its count outgrows it. */
#define CHAIN_ENVELOPES_MAX UINT16_MAX

void es_session_done(struct es_session *session)
{
    es_wipe(session, sizeof(*session));
}

/* --- Sealing ---------------------------------------------------------------------------------- */

static uint32_t next_sending_chain(const struct es_session *session)
{
    return session->sending ? session->send.number + 1 : 0;
}

/* Where the next envelope will stand. */
static struct es_binding sending_binding(const struct es_session *session)
{
    struct es_binding binding = {.session = session->id, .from_initiator = session->initiator};

    if (session->turn)
        binding.at = (struct es_position){next_sending_chain(session), 0};
    else
        binding.at = (struct es_position){session->send.number, session->send.next};
    return binding;
}

size_t es_session_capacity(const struct es_session *session, enum es_envelope_class cls)
{
    struct es_binding binding = sending_binding(session);

    return es_ratchet_capacity(es_binding_accepts(&binding), cls);
}

bool es_session_class_for(const struct es_session *session, size_t len, enum es_envelope_class *ret)
{
    for (int cls = ES_CLASS_512; cls < ES_ENVELOPE_CLASSES; cls++) {
        if (len <= es_session_capacity(session, (enum es_envelope_class)cls)) {
            *ret = (enum es_envelope_class)cls;
            return true;
        }
    }
    return false;
}

uint32_t es_session_room(const struct es_session *session)
{
    uint32_t next = session->turn ? 0 : session->send.next;
    uint64_t end = (session->turn ? 0 : (uint64_t)session->acked) + session->window;

    if (end > CHAIN_ENVELOPES_MAX)
        end = CHAIN_ENVELOPES_MAX;
    return end > next ? (uint32_t)(end - next) : 0;
}

/* Draws a ratchet key of ours and begins the chain that goes with it. */
static void begin_chain(struct es_session *io, const struct es_entropy *entropy)
{
    uint32_t number = next_sending_chain(io);

    io->previous_count = io->sending ? io->send.next : 0;
    io->send = (struct es_chain){.number = number, .tag_seed = io->send_next_seed};
    io->sending = true;
    io->acked = 0;
    io->turn = false;
    entropy->random(entropy->ctx, io->own.bytes, sizeof(io->own.bytes));
    io->own_public = es_dh_public_of(&io->own);
    bool agreed = es_ratchet_root_step(&io->root, &io->own, &io->peer, &io->send.chain_key,
                                       &io->send_next_seed);

    /* The peer's key was tried against another secret when its chain was opened: not low-order. */
    assert(agreed);
}

void es_session_seal(struct es_session *io, const struct es_entropy *entropy,
                     enum es_envelope_class cls, uint16_t expiry, struct es_slice records,
                     uint8_t *ret_envelope, struct es_position *ret_at)
{
    struct es_ratchet_keys keys;

    assert(es_session_room(io) > 0);
    if (io->turn)
        begin_chain(io, entropy);
    const struct es_binding binding = sending_binding(io);
    const struct es_ratchet_header header = {
        .previous_count = (uint16_t)io->previous_count,
        .key = io->own_public,
        .accept_key = io->accept_key,
        .accept_address = io->accept_address,
    };

    es_ratchet_tag_step(&io->send.tag_seed, &keys.tag, &keys.header_key);
    es_ratchet_message_step(&io->send.chain_key, &keys.message_key);
    io->send.next++;
    es_ratchet_seal(&binding, &keys, &header, cls, expiry, records, entropy, ret_envelope);
    es_wipe(&keys, sizeof(keys));
    *ret_at = binding.at;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static struct es_binding receiving_binding(const struct es_session *session, struct es_position at)
{
    return (struct es_binding){
        .session = session->id, .from_initiator = !session->initiator, .at = at};
}

static uint32_t next_receiving_chain(const struct es_session *session)
{
    return session->receiving ? session->receive.number + 1 : 0;
}

/* Every envelope of a chain carries the same key, in the acceptor's chain 0 the same acceptance. */
static bool same_chain(const struct es_session *session, const struct es_binding *binding,
                       const struct es_ratchet_header *header)
{
    if (!es_bytes_equal(&header->key, &session->peer, sizeof(header->key)))
        return false;
    if (!es_binding_accepts(binding))
        return true;
    return es_bytes_equal(&header->accept_key, &session->accept_key, sizeof(header->accept_key)) &&
           es_bytes_equal(&header->accept_address, &session->accept_address,
                          sizeof(header->accept_address));
}

static enum es_open_result open_current(const struct es_session *session, struct es_position at,
                                        struct es_slice envelope, uint16_t day,
                                        struct es_opened *io)
{
    const struct es_binding binding = receiving_binding(session, at);
    struct es_chain *chain = &io->after.receive;
    struct es_ratchet_header header;

    assert(session->receiving && at.chain == chain->number && at.n >= chain->next);
    assert(at.n - chain->next < session->own_window);
    if (!es_ratchet_open_header(&binding, &chain->tag_seed, at.n - chain->next, envelope,
                                &header) ||
        !same_chain(session, &binding, &header))
        return ES_OPEN_BAD;
    es_ratchet_skip(chain, at.n, day, io);
    return es_ratchet_take(chain, &binding, envelope, io) ? ES_OPEN_OK : ES_OPEN_BAD;
}

/* The receiving side's ratchet step: the old chain is finished off and forgotten. */
static bool turn_chain(struct es_session *after, const struct es_ratchet_header *header)
{
    struct es_chain *chain = &after->receive;
    uint32_t number = next_receiving_chain(after);

    *chain = (struct es_chain){.number = number, .tag_seed = after->receive_next_seed};
    after->receiving = true;
    if (!es_ratchet_root_step(&after->root, &after->own, &header->key, &chain->chain_key,
                              &after->receive_next_seed))
        return false;
    es_wipe(&after->own, sizeof(after->own));
    after->peer = header->key;
    after->turn = true;
    return true;
}

static enum es_open_result open_next(const struct es_session *session, struct es_position at,
                                     struct es_slice envelope, uint16_t day, struct es_opened *io)
{
    const struct es_binding binding = receiving_binding(session, at);
    uint32_t next = session->receiving ? session->receive.next : 0;
    uint32_t beyond = session->receiving ? session->own_window : 0;
    struct es_ratchet_header header;

    assert(at.chain == next_receiving_chain(session) && at.n < session->own_window);
    /* The peer begins a chain only in answer to one of ours: none is out when our key is gone. */
    if (session->turn ||
        !es_ratchet_open_header(&binding, &session->receive_next_seed, at.n, envelope, &header))
        return ES_OPEN_BAD;
    if (header.previous_count > next + beyond)
        return ES_OPEN_TOO_FAR;
    es_ratchet_skip(&io->after.receive, header.previous_count, day, io);
    if (!turn_chain(&io->after, &header))
        return ES_OPEN_BAD;
    es_ratchet_skip(&io->after.receive, at.n, day, io);
    return es_ratchet_take(&io->after.receive, &binding, envelope, io) ? ES_OPEN_OK : ES_OPEN_BAD;
}

enum es_open_result es_session_open(const struct es_session *session, enum es_expected expected,
                                    struct es_position at, struct es_slice envelope, uint16_t day,
                                    struct es_opened *io)
{
    enum es_open_result result;

    io->after = *session;
    io->n_gaps = 0;
    if (expected == ES_EXPECT_CURRENT)
        result = open_current(session, at, envelope, day, io);
    else
        result = open_next(session, at, envelope, day, io);
    if (result == ES_OPEN_OK)
        io->after.confirmed = true;
    else
        es_ratchet_discard(io);
    return result;
}

enum es_open_result es_session_open_gap(const struct es_session *session, const struct es_gap *gap,
                                        struct es_slice envelope, struct es_opened *io)
{
    const struct es_binding binding = receiving_binding(session, gap->at);

    io->after = *session;
    io->n_gaps = 0;
    if (!es_ratchet_open_body(&binding, &gap->key, envelope, io->payload, &io->records)) {
        es_ratchet_discard(io);
        return ES_OPEN_BAD;
    }
    io->after.confirmed = true;
    return ES_OPEN_OK;
}

void es_session_tags(const struct es_session *session, enum es_expected which, uint32_t from,
                     uint32_t count, struct es_tag *ret)
{
    bool current = which == ES_EXPECT_CURRENT;
    struct es_key seed = current ? session->receive.tag_seed : session->receive_next_seed;
    uint32_t start = current ? session->receive.next : 0;

    assert(!current || session->receiving);
    assert(from >= start);
    es_ratchet_tag_skip(&seed, from - start);
    for (uint32_t i = 0; i < count; i++)
        es_ratchet_tag_step(&seed, &ret[i], NULL);
    es_wipe(&seed, sizeof(seed));
}
