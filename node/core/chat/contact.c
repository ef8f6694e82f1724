/* SPDX-License-Identifier: ISC */
/* contact.c - the table of people. */
#include <assert.h>
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/wire/utf8.h"
#include "node/core/mutant.h"

struct es_contact *es_contact_find(const struct es_chat *chat, uint32_t number)
{
    size_t low = 0, high = chat->n_contacts;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (chat->contacts[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < chat->n_contacts && chat->contacts[low]->number == number)
        return chat->contacts[low];
    return NULL;
}

struct es_contact *es_contact_by_address(const struct es_chat *chat,
                                         const struct es_sign_public *address)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (contact->has_address &&
            memcmp(contact->key.address.bytes, address->bytes, ES_KEY_BYTES) == 0)
            return contact;
    }
    return NULL;
}

/* Of an address, when nothing else is known to call somebody by. */
#define ADDRESS_NAME_CHARS 8

static bool is_other_twin(const struct es_sign_public *known, const struct es_sign_public *address)
{
    return memcmp(known->bytes, address->bytes, ES_KEY_BYTES) != 0 &&
           es_address_twin(known, address);
}

bool es_contact_is_twin(const struct es_chat *chat, const struct es_sign_public *address)
{
    if (is_other_twin(&chat->self.identity.address, address))
        return true;
    for (size_t i = 0; i < chat->n_contacts; i++)
        if (chat->contacts[i]->has_address &&
            is_other_twin(&chat->contacts[i]->key.address, address))
            return true;
    return false;
}

struct es_contact *es_contact_insert(struct es_chat *chat, uint32_t number)
{
    struct es_contact *contact;

    if (chat->n_contacts == chat->settings->contacts_max)
        return NULL;
    if (chat->n_contacts > 0 && chat->contacts[chat->n_contacts - 1]->number >= number)
        return NULL;
    contact = es_pool_get(&chat->contact_pool);
    if (contact == NULL)
        return NULL;
    contact->number = number;
    contact->answer_at_ms = UINT64_MAX;
    chat->contacts[chat->n_contacts++] = contact;
    return contact;
}

struct es_contact *es_contact_make(struct es_chat *chat, struct es_context *context)
{
    struct es_contact *contact = es_contact_insert(chat, chat->self.next_contact);

    if (contact == NULL)
        return NULL;
    chat->self.next_contact++;
    es_self_save(chat, context);
    contact->state = contact->state_before = ES_CONTACT_REQUESTED;
    es_random(context, &contact->incarnation, sizeof(contact->incarnation));
    contact->next_sequence = 1;
    return contact;
}

void es_contact_save(struct es_chat *chat, struct es_context *context,
                     const struct es_contact *contact)
{
    uint8_t body[1536];
    struct es_row_key key = es_key_number(contact->number);
    size_t len = es_body_contact(contact, body, sizeof(body));

    (void)chat;
    es_emit_row(context, ES_ROW_CONTACT, es_row_key_slice(&key), es_slice(body, len));
    es_wipe(body, sizeof(body));
}

void es_contact_drop_secrets(struct es_chat *chat, struct es_context *context,
                             struct es_contact *contact)
{
    es_ask_drop(chat, context, contact);
    while (contact->sessions[0] != NULL)
        es_sessions_remove(chat, context, contact->sessions[0]);
    es_wipe(&contact->proved_by, sizeof(contact->proved_by));
    es_presence_forget(contact);
    contact->gone_back = contact->unchecked = contact->renew = false;
    es_mesh_drop_peer(chat->mesh, context, contact->number);
    contact->present = false;
}

void es_contact_erase(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    struct es_row_key key = es_key_number(contact->number);
    size_t at = 0;

    es_outbox_clear(chat, context, contact);
    es_contact_drop_secrets(chat, context, contact);
    es_inbox_clear(chat, context, contact);
    es_emit_erase(context, ES_ROW_CONTACT, es_row_key_slice(&key));
    es_emit_erase_prefix(context, ES_ROW_MESSAGE, es_row_key_slice(&key));
    while (chat->contacts[at] != contact)
        at++;
    chat->n_contacts--;
    memmove(&chat->contacts[at], &chat->contacts[at + 1],
            (chat->n_contacts - at) * sizeof(chat->contacts[0]));
    es_pool_put(&chat->contact_pool, contact);
}

/* --- Names ------------------------------------------------------------------------------------ */

bool es_name_valid(struct es_slice name)
{
    if (name.len == 0 || name.len > ES_NAME_BYTES_MAX || !es_utf8_shown(ES_TEXT_NAME, name))
        return false;
    if (memchr("#-@ ", name.ptr[0], 4) != NULL || name.ptr[name.len - 1] == ' ')
        return false;
    return !es_address_has_scheme(name);
}

void es_name_set(char ret[static ES_NAME_BYTES_MAX + 1], struct es_slice name)
{
    assert(name.len <= ES_NAME_BYTES_MAX);
    memset(ret, 0, ES_NAME_BYTES_MAX + 1);
    if (name.len > 0)
        memcpy(ret, name.ptr, name.len);
}

/* Neither another's petname nor the beginning of another's address: by both people are meant. */
static bool name_free(const struct es_chat *chat, const struct es_contact *contact,
                      struct es_slice name)
{
    for (size_t i = 0; i < chat->n_contacts; i++)
        if (chat->contacts[i] != contact && es_who_means(chat->contacts[i], name))
            return false;
    return true;
}

/* "Ada", "Ada 2", ... "Ada 999": the first that is free. False: none is. */
static bool number_name(const struct es_chat *chat, struct es_contact *contact,
                        struct es_slice base)
{
    uint8_t name[ES_NAME_BYTES_MAX];

    if (name_free(chat, contact, base)) {
        es_name_set(contact->petname, base);
        return true;
    }
    if (base.len + 4 > sizeof(name))
        return false;
    memcpy(name, base.ptr, base.len);
    name[base.len] = ' ';
    for (unsigned i = 2; i < 1000; i++) {
        size_t len = base.len + 1;

        if (i >= 100)
            name[len++] = (uint8_t)('0' + i / 100);
        if (i >= 10)
            name[len++] = (uint8_t)('0' + i / 10 % 10);
        name[len++] = (uint8_t)('0' + i % 10);
        if (name_free(chat, contact, es_slice(name, len))) {
            es_name_set(contact->petname, es_slice(name, len));
            return true;
        }
    }
    return false;
}

enum es_err es_contact_name(struct es_chat *chat, struct es_contact *contact, struct es_slice wish,
                            struct es_slice claimed)
{
    char address[ES_ADDRESS_CHARS + 1];

    if (wish.len > 0) {
        if (!es_name_valid(wish))
            return ES_E_NAME;
        if (!name_free(chat, contact, wish))
            return ES_E_NAME_TAKEN;
        es_name_set(contact->petname, wish);
        return ES_OK;
    }
    if (es_name_valid(claimed) && number_name(chat, contact, claimed))
        return ES_OK;
    es_address_format(&contact->key.address, address);
    if (number_name(chat, contact,
                    contact->has_address
                        ? es_slice(address + sizeof("earshot:") - 1, ADDRESS_NAME_CHARS)
                        : es_slice("somebody", 8)))
        return ES_OK;
    return ES_E_NAME_TAKEN;
}

void es_contact_adopt_name(struct es_chat *chat, struct es_contact *contact)
{
    char address[ES_ADDRESS_CHARS + 1];
    struct es_slice claimed = es_slice(contact->claimed_name, strlen(contact->claimed_name));

    es_address_format(&contact->key.address, address);
    if (strlen(contact->petname) == ADDRESS_NAME_CHARS && es_name_valid(claimed) &&
        memcmp(contact->petname, address + sizeof("earshot:") - 1, ADDRESS_NAME_CHARS) == 0)
        es_contact_name(chat, contact, es_slice(NULL, 0), claimed);
}

void es_contact_accepted(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact)
{
    bool first = contact->state != ES_CONTACT_ACCEPTED;

    contact->state = ES_CONTACT_ACCEPTED;
    es_outbox_owe(chat, context, contact, ES_OWED_PROFILE | ES_OWED_PRESENCE);
    es_contact_save(chat, context, contact);
    if (first)
        es_emit_event(context,
                      &(struct es_event){.kind = ES_EV_ACCEPTED, .contact = contact->number});
}

void es_contact_gone_back(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact)
{
    const struct es_live_session *sending = es_sessions_sending(chat, contact);

    if (contact->gone_back || ES_MUTANT(NEVER_GONE_BACK))
        return;
    contact->renew = true;
    if (sending != NULL && sending->fresh && sending->ratchet.confirmed)
        return; /* the peer seals in one that we left: ours is good */
    if (contact->unchecked)
        es_ask_forget_restored(chat, context, contact);
    contact->gone_back = true;
    /* Messages under the old incarnation would take ids that the peer has seen. */
    es_random(context, &contact->incarnation, sizeof(contact->incarnation));
    contact->next_sequence = 1;
}

bool es_contact_may_seal(const struct es_contact *contact)
{
    return !contact->gone_back && !contact->unchecked;
}

bool es_contact_waits_unchecked(const struct es_contact *contact)
{
    bool waits = contact->n_outbox > 0 || contact->owed != 0;

    if (!contact->unchecked || contact->gone_back)
        return false;
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++)
        waits |= contact->sessions[i]->owes_ack || contact->sessions[i]->owes_pong;
    return waits;
}
