/* SPDX-License-Identifier: ISC */
/* presence.c - whose adverts are they? (docs/protocol.md, section 9). */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* A presence key is looked for this far ahead: its owner may have been away that many days. */
#define SEARCH_DAYS 30
/* Hashes a second that the search ahead may cost: 3 % of a core. */
#define SEARCH_TOKENS_PER_S 100000

/* --- Presence keys ---------------------------------------------------------------------------- */

void es_presence_record(const struct es_chat *chat, struct es_record *ret)
{
    const struct es_self *self = &chat->self;

    ret->kind = ES_RECORD_PRESENCE;
    ret->presence.generation = self->presence_generation;
    ret->presence.index = self->presence.index;
    ret->presence.key = self->presence.key;
    ret->presence.signer = es_sign_public_of(&self->presence_signer);
}

static bool is_signer(const struct es_contact *contact, const struct es_sign_public *signer)
{
    return memcmp(contact->presence_signer.bytes, signer->bytes, ES_KEY_BYTES) == 0;
}

/* All contacts of one person hold the same keys of theirs, so one could say that they are its own. */
static bool is_proved_by_other(const struct es_chat *chat, const struct es_contact *contact,
                               const struct es_sign_public *signer)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        const struct es_contact *other = chat->contacts[i];

        if (other != contact && other->has_presence && other->presence_proved &&
            is_signer(other, signer))
            return true;
    }
    return false;
}

void es_presence_learn(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       const struct es_presence_record *record)
{
    bool newer = !contact->has_presence || record->generation > contact->presence_generation ||
                 (record->generation == contact->presence_generation &&
                  record->index > contact->presence.index);
    bool same_signer = contact->has_presence && is_signer(contact, &record->signer);

    if (!newer)
        return;
    if (!same_signer && is_proved_by_other(chat, contact, &record->signer)) {
        es_count(context->counters, ES_COUNT_REJECTED_RECORD);
        return;
    }
    if (!same_signer) { /* what it signed with the key before says nothing about this one */
        contact->presence_proved = false;
        es_wipe(&contact->met, sizeof(contact->met));
    }
    contact->has_presence = true;
    contact->presence_generation = record->generation;
    contact->presence.index = record->index;
    contact->presence.key = record->key;
    contact->presence_signer = record->signer;
    contact->presence_wall_ms = context->wall_ms;
    es_contact_save(chat, context, contact);
    contact->sought = ES_SOUGHT;
    chat->search_owed = true;
}

void es_presence_forget(struct es_contact *contact)
{
    es_wipe(&contact->presence, sizeof(contact->presence));
    contact->has_presence = contact->presence_proved = false;
}

/* The signature of an advert covers its link key and the proof of a link does, too: whoever made both
 * has the signing key. Others who said that it is theirs are recognised by it no more. */
void es_presence_proved(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, const struct es_dh_public *link_key)
{
    if (!contact->has_presence || contact->presence_proved ||
        memcmp(contact->met.bytes, link_key->bytes, ES_KEY_BYTES) != 0)
        return;
    contact->presence_proved = true;
    es_contact_save(chat, context, contact);
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *other = chat->contacts[i];

        if (other == contact || !other->has_presence ||
            !is_signer(other, &contact->presence_signer))
            continue;
        es_count(context->counters, ES_COUNT_REJECTED_RECORD);
        es_presence_forget(other);
        es_contact_save(chat, context, other);
    }
}

/* The advert may be another contact's who gave the same key. */
void es_presence_doubted(struct es_chat *chat, struct es_contact *contact)
{
    if (!contact->presence_proved)
        chat->search_owed = chat->all_sought = true;
}

/* Recognised under the key `steps` after the oldest kept: the one before it is the oldest now. */
static void keep_from(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      uint32_t steps)
{
    if (steps < 2)
        return;
    for (uint32_t i = 0; i + 1 < steps; i++)
        es_presence_step(&contact->presence);
    contact->presence_wall_ms = context->wall_ms;
    es_contact_save(chat, context, contact);
}

/* Tries keys from..from+n-1 steps after the oldest kept. */
static bool try_keys(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                     uint32_t from, uint32_t n, uint16_t port, const struct es_advert *advert)
{
    struct es_presence_key key = contact->presence;
    bool found = false;

    for (uint32_t i = 0; i < from; i++)
        es_presence_step(&key);
    for (uint32_t i = from; i < from + n && !found; i++) {
        if (es_beacon_matches(&key.key, port, advert)) {
            found = es_beacon_verify(&key.key, &contact->presence_signer, port, advert);
            if (found)
                keep_from(chat, context, contact, i);
            else
                es_count(context->counters, ES_COUNT_REJECTED_BEACON);
        }
        es_presence_step(&key);
    }
    es_wipe(&key, sizeof(key));
    return found;
}

/* Of two that gave the same key the one is believed that proved it, or else that fewer links refuted:
 * they take turns until one of them proves it or both are asked for a new session. */
#define RANKS (1 + ES_UNPROVED_MAX + 1)

static unsigned rank_of(const struct es_contact *contact)
{
    return contact->presence_proved ? 0 : 1 + contact->unproved;
}

/* Adverts that are known already were compared with every key but the new ones. */
static bool may_be_met(const struct es_chat *chat, const struct es_contact *contact,
                       const struct es_advert *advert)
{
    if (contact->state != ES_CONTACT_ACCEPTED || !contact->has_presence)
        return false;
    return chat->searching == ES_SEARCH_ALL || contact->sought != ES_SOUGHT_NOT ||
           memcmp(contact->met.bytes, advert->link_key.bytes, ES_KEY_BYTES) == 0;
}

/* Keys around the expectation: one step for each day since the oldest kept was current. */
static uint32_t expected_steps(const struct es_contact *contact, uint64_t wall_ms)
{
    uint64_t days =
        wall_ms > contact->presence_wall_ms ? (wall_ms - contact->presence_wall_ms) / ES_DAY_MS : 0;

    return days > SEARCH_DAYS ? SEARCH_DAYS : (uint32_t)days;
}

static void refill_search(struct es_chat *chat, const struct es_context *context)
{
    uint64_t passed_ms = context->now_ms - chat->search_ms;

    chat->search_ms = context->now_ms;
    chat->search_tokens += passed_ms * SEARCH_TOKENS_PER_S / 1000;
    if (chat->search_tokens > SEARCH_TOKENS_PER_S)
        chat->search_tokens = SEARCH_TOKENS_PER_S;
}

static struct es_contact *recognise_near(struct es_chat *chat, struct es_context *context,
                                         unsigned rank, uint16_t port,
                                         const struct es_advert *advert)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];
        uint32_t steps = expected_steps(contact, context->wall_ms);

        if (rank_of(contact) == rank && may_be_met(chat, contact, advert) &&
            try_keys(chat, context, contact, steps > 0 ? steps - 1 : 0, 3, port, advert))
            return contact;
    }
    return NULL;
}

static struct es_contact *recognise_far(struct es_chat *chat, struct es_context *context,
                                        uint16_t port, const struct es_advert *advert)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (contact->present || !may_be_met(chat, contact, advert))
            continue;
        if (chat->search_tokens < 2 * SEARCH_DAYS) {
            chat->search_owed = chat->all_sought = true;
            break;
        }
        chat->search_tokens -= 2 * SEARCH_DAYS;
        if (try_keys(chat, context, contact, 0, SEARCH_DAYS + 2, port, advert))
            return contact;
    }
    return NULL;
}

uint32_t es_presence_recognise(struct es_chat *chat, struct es_context *context, uint16_t port,
                               const struct es_advert *advert)
{
    struct es_contact *found = NULL;

    for (unsigned rank = 0; rank < RANKS && found == NULL; rank++)
        found = recognise_near(chat, context, rank, port, advert);
    if (found == NULL && chat->searching != ES_SEARCH_NEAR) {
        refill_search(chat, context);
        found = recognise_far(chat, context, port, advert);
    }
    if (found == NULL)
        return 0;
    found->met = advert->link_key;
    if (found->sought == ES_SOUGHT)
        found->sought = ES_SOUGHT_FOUND;
    return found->number;
}

/* Gives up those that were found, and who are no contacts yet are looked for later. */
static bool end_search(struct es_chat *chat, enum es_sought least)
{
    bool any = false;

    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (contact->state != ES_CONTACT_ACCEPTED)
            continue;
        if (contact->sought <= least)
            contact->sought = ES_SOUGHT_NOT;
        any = any || contact->sought != ES_SOUGHT_NOT;
    }
    return any;
}

static void search(struct es_chat *chat, struct es_context *context, enum es_search how)
{
    chat->searching = how;
    es_mesh_recognise_again(chat->mesh, context);
    chat->searching = ES_SEARCH_ALL;
}

/* Far keys are tried only of those whose adverts are not found under the near ones. */
void es_presence_search(struct es_chat *chat, struct es_context *context)
{
    bool all = chat->all_sought;

    if (!chat->search_owed)
        return;
    chat->search_owed = chat->all_sought = false;
    if (all) {
        search(chat, context, ES_SEARCH_ALL);
    } else {
        search(chat, context, ES_SEARCH_NEAR);
        if (end_search(chat, ES_SOUGHT_FOUND))
            search(chat, context, ES_SEARCH_FAR);
    }
    end_search(chat, ES_SOUGHT);
}

void es_presence_sign(const struct es_chat *chat, uint16_t port, struct es_advert *io_advert)
{
    const struct es_self *self = &chat->self;

    es_beacon_make(&self->presence, &self->presence_signer, port, io_advert);
    io_advert->visible = self->visible_until_wall_ms != 0 || ES_MUTANT(NAME_IN_ADVERT);
    if (!io_advert->visible)
        return;
    io_advert->introduction = es_dh_public_of(&self->introduction);
    memcpy(io_advert->name, self->name, sizeof(io_advert->name));
}
