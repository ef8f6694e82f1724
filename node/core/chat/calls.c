/* SPDX-License-Identifier: ISC */
/* calls.c - what the mesh asks of people, and what it tells them. */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* --- Whose is it? ----------------------------------------------------------------------------- */

static uint32_t recognise(void *ctx, struct es_context *context, uint16_t port,
                          const struct es_advert *advert)
{
    return es_presence_recognise(ctx, context, port, advert);
}

static void sign_advert(void *ctx, struct es_context *context, uint16_t port,
                        struct es_advert *io_advert)
{
    (void)context;
    es_presence_sign(ctx, port, io_advert);
}

static void prove(void *ctx, struct es_context *context, uint32_t peer, enum es_link_role role,
                  const struct es_link_keys *keys, uint8_t *ret_envelope)
{
    struct es_contact *contact = peer == 0 ? NULL : es_contact_find(ctx, peer);

    es_proofs_make(ctx, context, contact, role, keys, ret_envelope);
}

static uint32_t check(void *ctx, struct es_context *context, uint32_t expected,
                      enum es_link_role role, const struct es_link_keys *keys,
                      struct es_slice envelope)
{
    return es_proofs_check(ctx, context, expected, role, keys, envelope);
}

/* --- Who is here ------------------------------------------------------------------------------ */

static void present(void *ctx, struct es_context *context, uint32_t peer)
{
    struct es_chat *chat = ctx;
    struct es_contact *contact = es_contact_find(chat, peer);

    if (contact == NULL)
        return;
    contact->present = true;
    es_outbox_present(context, contact);
    es_emit_event(context, &(struct es_event){.kind = ES_EV_PRESENT, .contact = peer});
}

static void gone(void *ctx, struct es_context *context, uint32_t peer)
{
    struct es_chat *chat = ctx;
    struct es_contact *contact = es_contact_find(chat, peer);

    if (contact == NULL)
        return;
    contact->present = false;
    es_emit_event(context, &(struct es_event){.kind = ES_EV_GONE, .contact = peer});
}

/* --- Envelopes ---------------------------------------------------------------------------------- */

/* Nobody waits for its tag: a request, if it is one that still may be (section 6.1). Contacts may ask
 * for a new session whatever their clock says. from: the contact at the other end, or 0. */
static enum es_envelope_fate take_unknown(struct es_chat *chat, struct es_context *context,
                                          uint32_t link, uint32_t from,
                                          const struct es_envelope *header, struct es_slice bytes)
{
    bool is_old = from == 0 && es_mesh_is_expired(chat->mesh, context->wall_ms, header->expiry);

    if (header->cls != ES_CLASS_512 || is_old || !es_trials_take(chat, context, link, bytes))
        return ES_ENVELOPE_FOREIGN;
    return ES_ENVELOPE_REFUSED;
}

static enum es_envelope_fate take_expected(struct es_chat *chat, struct es_context *context,
                                           const struct es_tag_entry *entry, struct es_slice bytes,
                                           uint32_t *ret_peer)
{
    enum es_open_result result = ES_OPEN_BAD;
    struct es_live_session *session;
    struct es_slice records;

    if (entry->kind == ES_TAG_PENDING || entry->kind == ES_TAG_REFUSAL) {
        if (es_ask_answered(chat, context, entry, bytes, ret_peer))
            return ES_ENVELOPE_OURS;
    } else {
        result = es_sessions_open(chat, context, entry, bytes, &session, &records);
    }
    if (result != ES_OPEN_OK) {
        es_count(context->counters, result == ES_OPEN_TOO_FAR ? ES_COUNT_REJECTED_ENVELOPE_TOO_FAR
                                                              : ES_COUNT_REJECTED_ENVELOPE_BAD);
        return ES_ENVELOPE_REFUSED;
    }
    es_count(context->counters, ES_COUNT_ENVELOPES_OPENED);
    *ret_peer = session->contact->number;
    es_inbox_records(chat, context, session, records);
    es_wipe(chat->scratch->plain, records.len);
    return ES_ENVELOPE_OURS;
}

static enum es_envelope_fate envelope(void *ctx, struct es_context *context, uint32_t link,
                                      uint32_t from, uint8_t copies, struct es_slice bytes,
                                      uint32_t *ret_peer)
{
    struct es_chat *chat = ctx;
    const struct es_tag_entry *entry;
    struct es_envelope header;

    (void)copies;
    if (!chat->self.has_identity || !es_envelope_decode(bytes, &header))
        return ES_ENVELOPE_FOREIGN;
    entry = es_tags_find(chat->tags, &header.tag);
    if (ES_MUTANT(EXPIRED_REFUSED) && header.expiry < es_expiry_bucket(context->wall_ms))
        return ES_ENVELOPE_FOREIGN;
    return entry == NULL ? take_unknown(chat, context, link, from, &header, bytes)
                         : take_expected(chat, context, entry, bytes, ret_peer);
}

static void acknowledged(void *ctx, struct es_context *context, uint32_t peer,
                         const struct es_ack_id *id)
{
    struct es_chat *chat = ctx;
    struct es_contact *contact = es_contact_find(chat, peer);

    (void)context;
    if (contact != NULL)
        es_outbox_on_disk(contact, id);
}

/* From the first stranger after a start: which contact is recognised has proved itself by then. */
#define MEET_MS 5000

static void stranger(void *ctx, struct es_context *context, uint32_t link)
{
    struct es_chat *chat = ctx;

    if (chat->meet_by_ms == UINT64_MAX)
        chat->meet_by_ms = context->now_ms + MEET_MS;
    es_ask_offer(chat, context, link);
    es_outbox_offer(chat, context, link);
}

static void listening(void *ctx, struct es_context *context, size_t lasting, uint16_t port)
{
    (void)ctx;
    es_emit_event(context,
                  &(struct es_event){.kind = ES_EV_LISTENING, .order = lasting, .until_ms = port});
}

struct es_mesh_calls es_chat_mesh_calls(struct es_chat *chat)
{
    return (struct es_mesh_calls){
        .ctx = chat,
        .recognise = recognise,
        .sign_advert = sign_advert,
        .prove = prove,
        .check = check,
        .present = present,
        .gone = gone,
        .envelope = envelope,
        .acknowledged = acknowledged,
        .stranger = stranger,
        .listening = listening,
    };
}
