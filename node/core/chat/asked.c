/* SPDX-License-Identifier: ISC */
/* asked.c - requests of others: opened by trial, refused when seen before, kept for the person or
 * accepted at once (docs/protocol.md, sections 6.1 and 6.2). */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/crypto/kdf.h"

#define TRIAL_MS (ES_MINUTE_MS / ES_TRIALS_PER_MINUTE)

/* --- Replays ---------------------------------------------------------------------------------- */

static struct es_id seen_digest(const struct es_request_opened *opened)
{
    const struct es_slice parts[] = {ES_SLICE_OF(opened->from.address.bytes),
                                     ES_SLICE_OF(opened->e.bytes)};

    return es_hash(parts, 2);
}

static bool seen_before(const struct es_chat *chat, const struct es_contact *contact,
                        const struct es_request_opened *opened)
{
    struct es_id digest = seen_digest(opened);

    for (size_t i = 0; contact != NULL && i < ES_SEEN_PER_CONTACT; i++)
        if (memcmp(contact->seen[i].bytes, opened->e.bytes, ES_KEY_BYTES) == 0)
            return true;
    for (size_t i = 0; i < chat->n_seen; i++)
        if (memcmp(chat->seen[i].bytes, digest.bytes, sizeof(digest.bytes)) == 0)
            return true;
    return false;
}

/* Puts a digest into the ring; the one that gives way goes to *ret_old. True when one did. */
static bool push_seen(struct es_chat *chat, const struct es_id *digest, struct es_id *ret_old)
{
    bool full = chat->n_seen == ES_SEEN_REQUESTS_MAX;

    if (chat->seen == NULL)
        chat->seen = chat->env->arena.chunk(chat->env->arena.ctx,
                                            ES_SEEN_REQUESTS_MAX * sizeof(chat->seen[0]));
    if (chat->seen == NULL)
        return false;
    if (full)
        *ret_old = chat->seen[chat->seen_at];
    else
        chat->n_seen++;
    chat->seen[chat->seen_at] = *digest;
    chat->seen_at = (chat->seen_at + 1) % ES_SEEN_REQUESTS_MAX;
    return full;
}

static void remember_stranger(struct es_chat *chat, struct es_context *context,
                              const struct es_request_opened *opened)
{
    struct es_id digest = seen_digest(opened), old;
    struct es_row_key key = es_key_digest(&digest);

    if (push_seen(chat, &digest, &old)) {
        struct es_row_key old_key = es_key_digest(&old);

        es_emit_erase(context, ES_ROW_SEEN, es_row_key_slice(&old_key));
    }
    es_emit_row(context, ES_ROW_SEEN, es_row_key_slice(&key), es_slice(NULL, 0));
}

static void remember_for_contact(struct es_contact *contact, const struct es_dh_public *e)
{
    memmove(&contact->seen[1], &contact->seen[0],
            (ES_SEEN_PER_CONTACT - 1) * sizeof(contact->seen[0]));
    contact->seen[0] = *e;
}

bool es_asked_restore_seen(struct es_chat *chat, const struct es_row *row)
{
    struct es_id digest, old;

    if (row->key.len != sizeof(digest.bytes))
        return false;
    memcpy(digest.bytes, row->key.ptr, sizeof(digest.bytes));
    push_seen(chat, &digest, &old);
    return true;
}

/* --- Waiting requests ------------------------------------------------------------------------- */

static struct es_asked *find(const struct es_chat *chat, const struct es_sign_public *address)
{
    for (struct es_asked *asked = chat->asked; asked != NULL; asked = asked->next)
        if (memcmp(asked->from.address.bytes, address->bytes, ES_KEY_BYTES) == 0)
            return asked;
    return NULL;
}

static struct es_asked *append(struct es_chat *chat)
{
    struct es_asked **link = &chat->asked;
    struct es_asked *asked;

    if (chat->n_asked == ES_REQUESTS_MAX)
        return NULL;
    asked = es_pool_get(&chat->asked_pool);
    if (asked == NULL)
        return NULL;
    while (*link != NULL)
        link = &(*link)->next;
    *link = asked;
    chat->n_asked++;
    return asked;
}

void es_asked_remove(struct es_chat *chat, struct es_context *context, struct es_asked *asked)
{
    struct es_row_key key = es_key_address(&asked->from.address);
    struct es_asked **link = &chat->asked;

    es_emit_erase(context, ES_ROW_REQUEST_IN, es_row_key_slice(&key));
    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
    chat->n_asked--;
    es_pool_put(&chat->asked_pool, asked);
}

bool es_asked_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_asked decoded = {0};
    struct es_asked *asked;

    if (!es_body_decode_asked(row->body, &decoded))
        return false;
    asked = append(chat);
    if (asked != NULL)
        *asked = decoded;
    es_wipe(&decoded, sizeof(decoded));
    return asked != NULL;
}

static void fill(struct es_asked *asked, const struct es_addressee *addressee,
                 const struct es_request_opened *opened, uint64_t wall_ms)
{
    asked->from = opened->from;
    es_name_set(asked->name, opened->request.name);
    memcpy(asked->greeting, opened->request.greeting.ptr, opened->request.greeting.len);
    asked->greeting[opened->request.greeting.len] = '\0';
    asked->received_wall_ms = wall_ms;
    asked->addressee = *addressee;
    asked->one_time = opened->one_time;
    asked->gs = opened->gs;
    asked->th1 = opened->th1;
}

/* Somebody else claims the name of a contact: never a reason to believe it. */
static void warn_of_names(struct es_chat *chat, struct es_context *context,
                          const struct es_asked *asked)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        const struct es_contact *contact = chat->contacts[i];

        if (asked->name[0] != '\0' && contact->state == ES_CONTACT_ACCEPTED &&
            (strcmp(contact->claimed_name, asked->name) == 0 ||
             strcmp(contact->petname, asked->name) == 0))
            es_emit_event(
                context, &(struct es_event){.kind = ES_EV_KEY_CHANGED, .contact = contact->number});
    }
}

static void keep(struct es_chat *chat, struct es_context *context,
                 const struct es_addressee *addressee, const struct es_request_opened *opened)
{
    uint8_t body[1024];
    struct es_row_key key = es_key_address(&opened->from.address);
    struct es_asked *asked = find(chat, &opened->from.address);
    bool again = asked != NULL;

    if (!again)
        asked = append(chat);
    if (asked == NULL) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_FULL);
        return;
    }
    remember_stranger(chat, context, opened);
    fill(asked, addressee, opened, context->wall_ms);
    es_emit_row(context, ES_ROW_REQUEST_IN, es_row_key_slice(&key),
                es_slice(body, es_body_asked(asked, body, sizeof(body))));
    es_wipe(body, sizeof(body));
    if (again)
        return;
    warn_of_names(chat, context, asked);
    es_emit_event(context, &(struct es_event){.kind = ES_EV_REQUEST,
                                              .text = ES_SLICE_OF(asked->from.address.bytes)});
}

/* --- Accepting -------------------------------------------------------------------------------- */

/* Makes a candidate session with somebody who has asked. */
static bool make_session(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact, const struct es_asked *asked, bool by_invite)
{
    struct es_session made = {0};
    struct es_key link_key;
    bool ok;

    if (!es_accept(&chat->self.identity, &asked->addressee, &asked->from, &asked->one_time,
                   &asked->gs, &asked->th1, context->entropy, &made, &link_key))
        return false;
    contact->link_key_before = contact->link_key;
    contact->link_key = link_key;
    contact->link_key_known = false;
    contact->link_key_wall_ms = context->wall_ms;
    ok = es_sessions_add(chat, context, contact, &made, by_invite, contact->pending[0] != NULL) !=
         NULL;
    es_wipe(&made, sizeof(made));
    es_wipe(&link_key, sizeof(link_key));
    return ok;
}

static enum es_err accept_as(struct es_chat *chat, struct es_context *context,
                             struct es_contact *contact, const struct es_asked *asked,
                             bool by_invite)
{
    contact->has_address = true;
    contact->key = asked->from;
    memcpy(contact->claimed_name, asked->name, sizeof(contact->claimed_name));
    if (!make_session(chat, context, contact, asked, by_invite))
        return ES_E_MEMORY;
    es_contact_accepted(chat, context, contact);
    return ES_OK;
}

enum es_err es_asked_accept(struct es_chat *chat, struct es_context *context,
                            struct es_asked *asked, struct es_slice petname,
                            struct es_contact **ret)
{
    struct es_contact *contact = es_contact_by_address(chat, &asked->from.address);
    bool fresh = contact == NULL;
    enum es_err err = ES_OK;

    if (fresh)
        contact = es_contact_make(chat, context);
    if (contact == NULL)
        return ES_E_CONTACTS_FULL;
    contact->has_address = true;
    contact->key = asked->from;
    if (fresh || petname.len > 0)
        err = es_contact_name(chat, contact, petname, es_slice(asked->name, strlen(asked->name)));
    if (err == ES_OK)
        err = accept_as(chat, context, contact, asked, false);
    if (err != ES_OK) {
        if (fresh)
            es_contact_erase(chat, context, contact);
        return err;
    }
    es_asked_remove(chat, context, asked);
    *ret = contact;
    return ES_OK;
}

/* --- What a trial opened ---------------------------------------------------------------------- */

static void refuse_invite(struct es_chat *chat, struct es_context *context, uint32_t link,
                          const struct es_request_opened *opened,
                          const struct es_open_invite *invite)
{
    enum es_refusal reason = invite->uses == 0 ? ES_REFUSAL_INVITE_USED : ES_REFUSAL_INVITE_EXPIRED;

    es_refusal_seal(&opened->gs, reason, es_seal_expiry(chat, context), context->entropy,
                    chat->envelope);
    es_mesh_offer(chat->mesh, context, link, es_slice(chat->envelope, ES_ENVELOPE_BYTES_MIN));
}

static void accept_at_once(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact, const struct es_addressee *addressee,
                           const struct es_request_opened *opened, struct es_open_invite *invite)
{
    struct es_asked asked = {0};
    struct es_asked *waiting = find(chat, &opened->from.address);
    bool fresh = contact == NULL;

    fill(&asked, addressee, opened, context->wall_ms);
    if (fresh) {
        contact = es_contact_make(chat, context);
        if (contact == NULL) {
            es_count(context->counters, ES_COUNT_REJECTED_REQUEST_FULL);
            return;
        }
        contact->has_address = true;
        contact->key = asked.from;
        if (es_contact_name(chat, contact, es_slice(NULL, 0), opened->request.name) != ES_OK) {
            es_contact_erase(chat, context, contact);
            return;
        }
    }
    remember_for_contact(contact, &opened->e);
    remember_stranger(chat, context, opened); /* the contact may be forgotten, and asks often */
    if (contact->state == ES_CONTACT_ACCEPTED && contact->verified_by != ES_VERIFIED_NOT)
        contact->renewed_since = true;
    if (contact->state == ES_CONTACT_ACCEPTED)
        es_count(context->counters, ES_COUNT_SESSIONS_RENEWED);
    if (accept_as(chat, context, contact, &asked, invite != NULL) == ES_OK && invite != NULL) {
        invite->uses--;
        es_invites_save(context, invite);
    }
    if (waiting != NULL)
        es_asked_remove(chat, context, waiting);
    es_wipe(&asked, sizeof(asked));
}

static void take_request(struct es_chat *chat, struct es_context *context, uint32_t link,
                         const struct es_addressee *addressee,
                         const struct es_request_opened *opened, struct es_open_invite *invite)
{
    struct es_contact *contact = es_contact_by_address(chat, &opened->from.address);

    es_count(context->counters, ES_COUNT_REQUESTS_OPENED);
    if (seen_before(chat, contact, opened)) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_SEEN);
    } else if (es_contact_is_twin(chat, &opened->from.address) ||
               memcmp(opened->from.address.bytes, chat->self.identity.address.bytes,
                      ES_KEY_BYTES) == 0) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_TWIN);
    } else if (contact != NULL && contact->state == ES_CONTACT_BLOCKED) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_BLOCKED);
    } else if (contact != NULL) {
        accept_at_once(chat, context, contact, addressee, opened, NULL);
    } else if (invite == NULL) {
        keep(chat, context, addressee, opened);
    } else if (invite->uses > 0 && invite->expires_wall_ms > context->wall_ms) {
        accept_at_once(chat, context, NULL, addressee, opened, invite);
    } else {
        remember_stranger(chat, context, opened);
        refuse_invite(chat, context, link, opened, invite);
    }
}

/* --- Trials ----------------------------------------------------------------------------------- */

/* Opens with one of our keys and every invite's secret. */
static bool try_key(struct es_chat *chat, struct es_context *context, uint32_t link,
                    const struct es_addressee *addressee, struct es_slice envelope)
{
    struct es_open_invite *invites[ES_INVITES_MAX];
    struct es_key psks[1 + ES_INVITES_MAX] = {{{0}}};
    struct es_request_opened opened = {0};
    size_t n = 0;
    bool ok;

    for (size_t i = 0; i < ES_INVITES_MAX; i++)
        if (chat->invites[i].number != 0) {
            invites[n] = &chat->invites[i];
            psks[++n] = chat->invites[i].secret;
        }
    ok = es_request_open(addressee, psks, n + 1, envelope, &opened);
    if (ok)
        take_request(chat, context, link, addressee, &opened,
                     opened.psk == 0 ? NULL : invites[opened.psk - 1]);
    es_wipe(psks, sizeof(psks));
    es_wipe(&opened, sizeof(opened));
    return ok;
}

static void try_envelope(struct es_chat *chat, struct es_context *context, uint32_t link,
                         struct es_slice envelope)
{
    struct es_addressee addressee = {.secret = chat->self.identity.secret};
    bool opened;

    memcpy(addressee.name, chat->self.identity.address.bytes, ES_KEY_BYTES);
    opened = try_key(chat, context, link, &addressee, envelope);
    if (!opened && chat->self.visible_until_wall_ms != 0) {
        struct es_dh_public introduction = es_dh_public_of(&chat->self.introduction);

        addressee.secret = chat->self.introduction;
        memcpy(addressee.name, introduction.bytes, ES_KEY_BYTES);
        opened = try_key(chat, context, link, &addressee, envelope);
    }
    if (!opened)
        es_count(context->counters, ES_COUNT_ENVELOPES_FOREIGN);
    es_wipe(&addressee, sizeof(addressee));
}

/* trial_tokens_ms: the time up to which the minute's trials are spent. */
static bool may_try(const struct es_chat *chat, const struct es_context *context)
{
    return chat->trial_tokens_ms <= context->now_ms;
}

static void spend_trial(struct es_chat *chat, const struct es_context *context)
{
    uint64_t earliest_ms = context->now_ms > ES_MINUTE_MS ? context->now_ms - ES_MINUTE_MS : 0;

    if (chat->trial_tokens_ms < earliest_ms)
        chat->trial_tokens_ms = earliest_ms;
    chat->trial_tokens_ms += TRIAL_MS;
}

static size_t waiting_of_link(const struct es_chat *chat, uint32_t link)
{
    size_t n = 0;

    for (size_t i = 0; i < chat->n_trials; i++)
        n += chat->trials[(chat->trials_at + i) % ES_TRIALS_MAX].link == link;
    return n;
}

static void queue(struct es_chat *chat, struct es_context *context, uint32_t link,
                  struct es_slice envelope)
{
    struct es_trial *trial;

    if (chat->trials == NULL)
        chat->trials =
            chat->env->arena.chunk(chat->env->arena.ctx, ES_TRIALS_MAX * sizeof(chat->trials[0]));
    if (chat->trials == NULL || chat->n_trials == ES_TRIALS_MAX ||
        waiting_of_link(chat, link) >= ES_TRIALS_PER_LINK_MAX) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_QUEUE);
        return;
    }
    trial = &chat->trials[(chat->trials_at + chat->n_trials++) % ES_TRIALS_MAX];
    trial->link = link;
    memcpy(trial->envelope, envelope.ptr, sizeof(trial->envelope));
}

void es_asked_try(struct es_chat *chat, struct es_context *context, uint32_t link,
                  struct es_slice envelope)
{
    if (!es_work_valid(envelope.ptr, chat->settings->work_bits)) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_WORK);
    } else if (chat->n_trials == 0 && may_try(chat, context)) {
        spend_trial(chat, context);
        try_envelope(chat, context, link, envelope);
    } else {
        queue(chat, context, link, envelope);
    }
}

/* Links take turns: the next trial is of another link than the last one, if there is one. */
static void bring_other_link_forward(struct es_chat *chat, uint32_t link)
{
    for (size_t i = 0; i < chat->n_trials; i++) {
        struct es_trial *first = &chat->trials[chat->trials_at];
        struct es_trial *other = &chat->trials[(chat->trials_at + i) % ES_TRIALS_MAX];

        if (other->link != link) {
            struct es_trial swap = *first;

            *first = *other;
            *other = swap;
            return;
        }
    }
}

void es_asked_timer(struct es_chat *chat, struct es_context *context)
{
    while (chat->n_trials > 0 && may_try(chat, context)) {
        const struct es_trial trial = chat->trials[chat->trials_at];

        chat->trials_at = (chat->trials_at + 1) % ES_TRIALS_MAX;
        chat->n_trials--;
        spend_trial(chat, context);
        bring_other_link_forward(chat, trial.link);
        try_envelope(chat, context, trial.link, ES_SLICE_OF(trial.envelope));
    }
}

uint64_t es_asked_wake_at(const struct es_chat *chat)
{
    return chat->n_trials > 0 ? chat->trial_tokens_ms : UINT64_MAX;
}
