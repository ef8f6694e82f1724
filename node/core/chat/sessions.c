/* SPDX-License-Identifier: ISC */
/* sessions.c - the sessions in use: which one is sealed in, what opens in which. */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* A session in which nothing is sealed any more goes on receiving for so long after the last envelope
 * that opened in it; one that the peer has not confirmed until its request has surely been given up
 * (docs/protocol.md, section 6.6). */
#define REPLACED_DAYS 14
#define CANDIDATE_DAYS (ES_PENDING_DAYS + REPLACED_DAYS)

/* --- The table -------------------------------------------------------------------------------- */

static size_t place_of(const struct es_chat *chat, uint32_t number)
{
    size_t low = 0, high = chat->n_sessions;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (chat->sessions[middle]->ratchet.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct es_live_session *es_sessions_find(const struct es_chat *chat, uint32_t number)
{
    size_t at = place_of(chat, number);

    if (at < chat->n_sessions && chat->sessions[at]->ratchet.number == number)
        return chat->sessions[at];
    return NULL;
}

struct es_live_session *es_sessions_by_id(const struct es_contact *contact,
                                          const uint8_t id[static 8])
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++)
        if (memcmp(contact->sessions[i]->ratchet.id.bytes, id, 8) == 0)
            return contact->sessions[i];
    return NULL;
}

void es_sessions_save(struct es_chat *chat, struct es_context *context,
                      const struct es_live_session *session)
{
    uint8_t body[ES_SESSION_ROW_BYTES_MAX];
    struct es_row_key key = es_key_number(session->ratchet.number);
    size_t len = es_body_session(session, body, sizeof(body));

    (void)chat;
    es_emit_row(context, ES_ROW_SESSION, es_row_key_slice(&key), es_slice(body, len));
    es_wipe(body, sizeof(body));
}

/* Which session gives way when a contact has too many: the oldest candidate, for whoever can forge
 * requests makes as many of them as they like; else the oldest that is not sealed in. */
static struct es_live_session *spare_session(const struct es_chat *chat,
                                             const struct es_contact *contact)
{
    const struct es_live_session *sending = es_sessions_sending(chat, contact);
    struct es_live_session *spare = NULL;

    for (size_t i = ES_SESSIONS_PER_CONTACT_MAX; i-- > 0;) {
        struct es_live_session *session = contact->sessions[i];

        if (session == sending)
            continue;
        if (es_sessions_is_candidate(session))
            return session;
        if (spare == NULL)
            spare = session;
    }
    return spare;
}

static struct es_live_session *insert(struct es_chat *chat, struct es_contact *contact,
                                      const struct es_session *ratchet)
{
    struct es_live_session *session = es_pool_get(&chat->session_pool);
    size_t at = place_of(chat, ratchet->number);

    if (session == NULL)
        return NULL;
    session->contact = contact;
    session->ratchet = *ratchet;
    memmove(&chat->sessions[at + 1], &chat->sessions[at],
            (chat->n_sessions - at) * sizeof(chat->sessions[0]));
    chat->sessions[at] = session;
    chat->n_sessions++;
    memmove(&contact->sessions[1], &contact->sessions[0],
            (ES_SESSIONS_PER_CONTACT_MAX - 1) * sizeof(contact->sessions[0]));
    contact->sessions[0] = session;
    return session;
}

static bool has_confirmed_other(const struct es_contact *contact,
                                const struct es_live_session *session)
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++)
        if (contact->sessions[i] != session && contact->sessions[i]->ratchet.confirmed)
            return true;
    return false;
}

struct es_live_session *es_sessions_add(struct es_chat *chat, struct es_context *context,
                                        struct es_contact *contact, const struct es_session *made,
                                        const struct es_key *link_key)
{
    struct es_session ratchet = *made;
    struct es_live_session *session;

    if (contact->sessions[ES_SESSIONS_PER_CONTACT_MAX - 1] != NULL)
        es_sessions_remove(chat, context, spare_session(chat, contact));
    ratchet.number = chat->self.next_session++;
    ratchet.contact = contact->number;
    ratchet.heard_age_ms = es_age_ms(chat, context);
    es_self_save(chat, context);
    session = insert(chat, contact, &ratchet);
    es_wipe(&ratchet, sizeof(ratchet));
    if (session == NULL || !es_tags_add_session(chat->tags, &session->ratchet))
        return NULL;
    session->fresh = true;
    session->renews = has_confirmed_other(contact, session);
    session->link_key.now = *link_key;
    session->link_key.known = true; /* by the handshake */
    session->link_key.made_age_ms = es_age_ms(chat, context);
    if (!session->renews && contact->verified_by != ES_VERIFIED_NOT)
        contact->verified_below =
            chat->self.next_session; /* it came with the key that was verified */
    return session;
}

bool es_sessions_is_candidate(const struct es_live_session *session)
{
    return !session->ratchet.confirmed;
}

void es_sessions_remove(struct es_chat *chat, struct es_context *context,
                        struct es_live_session *session)
{
    struct es_contact *contact = session->contact;
    struct es_row_key key = es_key_number(session->ratchet.number);
    size_t at = place_of(chat, session->ratchet.number), of = 0;

    es_outbox_unseal_session(chat, context, session);
    es_gaps_clear(chat, context, session);
    es_tags_remove_session(chat->tags, &session->ratchet);
    es_emit_erase(context, ES_ROW_SESSION, es_row_key_slice(&key));
    chat->n_sessions--;
    memmove(&chat->sessions[at], &chat->sessions[at + 1],
            (chat->n_sessions - at) * sizeof(chat->sessions[0]));
    while (contact->sessions[of] != session)
        of++;
    memmove(&contact->sessions[of], &contact->sessions[of + 1],
            (ES_SESSIONS_PER_CONTACT_MAX - 1 - of) * sizeof(contact->sessions[0]));
    contact->sessions[ES_SESSIONS_PER_CONTACT_MAX - 1] = NULL;
    es_session_done(&session->ratchet);
    es_pool_put(&chat->session_pool, session);
}

/* --- Which session is sealed in (docs/protocol.md, section 6.6) ----------------------------------- */

/* Did the side with the smaller identity accept this session? */
static bool accepted_by_smaller(const struct es_chat *chat, const struct es_live_session *session)
{
    const struct es_sign_public *self = &chat->self.identity.address;
    const struct es_sign_public *peer = &session->contact->key.address;
    bool self_smaller = memcmp(self->bytes, peer->bytes, ES_KEY_BYTES) < 0;

    return session->ratchet.initiator != self_smaller;
}

static bool better(const struct es_chat *chat, const struct es_live_session *newer,
                   const struct es_live_session *older)
{
    if (newer->ratchet.confirmed != older->ratchet.confirmed)
        return newer->ratchet.confirmed;
    if (newer->ratchet.confirmed && newer->crossing != 0 && newer->crossing == older->crossing)
        return accepted_by_smaller(chat, newer) || !accepted_by_smaller(chat, older);
    return true;
}

struct es_live_session *es_sessions_sending(const struct es_chat *chat,
                                            const struct es_contact *contact)
{
    struct es_live_session *best = contact->sessions[0];

    for (size_t i = 1; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++)
        if (ES_MUTANT(OLDEST_SESSION) || !better(chat, best, contact->sessions[i]))
            best = contact->sessions[i];
    return best;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static enum es_open_result open_expected(struct es_chat *chat, struct es_context *context,
                                         struct es_live_session *session,
                                         const struct es_tag_entry *entry, struct es_slice envelope,
                                         struct es_opened *opened)
{
    enum es_expected expected = entry->kind == ES_TAG_NEXT ? ES_EXPECT_NEXT : ES_EXPECT_CURRENT;
    enum es_open_result result = es_session_open(&session->ratchet, expected, entry->at, envelope,
                                                 es_age_day(chat, context), opened);

    if (result != ES_OPEN_OK)
        return result;
    es_tags_move_session(chat->tags, &session->ratchet, &opened->after);
    es_gaps_add(chat, context, session, opened->gaps, opened->n_gaps);
    es_wipe(chat->scratch->gaps, opened->n_gaps * sizeof(chat->scratch->gaps[0]));
    return result;
}

/* What stood when we went back: the peer's envelopes in them say again that we did. */
static void remove_stale(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact)
{
    for (size_t i = ES_SESSIONS_PER_CONTACT_MAX; i-- > 0;)
        if (contact->sessions[i] != NULL && !contact->sessions[i]->fresh)
            es_sessions_remove(chat, context, contact->sessions[i]);
}

void es_sessions_confirmed(struct es_chat *chat, struct es_context *context,
                           const struct es_live_session *session)
{
    struct es_contact *contact = session->contact;

    /* Only this is as new as what the peer has: a candidate may be forged, and what an older copy of
     * us began the peer may have ended since. */
    if (session->fresh && contact->gone_back)
        remove_stale(chat, context, contact);
    if (session->fresh || es_contact_may_seal(contact))
        contact->renew = contact->gone_back = contact->unchecked = false;
    if (!session->renews)
        return;
    es_count(context->counters, ES_COUNT_SESSIONS_RENEWED);
    es_emit_event(context,
                  &(struct es_event){.kind = ES_EV_RENEWED, .contact = session->contact->number});
}

enum es_open_result es_sessions_open(struct es_chat *chat, struct es_context *context,
                                     const struct es_tag_entry *entry, struct es_slice envelope,
                                     struct es_live_session **ret, struct es_slice *ret_records)
{
    const struct es_tag_entry at = *entry; /* the table changes under the pointer */
    struct es_live_session *session = es_sessions_find(chat, at.owner);
    struct es_opened opened = {
        .payload = chat->scratch->plain,
        .gaps = chat->scratch->gaps,
        .gaps_cap = sizeof(chat->scratch->gaps) / sizeof(chat->scratch->gaps[0]),
    };
    enum es_open_result result;

    if (session == NULL)
        return ES_OPEN_BAD;
    if (at.kind == ES_TAG_GAP)
        result = es_gaps_open(chat, context, session, at.at, envelope, &opened);
    else
        result = open_expected(chat, context, session, &at, envelope, &opened);
    if (result != ES_OPEN_OK)
        return result;
    if (!session->ratchet.confirmed)
        es_sessions_confirmed(chat, context, session);
    session->ratchet = opened.after;
    session->ratchet.heard_age_ms = es_age_ms(chat, context);
    es_wipe(&opened.after, sizeof(opened.after));
    es_sessions_save(chat, context, session);
    *ret = session;
    *ret_records = opened.records;
    return ES_OPEN_OK;
}

/* --- Restoring and tidying -------------------------------------------------------------------- */

bool es_sessions_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_live_session decoded = {0};
    struct es_live_session *session;
    struct es_contact *contact;
    uint32_t number;

    if (!es_key_decode_number(row->key, &number) || !es_body_decode_session(row->body, &decoded) ||
        decoded.ratchet.number != number || number >= chat->self.next_session ||
        es_sessions_find(chat, number) != NULL)
        return false;
    contact = es_contact_find(chat, decoded.ratchet.contact);
    if (contact == NULL || contact->state == ES_CONTACT_REQUESTED ||
        contact->sessions[ES_SESSIONS_PER_CONTACT_MAX - 1] != NULL)
        return false;
    session = insert(chat, contact, &decoded.ratchet);
    if (session == NULL || !es_tags_add_session(chat->tags, &session->ratchet))
        return false;
    session->post_quantum = decoded.post_quantum;
    session->crossing = decoded.crossing;
    session->renews = decoded.renews;
    session->owes_ack = decoded.owes_ack;
    session->link_key = decoded.link_key;
    session->lost = decoded.lost;
    contact->unchecked = true;
    es_wipe(&decoded, sizeof(decoded));
    return true;
}

void es_sessions_tidy(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = chat->n_sessions; i-- > 0;) {
        struct es_live_session *session = chat->sessions[i];
        uint64_t idle_ms = es_age_since(chat, context, session->ratchet.heard_age_ms);
        uint64_t days = es_sessions_is_candidate(session) ? CANDIDATE_DAYS : REPLACED_DAYS;

        es_gaps_tidy(chat, context, session);
        if (session != es_sessions_sending(chat, session->contact) && idle_ms > days * ES_DAY_MS)
            es_sessions_remove(chat, context, session);
    }
}
