/* SPDX-License-Identifier: ISC */
/* ack.c - cumulative acknowledgements (docs/protocol.md, section 6.5). */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* Fewer missing ranges than this fit any ACK, that of a LINK envelope included. */
#define RANGES_WHOLE 16

/* --- What has arrived here -------------------------------------------------------------------- */

static struct es_ack_chain *add_chain(struct es_ack *ack, uint32_t chain, uint32_t received)
{
    struct es_ack_chain *entry = &ack->chains[ack->n_chains++];

    *entry = (struct es_ack_chain){.chain = chain, .received = received};
    return entry;
}

/* The missing envelopes of one chain as ranges; what does not fit ends the entry below it. */
static const struct es_missing *add_missing(struct es_ack_chain *entry,
                                            const struct es_missing *missing, size_t ranges_max)
{
    while (missing != NULL && missing->at.chain == entry->chain) {
        struct es_ack_range *last =
            entry->n_missing == 0 ? NULL : &entry->missing[entry->n_missing - 1];

        if (last != NULL && last->from + last->count == missing->at.n && last->count < UINT16_MAX) {
            last->count++;
        } else if (entry->n_missing < ranges_max) {
            entry->missing[entry->n_missing++] =
                (struct es_ack_range){.from = missing->at.n, .count = 1};
        } else {
            entry->received = missing->at.n;
            return NULL;
        }
        missing = missing->next;
    }
    return missing;
}

void es_ack_build(const struct es_live_session *session, size_t bytes_max, struct es_ack *ret)
{
    const struct es_chain *current = &session->ratchet.receive;
    const struct es_missing *missing = session->missing;
    size_t ranges_left = bytes_max / 8 < ES_ACK_RANGES_MAX ? bytes_max / 8 : ES_ACK_RANGES_MAX;

    memset(ret, 0, sizeof(*ret));
    ret->lost_chain = session->lost.chain;
    ret->lost_below = session->lost.n;
    if (!session->ratchet.receiving)
        return;
    ret->before = missing != NULL ? missing->at.chain : current->number;
    while (missing != NULL && missing->at.chain < current->number) {
        struct es_ack_chain *entry;

        if (ret->n_chains == ES_ACK_CHAINS_MAX - 1 || ranges_left == 0)
            return; /* nothing is said of later chains yet */
        entry = add_chain(ret, missing->at.chain, UINT32_MAX);
        missing = add_missing(entry, missing, ranges_left);
        if (entry->received != UINT32_MAX)
            return;
        ranges_left -= entry->n_missing;
    }
    add_missing(add_chain(ret, current->number, current->next), missing, ranges_left);
}

/* --- What has arrived there ------------------------------------------------------------------- */

static bool is_lost(const struct es_ack *ack, struct es_position at)
{
    return at.chain != ack->lost_chain ? at.chain < ack->lost_chain : at.n < ack->lost_below;
}

/* Is an envelope of ours settled by it? */
static bool covers(const struct es_ack *ack, struct es_position at)
{
    if (at.chain < ack->before || ES_MUTANT(ACK_SETTLES_ALL))
        return true;
    for (size_t i = 0; i < ack->n_chains; i++) {
        const struct es_ack_chain *entry = &ack->chains[i];

        if (entry->chain > at.chain)
            return true; /* chains between those listed are settled */
        if (entry->chain < at.chain)
            continue;
        if (at.n >= entry->received + ES_MUTANT(ACK_ONE_TOO_MANY))
            return false;
        for (size_t k = 0; k < entry->n_missing && !ES_MUTANT(ACK_IGNORES_GAPS); k++)
            if (at.n >= entry->missing[k].from &&
                at.n - entry->missing[k].from < entry->missing[k].count)
                return false;
        return true;
    }
    return false;
}

/* The peer has what this session has not sent: our state is an older copy. */
static bool is_ahead(const struct es_session *ratchet, const struct es_ack *ack)
{
    uint32_t chains = ratchet->sending ? ratchet->send.number + 1 : 0;
    uint32_t sent = ratchet->sending ? ratchet->send.next : 0;

    if (ack->before > chains)
        return true;
    for (size_t i = 0; i < ack->n_chains; i++) {
        const struct es_ack_chain *entry = &ack->chains[i];

        if (entry->chain >= chains)
            return true;
        if (entry->chain + 1 == chains && entry->received != UINT32_MAX && entry->received > sent)
            return true;
    }
    return false;
}

/* An ACK says all unless it was cut off. */
static bool is_whole(const struct es_ack *ack)
{
    size_t ranges = 0;

    for (size_t i = 0; i < ack->n_chains; i++)
        ranges += ack->chains[i].n_missing;
    return ack->n_chains < ES_ACK_CHAINS_MAX && ranges < RANGES_WHOLE;
}

bool es_ack_behind(const struct es_session *ratchet, uint32_t acked, const struct es_ack *ack)
{
    const struct es_ack_chain *last = ack->n_chains == 0 ? NULL : &ack->chains[ack->n_chains - 1];

    if (!ratchet->sending || acked == 0 || !is_whole(ack))
        return false;
    return last == NULL || last->chain < ratchet->send.number ||
           (last->chain == ratchet->send.number && last->received < acked);
}

static void move_window(struct es_session *ratchet, const struct es_ack *ack)
{
    for (size_t i = 0; i < ack->n_chains; i++) {
        uint32_t received = ack->chains[i].received;

        if (ratchet->sending && ack->chains[i].chain == ratchet->send.number &&
            received <= ratchet->send.next && received > ratchet->acked)
            ratchet->acked = received;
    }
}

static void settle(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   struct es_outgoing *out)
{
    if (out->kind == ES_OUT_TEXT)
        es_emit_event(context, &(struct es_event){.kind = ES_EV_DELIVERED,
                                                  .contact = contact->number,
                                                  .own = true,
                                                  .message = out->id});
    es_outbox_remove(chat, context, contact, out);
}

/* Each ACK may say again that everything is lost: that must not keep us sealing. */
static bool may_seal_anew(const struct es_context *context, struct es_contact *contact,
                          struct es_outgoing *out)
{
    if (context->now_ms - contact->lost_since_ms >= ES_HOUR_MS) {
        contact->lost_since_ms = context->now_ms;
        contact->n_lost = 0;
    }
    if (contact->n_lost >= ES_LOST_PER_HOUR_MAX)
        return false;
    if (out->lost >= ES_LOST_PER_MESSAGE_MAX) {
        contact->renew = true;
        return false;
    }
    contact->n_lost++;
    out->lost++;
    return true;
}

static void take_lost(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out)
{
    if (may_seal_anew(context, contact, out))
        es_outbox_unseal(chat, context, contact, out);
    else
        es_count(context->counters, ES_COUNT_REJECTED_RECORD);
}

void es_ack_apply(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                  const struct es_ack *ack)
{
    struct es_contact *contact = session->contact;
    size_t n_sealed = contact->n_sealed;
    bool progress = false;
    struct es_outgoing *next;

    if (is_ahead(&session->ratchet, ack)) {
        es_contact_gone_back(chat, context, contact);
        return;
    }
    move_window(&session->ratchet, ack);
    for (struct es_outgoing *out = contact->outbox; out != NULL && n_sealed > 0; out = next) {
        next = out->next;
        if (!out->sealed)
            continue;
        n_sealed--;
        if (out->session != session->ratchet.number)
            continue;
        if (is_lost(ack, out->at)) {
            take_lost(chat, context, contact, out);
        } else if (covers(ack, out->at)) {
            session->link_key.known |= (out->carries & ES_OWED_LINK_KEY) != 0;
            settle(chat, context, contact, out);
            progress = true;
        }
    }
    if (!progress)
        return;
    contact->acked_age_ms = es_age_ms(chat, context);
    es_outbox_answered(context, contact);
    es_contact_save(chat, context, contact);
}
