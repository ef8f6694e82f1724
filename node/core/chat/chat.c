/* SPDX-License-Identifier: ISC */
/* chat.c - the chat layer as a whole: made, restored, started, stepped. */
#include "node/core/chat/chat.h"

#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/e2ee/proof.h"

/* No ACK for so long although something waits: ask for a new session. */
#define SILENT_DAYS 7
/* Dummies that look like requests: mean time between two. */
#define DUMMY_MS (6 * ES_HOUR_MS)
/* Envelopes of owed records that wait for one contact: beside the messages, which have a limit. */
#define CONTROLS_PER_CONTACT 16

size_t es_chat_scratch_bytes(void)
{
    return sizeof(struct es_scratch);
}

struct es_chat *es_chat_new(const struct es_env *env, const struct es_settings *settings,
                            struct es_batches *batches)
{
    const struct es_arena *arena = &env->arena;
    struct es_chat *chat = arena->chunk(arena->ctx, sizeof(*chat));

    if (chat == NULL)
        return NULL;
    chat->env = env;
    chat->settings = settings;
    chat->batches = batches;
    chat->scratch = env->scratch;
    if (chat->scratch == NULL)
        chat->scratch = arena->chunk(arena->ctx, sizeof(*chat->scratch));
    if (chat->scratch == NULL)
        return NULL;
    chat->tags = es_tags_new(arena);
    if (chat->tags == NULL)
        return NULL;
    es_pool_init(&chat->contact_pool, arena, sizeof(struct es_contact), settings->contacts_max);
    es_pool_init(&chat->session_pool, arena, sizeof(struct es_live_session),
                 (size_t)settings->contacts_max * ES_SESSIONS_PER_CONTACT_MAX);
    es_pool_init(&chat->missing_pool, arena, sizeof(struct es_missing), ES_GAPS_MAX);
    es_pool_init(&chat->pending_pool, arena, sizeof(struct es_pending),
                 (size_t)settings->contacts_max * ES_PENDING_PER_CONTACT_MAX);
    es_pool_init(&chat->outgoing_pool, arena, sizeof(struct es_outgoing),
                 ES_OUTBOX_MAX + (size_t)settings->contacts_max * CONTROLS_PER_CONTACT);
    es_pool_init(&chat->asking_pool, arena, sizeof(struct es_asking), settings->contacts_max + 1);
    es_pool_init(&chat->asked_pool, arena, sizeof(struct es_asked), ES_REQUESTS_MAX);
    es_pool_init(&chat->held_pool, arena, sizeof(struct es_held), ES_OUTBOX_MAX);
    return chat;
}

void es_chat_done(struct es_chat *chat)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        for (size_t k = 0; k < ES_PENDING_PER_CONTACT_MAX; k++)
            if (contact->pending[k] != NULL)
                es_wipe(contact->pending[k], sizeof(*contact->pending[k]));
        es_wipe(contact, sizeof(*contact));
    }
    for (size_t i = 0; i < chat->n_sessions; i++)
        es_wipe(chat->sessions[i], sizeof(*chat->sessions[i]));
    for (struct es_asked *asked = chat->asked, *next; asked != NULL; asked = next) {
        next = asked->next;
        es_wipe(asked, sizeof(*asked));
    }
    es_identity_done(&chat->self.identity);
    es_wipe(chat->scratch, sizeof(*chat->scratch));
    es_wipe(chat, sizeof(*chat));
}

void es_chat_attach(struct es_chat *chat, struct es_mesh *mesh)
{
    chat->mesh = mesh;
}

/* --- Restoring -------------------------------------------------------------------------------- */

static bool restore_contact(struct es_chat *chat, const struct es_row *row)
{
    struct es_contact *contact;
    uint32_t number;

    if (!es_key_decode_number(row->key, &number) || number == 0 ||
        number >= chat->self.next_contact)
        return false;
    contact = es_contact_insert(chat, number);
    return contact != NULL && es_body_decode_contact(row->body, contact);
}

bool es_chat_restore(struct es_chat *chat, const struct es_row *row)
{
    if (row->kind != ES_ROW_SELF && !chat->self.has_identity)
        return false;
    switch (row->kind) {
    case ES_ROW_SELF:
        return !chat->self.has_identity && es_body_decode_self(row->body, &chat->self);
    case ES_ROW_CONTACT:
        return restore_contact(chat, row);
    case ES_ROW_SESSION:
        return es_sessions_restore(chat, row);
    case ES_ROW_GAP:
        return es_gaps_restore(chat, row);
    case ES_ROW_OUTBOX:
        return es_outbox_restore(chat, row);
    case ES_ROW_HELD:
        return es_inbox_restore_held(chat, row);
    case ES_ROW_REQUEST_IN:
        return es_asked_restore(chat, row);
    case ES_ROW_REQUEST_OUT:
        return es_ask_restore(chat, row);
    case ES_ROW_INVITE:
        return es_invites_restore(chat, row);
    case ES_ROW_SEEN:
        return es_seen_restore(chat, row);
    case ES_ROW_PENDING:
        return es_ask_restore_pending(chat, row);
    case ES_ROW_MESSAGE:
    case ES_ROW_KIND_END:
        break;
    }
    return false;
}

static void plan_dummy(struct es_chat *chat, struct es_context *context)
{
    chat->dummy_at_ms = context->now_ms + 1 + es_random_below(context, 2 * DUMMY_MS);
}

void es_chat_start(struct es_chat *chat, struct es_context *context)
{
    chat->search_ms = context->now_ms;
    chat->tidy_at_ms = context->now_ms;
    chat->meet_by_ms = UINT64_MAX;
    if (chat->self.has_identity)
        es_self_start(chat, context);
    chat->first_pending = chat->self.next_pending;
    chat->started = true;
    plan_dummy(chat, context);
}

bool es_chat_has_identity(const struct es_chat *chat)
{
    return chat->self.has_identity;
}

bool es_chat_read_failed(const struct es_chat *chat)
{
    return chat->read_failed;
}

const struct es_key *es_chat_lasting_secret(const struct es_chat *chat)
{
    return &chat->self.lasting_secret;
}

/* --- Time ------------------------------------------------------------------------------------- */

/* Something waits and nothing was acknowledged for days, or there is no session at all. */
static void renew_silent(const struct es_chat *chat, const struct es_context *context,
                         struct es_contact *contact)
{
    if (contact->sessions[0] == NULL) {
        contact->renew = true;
    } else if (contact->n_sealed == 0 || contact->acked_age_ms == 0) {
        contact->acked_age_ms = es_age_ms(chat, context);
    } else if (es_age_since(chat, context, contact->acked_age_ms) > SILENT_DAYS * ES_DAY_MS) {
        contact->renew = true;
    }
}

/* An envelope that looks like a request and is for nobody, so that a request does not stand out. */
static void send_dummy(struct es_chat *chat, struct es_context *context)
{
    struct es_asking *asking;

    plan_dummy(chat, context);
    asking = es_pool_get(&chat->asking_pool);
    if (asking == NULL)
        return;
    asking->next = chat->asking;
    chat->asking = asking;
    asking->made_age_ms = es_age_ms(chat, context);
    es_proof_random(es_seal_expiry(chat, context), context->entropy, asking->envelope);
}

static void tidy(struct es_chat *chat, struct es_context *context)
{
    chat->tidy_at_ms = context->now_ms + ES_HOUR_MS;
    es_self_save(chat, context);
    es_sessions_tidy(chat, context);
    es_invites_tidy(chat, context);
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        es_ask_tidy(chat, context, contact);
        es_inbox_tidy(chat, context, contact);
        if (contact->state != ES_CONTACT_ACCEPTED)
            continue;
        renew_silent(chat, context, contact);
        if (contact->sessions[0] != NULL)
            es_proofs_tidy(chat, context, contact);
    }
}

/* Whose proof does not come although there are links, may be one of the strangers: a new session needs
 * none. */
static bool is_unmet(const struct es_chat *chat, const struct es_context *context,
                     const struct es_contact *contact)
{
    return chat->meet_by_ms <= context->now_ms && es_contact_waits_unchecked(contact);
}

static void renew_due(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (contact->state == ES_CONTACT_ACCEPTED &&
            (contact->renew || contact->unproved >= ES_UNPROVED_MAX ||
             is_unmet(chat, context, contact)))
            es_ask_renewal(chat, context, contact);
    }
}

void es_chat_timer(struct es_chat *chat, struct es_context *context)
{
    if (!chat->started || !chat->self.has_identity)
        return;
    chat->more = false;
    es_self_timer(chat, context);
    es_ask_timer(chat, context);
    es_trials_timer(chat, context);
    es_outbox_timer(chat, context);
    es_inbox_timer(chat, context);
    if (chat->tidy_at_ms <= context->now_ms)
        tidy(chat, context);
    if (chat->dummy_at_ms <= context->now_ms)
        send_dummy(chat, context);
    es_presence_search(chat, context);
}

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

uint64_t es_chat_wake_at(const struct es_chat *chat, uint64_t now_ms)
{
    uint64_t at_ms;

    if (!chat->started || !chat->self.has_identity)
        return UINT64_MAX;
    if (chat->more)
        return now_ms;
    at_ms = earlier(chat->self.presence_step_ms, earlier(chat->tidy_at_ms, chat->dummy_at_ms));
    at_ms = earlier(at_ms, es_self_visible_until(chat));
    if (chat->meet_by_ms > now_ms)
        at_ms = earlier(at_ms, chat->meet_by_ms);
    if (chat->search_owed)
        at_ms = earlier(at_ms, chat->search_ms + 1000);
    at_ms = earlier(at_ms, es_ask_wake_at(chat));
    at_ms = earlier(at_ms, es_trials_wake_at(chat));
    return earlier(at_ms, es_outbox_wake_at(chat));
}

void es_chat_settle(struct es_chat *chat, struct es_context *context)
{
    if (!chat->started || !chat->self.has_identity)
        return;
    renew_due(chat, context);
    es_seal_due(chat, context);
}
