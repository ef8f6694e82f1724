/* SPDX-License-Identifier: ISC */
/* commands.c - what people and scripts ask for, one function each. */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/wire/endpoint.h"
#include "node/wire/utf8.h"
#include "node/core/mutant.h"

#define FOR_MS_MAX (365 * ES_DAY_MS)

static const struct es_key no_psk = {{0}};

/* An answer under construction. */
struct answer {
    enum es_err err;
    uint32_t contact;
    struct es_message_id message;
    uint64_t order;
    struct es_slice text;
    uint64_t until_ms;
    bool later; /* comes with another event */
};

static struct answer refuse(enum es_err err)
{
    return (struct answer){.err = err};
}

static struct answer done(const struct es_contact *contact)
{
    return (struct answer){.contact = contact->number};
}

/* --- Self ------------------------------------------------------------------------------------- */

static struct answer cmd_init(struct es_chat *chat, struct es_context *context,
                              const struct es_command *command)
{
    if (chat->self.has_identity)
        return refuse(ES_E_IDENTITY);
    if (command->name.len > 0 && !es_name_valid(command->name))
        return refuse(ES_E_NAME);
    es_self_make(chat, context, command->name);
    return (struct answer){0};
}

static struct answer cmd_name(struct es_chat *chat, struct es_context *context,
                              const struct es_command *command)
{
    if (command->name.len > 0 && !es_name_valid(command->name))
        return refuse(ES_E_NAME);
    es_name_set(chat->self.name, command->name);
    es_self_save(chat, context);
    for (size_t i = 0; i < chat->n_contacts; i++)
        if (chat->contacts[i]->state == ES_CONTACT_ACCEPTED)
            es_outbox_owe(chat, context, chat->contacts[i], ES_OWED_PROFILE);
    if (chat->self.visible_until_wall_ms != 0)
        es_mesh_republish(chat->mesh, context);
    return (struct answer){0};
}

/* No deadline overflows, whatever a script asks for. */
static uint64_t at_most_a_year(uint64_t for_ms)
{
    return for_ms < FOR_MS_MAX ? for_ms : FOR_MS_MAX;
}

static struct answer cmd_visible(struct es_chat *chat, struct es_context *context,
                                 const struct es_command *command)
{
    es_self_set_visible(chat, context, at_most_a_year(command->visible_for_ms));
    return (struct answer){.until_ms = chat->self.visible_until_wall_ms};
}

static struct answer cmd_invite(struct es_chat *chat, struct es_context *context,
                                const struct es_command *command, char *link)
{
    struct es_invite invite = {.address = chat->self.identity.address};
    const struct es_slice endpoint = command->invite.endpoint;
    struct es_open_invite *open;
    struct es_endpoint at;
    struct es_dh_public key;

    invite.has_endpoint = endpoint.len > 0;
    if (invite.has_endpoint) {
        if (endpoint.len >= sizeof(invite.endpoint))
            return refuse(ES_E_ENDPOINT);
        memcpy(invite.endpoint, endpoint.ptr, endpoint.len);
        if (!es_endpoint_parse(invite.endpoint, &at, &key))
            return refuse(ES_E_ENDPOINT);
    }
    open = es_invites_make(chat, context, command->invite.uses > 0 ? command->invite.uses : 1,
                           at_most_a_year(command->invite.for_ms));
    if (open == NULL)
        return refuse(ES_E_INVITES_FULL);
    invite.secret = open->secret;
    es_invite_format(&invite, link);
    es_wipe(&invite, sizeof(invite));
    return (struct answer){.text = es_slice(link, strlen(link)), .until_ms = open->expires_wall_ms};
}

/* --- People ----------------------------------------------------------------------------------- */

static enum es_err address_error(enum es_address_error err, enum es_err otherwise)
{
    return err == ES_ADDRESS_CHECKSUM ? ES_E_CHECKSUM : otherwise;
}

static struct es_slice trim(struct es_slice text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
        text = es_slice(text.ptr + 1, text.len - 1);
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL)
        text.len--;
    return text;
}

/* May this address become a contact that is asked? *ret: a contact it is already, or NULL. */
static enum es_err check_new(const struct es_chat *chat, const struct es_sign_public *address,
                             struct es_contact **ret)
{
    *ret = es_contact_by_address(chat, address);
    if (memcmp(address->bytes, chat->self.identity.address.bytes, ES_KEY_BYTES) == 0)
        return ES_E_SELF;
    if (es_contact_is_twin(chat, address))
        return ES_E_TWIN;
    if (*ret == NULL)
        return ES_OK;
    if ((*ret)->state == ES_CONTACT_BLOCKED)
        return ES_E_BLOCKED;
    return (*ret)->state == ES_CONTACT_ACCEPTED ? ES_E_CONTACT : ES_OK;
}

static struct answer ask(struct es_chat *chat, struct es_context *context,
                         const struct es_command *command, struct es_contact *contact,
                         const struct es_target *target, const struct es_key *psk,
                         struct es_slice claimed)
{
    bool fresh = contact->petname[0] == '\0';
    enum es_err err = ES_OK;

    if (fresh || command->add.petname.len > 0)
        err = es_contact_name(chat, contact, command->add.petname, claimed);
    if (err == ES_OK) {
        es_contact_save(chat, context, contact);
        err = es_ask(chat, context, contact, target, psk == NULL ? &no_psk : psk,
                     psk == NULL ? ES_REQUEST_CONTACT : ES_REQUEST_INVITE, command->add.greeting);
    }
    if (err == ES_OK)
        return done(contact);
    if (fresh)
        es_contact_erase(chat, context, contact);
    return refuse(err);
}

static struct answer add_address(struct es_chat *chat, struct es_context *context,
                                 const struct es_command *command,
                                 const struct es_sign_public *address, const struct es_key *psk)
{
    struct es_asked *asked = chat->asked;
    struct es_target target;
    struct es_contact *contact;
    struct es_peer_key peer;
    enum es_err err = check_new(chat, address, &contact);

    if (err != ES_OK)
        return refuse(err);
    if (!es_peer_key_init(&peer, address))
        return refuse(ES_E_ADDRESS);
    while (asked != NULL && memcmp(asked->from.address.bytes, address->bytes, ES_KEY_BYTES) != 0)
        asked = asked->next;
    if (asked != NULL) { /* they asked first: that is an acceptance */
        err = es_asked_accept(chat, context, asked, command->add.petname, &contact);
        return err == ES_OK ? done(contact) : refuse(err);
    }
    if (contact == NULL)
        contact = es_contact_make(chat, context);
    if (contact == NULL)
        return refuse(ES_E_CONTACTS_FULL);
    contact->has_address = true;
    contact->key = peer;
    if (psk != NULL && contact->verified_by == ES_VERIFIED_NOT)
        contact->verified_by = ES_VERIFIED_INVITE;
    memcpy(target.name, address->bytes, sizeof(target.name));
    target.dh = peer.dh;
    return ask(chat, context, command, contact, &target, psk, es_slice(NULL, 0));
}

static struct answer add_invite(struct es_chat *chat, struct es_context *context,
                                const struct es_command *command, const struct es_invite *invite)
{
    struct answer answer = add_address(chat, context, command, &invite->address, &invite->secret);
    struct es_endpoint at;
    struct es_dh_public key;

    if (answer.err == ES_OK && invite->has_endpoint &&
        es_endpoint_parse(invite->endpoint, &at, &key))
        es_mesh_connect(chat->mesh, context, &at, &key, answer.contact);
    return answer;
}

/* A visible person, by the name in their advert. */
static struct answer add_visible(struct es_chat *chat, struct es_context *context,
                                 const struct es_command *command, struct es_slice who)
{
    struct es_advert_view view;
    struct es_target target;
    struct es_contact *contact;
    size_t at = 0, n = 0;

    while (es_mesh_advert_next(chat->mesh, &at, &view))
        if (view.advert->visible && strlen(view.advert->name) == who.len && who.len > 0 &&
            memcmp(view.advert->name, who.ptr, who.len) == 0) {
            n++;
            target.dh = view.advert->introduction;
        }
    if (n != 1)
        return refuse(n == 0 ? ES_E_UNKNOWN : ES_E_AMBIGUOUS);
    memcpy(target.name, target.dh.bytes, sizeof(target.name));
    contact = es_contact_make(chat, context);
    if (contact == NULL)
        return refuse(ES_E_CONTACTS_FULL);
    return ask(chat, context, command, contact, &target, NULL, who);
}

static struct answer cmd_add(struct es_chat *chat, struct es_context *context,
                             const struct es_command *command)
{
    struct es_slice who = trim(command->who);
    struct es_sign_public address;
    struct es_invite invite;
    struct es_contact *contact;
    struct es_asked *asked;
    enum es_address_error err = es_address_parse(who, &address);

    if (command->add.greeting.len > ES_GREETING_BYTES_MAX)
        return refuse(ES_E_TOO_LONG);
    if (!es_utf8_valid(command->add.greeting))
        return refuse(ES_E_UTF8);
    if (err == ES_ADDRESS_OK)
        return add_address(chat, context, command, &address, NULL);
    if (es_invite_parse(who, &invite) == ES_ADDRESS_OK) {
        struct answer answer = add_invite(chat, context, command, &invite);

        es_wipe(&invite, sizeof(invite));
        return answer;
    }
    if (err != ES_ADDRESS_NOT_ONE || es_invite_parse(who, &invite) == ES_ADDRESS_CHECKSUM)
        return refuse(
            address_error(err, err == ES_ADDRESS_BAD_POINT ? ES_E_ADDRESS : ES_E_CHECKSUM));
    if (es_who_request(chat, who, &asked, NULL, 0) == ES_OK) {
        enum es_err accepted =
            es_asked_accept(chat, context, asked, command->add.petname, &contact);

        return accepted == ES_OK ? done(contact) : refuse(accepted);
    }
    return add_visible(chat, context, command, who);
}

static struct answer refuse_among(enum es_err err, const char *candidates)
{
    struct answer answer = refuse(err);

    answer.text = es_slice(candidates, strlen(candidates));
    return answer;
}

static struct answer cmd_accept(struct es_chat *chat, struct es_context *context,
                                const struct es_command *command, char *candidates, size_t cap)
{
    struct es_contact *contact;
    struct es_asked *asked;
    enum es_err err = es_who_request(chat, command->who, &asked, candidates, cap);

    if (err != ES_OK)
        return refuse_among(err, candidates);
    err = es_asked_accept(chat, context, asked, command->add.petname, &contact);
    return err == ES_OK ? done(contact) : refuse(err);
}

static struct answer cmd_decline(struct es_chat *chat, struct es_context *context,
                                 const struct es_command *command, char *candidates, size_t cap)
{
    struct es_asked *asked;
    enum es_err err = es_who_request(chat, command->who, &asked, candidates, cap);

    if (err != ES_OK)
        return refuse_among(err, candidates);
    es_asked_remove(chat, context, asked);
    return (struct answer){0};
}

static struct answer cmd_rename(struct es_chat *chat, struct es_context *context,
                                const struct es_command *command, struct es_contact *contact)
{
    enum es_err err = command->petname.len == 0
                          ? ES_E_NAME
                          : es_contact_name(chat, contact, command->petname, es_slice(NULL, 0));

    if (err != ES_OK)
        return refuse(err);
    es_contact_save(chat, context, contact);
    return done(contact);
}

static struct answer cmd_block(struct es_chat *chat, struct es_context *context,
                               struct es_contact *contact)
{
    if (contact->state == ES_CONTACT_BLOCKED)
        return done(contact);
    if (!contact->has_address)
        return refuse(ES_E_NOT_CONTACT); /* nobody knows yet who that is */
    contact->state_before = contact->state;
    contact->state = ES_CONTACT_BLOCKED;
    es_contact_drop_secrets(chat, context, contact);
    es_contact_save(chat, context, contact);
    es_self_replace_presence(chat, context);
    return done(contact);
}

/* All keys were erased when it was blocked: a contact gets a new session, whoever had not answered is
 * asked again. */
static struct answer cmd_unblock(struct es_chat *chat, struct es_context *context,
                                 struct es_contact *contact)
{
    struct es_target target = {.dh = contact->key.dh};
    enum es_err err = ES_OK;

    if (contact->state != ES_CONTACT_BLOCKED)
        return done(contact);
    contact->state = contact->state_before;
    contact->sought = ES_SOUGHT;
    chat->search_owed = true;
    contact->renewed_age_ms = 0;
    contact->renew = contact->state == ES_CONTACT_ACCEPTED;
    es_contact_save(chat, context, contact);
    memcpy(target.name, contact->key.address.bytes, sizeof(target.name));
    if (contact->state == ES_CONTACT_REQUESTED)
        err =
            es_ask(chat, context, contact, &target, &no_psk, ES_REQUEST_CONTACT, es_slice(NULL, 0));
    return err == ES_OK ? done(contact) : refuse(err);
}

static struct answer cmd_forget(struct es_chat *chat, struct es_context *context,
                                struct es_contact *contact)
{
    bool could_follow = contact->state == ES_CONTACT_ACCEPTED;

    es_contact_erase(chat, context, contact);
    if (could_follow)
        es_self_replace_presence(chat, context);
    return (struct answer){0};
}

static struct answer cmd_verify(struct es_chat *chat, struct es_context *context,
                                const struct es_command *command, struct es_contact *contact)
{
    char number[ES_SAFETY_CHARS + 1];

    if (!es_chat_safety_number(chat, contact->number, number))
        return refuse(ES_E_NOT_CONTACT);
    if (command->code.len == 0)
        return done(contact);
    if (!es_safety_equal(number, command->code))
        return refuse(ES_E_CODE);
    contact->verified_by = ES_VERIFIED_CODE;
    contact->verified_below = chat->self.next_session;
    es_contact_save(chat, context, contact);
    return done(contact);
}

/* --- Conversations ---------------------------------------------------------------------------- */

static struct answer cmd_send(struct es_chat *chat, struct es_context *context,
                              const struct es_command *command, struct es_contact *contact)
{
    struct es_message message = {
        .reply_to = command->send.reply_to,
        .reply_to_own = command->send.reply_to_own,
        .text = command->send.text,
    };
    if (ES_MUTANT(WRONG_READER))
        contact = chat->contacts[0];
    enum es_err err = es_conversation_send(chat, context, contact, &message);
    struct answer answer = done(contact);

    answer.message = message.id;
    answer.order = message.order;
    return err == ES_OK ? answer : refuse(err);
}

static struct answer cmd_ping(struct es_chat *chat, struct es_context *context,
                              const struct es_command *command, struct es_contact *contact)
{
    enum es_err err =
        es_conversation_ping(chat, context, contact, command->request, command->ping_bytes);

    return err == ES_OK ? (struct answer){.later = true} : refuse(err);
}

/* --- All of them ------------------------------------------------------------------------------ */

static struct answer run_for(struct es_chat *chat, struct es_context *context,
                             const struct es_command *command, struct es_contact *contact)
{
    if (command->kind == ES_CMD_RENAME)
        return cmd_rename(chat, context, command, contact);
    if (command->kind == ES_CMD_BLOCK)
        return cmd_block(chat, context, contact);
    if (command->kind == ES_CMD_UNBLOCK)
        return cmd_unblock(chat, context, contact);
    if (command->kind == ES_CMD_FORGET)
        return cmd_forget(chat, context, contact);
    if (command->kind == ES_CMD_VERIFY)
        return cmd_verify(chat, context, command, contact);
    if (command->kind == ES_CMD_SEND)
        return cmd_send(chat, context, command, contact);
    if (command->kind == ES_CMD_READ)
        es_conversation_read(chat, context, contact);
    if (command->kind == ES_CMD_PING)
        return cmd_ping(chat, context, command, contact);
    if (command->kind == ES_CMD_RENEW)
        contact->renew |= contact->state == ES_CONTACT_ACCEPTED;
    return done(contact);
}

static struct answer with_contact(struct es_chat *chat, struct es_context *context,
                                  const struct es_command *command, char *candidates, size_t cap)
{
    struct es_contact *contact;
    enum es_err err = es_who_contact(chat, command->who, &contact, candidates, cap);

    if (err == ES_OK)
        return run_for(chat, context, command, contact);
    return refuse_among(err, candidates);
}

static struct answer run(struct es_chat *chat, struct es_context *context,
                         const struct es_command *command, char *buf, size_t cap)
{
    buf[0] = '\0';
    if (!chat->self.has_identity && command->kind != ES_CMD_INIT)
        return refuse(ES_E_NO_IDENTITY);
    switch (command->kind) {
    case ES_CMD_INIT:
        return cmd_init(chat, context, command);
    case ES_CMD_NAME:
        return cmd_name(chat, context, command);
    case ES_CMD_VISIBLE:
        return cmd_visible(chat, context, command);
    case ES_CMD_INVITE:
        return cmd_invite(chat, context, command, buf);
    case ES_CMD_ADD:
        return cmd_add(chat, context, command);
    case ES_CMD_ACCEPT:
        return cmd_accept(chat, context, command, buf, cap);
    case ES_CMD_DECLINE:
        return cmd_decline(chat, context, command, buf, cap);
    case ES_CMD_CONNECT:
        es_mesh_connect(chat->mesh, context, &command->connect.at, &command->connect.key, 0);
        return (struct answer){0};
    case ES_CMD_STOP:
        es_mesh_stop(chat->mesh, context);
        return (struct answer){0};
    case ES_CMD_RENAME:
    case ES_CMD_BLOCK:
    case ES_CMD_UNBLOCK:
    case ES_CMD_FORGET:
    case ES_CMD_VERIFY:
    case ES_CMD_SEND:
    case ES_CMD_READ:
    case ES_CMD_PING:
    case ES_CMD_RENEW:
        break;
    }
    return with_contact(chat, context, command, buf, cap);
}

void es_chat_command(struct es_chat *chat, struct es_context *context,
                     const struct es_command *command)
{
    _Static_assert(ES_CANDIDATES_BYTES_MAX > ES_INVITE_CHARS_MAX, "an answer's text has room");
    char buf[ES_CANDIDATES_BYTES_MAX];
    struct answer answer = run(chat, context, command, buf, sizeof(buf));

    if (!answer.later)
        es_emit_event(context, &(struct es_event){.kind = ES_EV_ANSWER,
                                                  .request = command->request,
                                                  .err = answer.err,
                                                  .contact = answer.contact,
                                                  .own = answer.message.sequence != 0,
                                                  .message = answer.message,
                                                  .order = answer.order,
                                                  .until_ms = answer.until_ms,
                                                  .text = answer.text});
    es_wipe(buf, sizeof(buf));
}
