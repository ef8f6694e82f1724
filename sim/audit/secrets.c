/* SPDX-License-Identifier: ISC */
/* secrets.c - which tokens there are, and who may hold them: from what people write, and from the
 * rows in which a node keeps its keys. A row is read when it is committed: nothing has left yet. */
#include <sodium.h>
#include <string.h>

#include "node/core/chat/rows.h"
#include "sim/audit/audit.h"
#include "sim/audit/canary.h"
#include "sim/audit/state.h"
#include "sim/load.h"
#include "sim/memory.h"

#define NOBODY UINT32_MAX

/* The owner alone until others are allowed. UINT32_MAX: nothing to keep secret. */
static uint32_t add(struct es_sim_audit *audit, enum es_sim_token_kind kind, uint32_t owner,
                    struct es_slice bytes, bool control)
{
    uint32_t token;

    if (es_bytes_zero(bytes.ptr, bytes.len))
        return UINT32_MAX;
    token = es_sim_tokens_add(audit->tokens, kind, owner, bytes);
    if (token != UINT32_MAX)
        audit->tokens->of[token].control |= control;
    return token;
}

static uint32_t add_key(struct es_sim_audit *audit, enum es_sim_token_kind kind, uint32_t owner,
                        const uint8_t key[static ES_KEY_BYTES], bool control)
{
    return add(audit, kind, owner, es_slice(key, ES_KEY_BYTES), control);
}

static void allow_contacts(struct es_sim_world *world, uint32_t token, uint32_t owner)
{
    const struct es_sim_node *node = &world->nodes[owner];

    for (size_t i = 0; token != UINT32_MAX && i < node->n_friends; i++)
        es_sim_tokens_allow(world->audit->tokens, token, node->friends[i].node);
}

/* The owner and all its contacts may hold it. */
static void share(struct es_sim_world *world, enum es_sim_token_kind kind, uint32_t owner,
                  struct es_slice bytes, bool control)
{
    allow_contacts(world, add(world->audit, kind, owner, bytes, control), owner);
}

/* --- What people write ------------------------------------------------------------------------------ */

static uint32_t add_canary(struct es_sim_world *world, enum es_sim_token_kind kind, uint32_t from,
                           uint32_t to, const char *canary)
{
    uint32_t token = add(world->audit, kind, from, es_slice(canary, strlen(canary)), false);

    es_sim_tokens_allow(world->audit->tokens, token, to);
    world->audit->tokens->of[token].peer = to;
    return token;
}

static uint32_t add_text(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number)
{
    char canary[ES_SIM_CANARY_CHARS + 1];

    es_sim_canary(world->options.seed, ES_SIM_CANARY_TEXT, from, to, number, canary);
    return add_canary(world, ES_SIM_TOKEN_TEXT, from, to, canary);
}

void es_sim_audit_text(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number)
{
    if (world->audit != NULL)
        add_text(world, from, to, number);
}

void es_sim_audit_sent(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number)
{
    if (world->audit != NULL)
        world->audit->tokens->of[add_text(world, from, to, number)].control = true;
}

void es_sim_audit_greeting(struct es_sim_world *world, uint32_t from, uint32_t to)
{
    char canary[ES_SIM_CANARY_CHARS + 1];

    if (world->audit == NULL)
        return;
    es_sim_canary(world->options.seed, ES_SIM_CANARY_GREETING, from, to, 0, canary);
    add_canary(world, ES_SIM_TOKEN_GREETING, from, to, canary);
}

/* --- Pairs ------------------------------------------------------------------------------------------ */

static void add_digest(struct es_sim_audit *audit, uint32_t a, uint32_t b, const uint8_t *bytes,
                       size_t len)
{
    uint8_t digest[crypto_generichash_BYTES];
    uint32_t token;

    crypto_generichash(digest, sizeof(digest), bytes, len, NULL, 0);
    token = add(audit, ES_SIM_TOKEN_PAIR, a, ES_SLICE_OF(digest), false);
    es_sim_tokens_allow(audit->tokens, token, b);
    crypto_hash_sha256(digest, bytes, len);
    token = add(audit, ES_SIM_TOKEN_PAIR, a, ES_SLICE_OF(digest), false);
    es_sim_tokens_allow(audit->tokens, token, b);
}

/* What both can compute of their two keys, and what whoever knows the two could keep of them. */
static void add_pair(struct es_sim_audit *audit, uint32_t a, uint32_t b)
{
    const struct es_identity *of[2] = {&audit->subjects[a].identity, &audit->subjects[b].identity};
    char safety[ES_SAFETY_CHARS + 1];
    uint8_t both[2][2 * ES_KEY_BYTES];
    struct es_key shared;
    uint32_t token;

    for (size_t i = 0; i < 2; i++) {
        memcpy(both[i], of[i]->address.bytes, ES_KEY_BYTES);
        memcpy(both[i] + ES_KEY_BYTES, of[1 - i]->address.bytes, ES_KEY_BYTES);
        add_digest(audit, a, b, both[i], sizeof(both[i]));
    }
    es_safety_number(&of[0]->address, &of[1]->address, safety);
    token = add(audit, ES_SIM_TOKEN_PAIR, a, es_slice(safety, ES_SAFETY_CHARS), false);
    es_sim_tokens_allow(audit->tokens, token, b);
    if (!es_dh(&of[0]->secret, &of[1]->dh, &shared))
        return;
    token = add_key(audit, ES_SIM_TOKEN_PAIR, a, shared.bytes, false);
    es_sim_tokens_allow(audit->tokens, token, b);
}

/* --- Rows ------------------------------------------------------------------------------------------- */

static void learn_identity(struct es_sim_world *world, uint32_t number, const struct es_self *self)
{
    struct es_sim_audit *audit = world->audit;
    const struct es_sim_node *node = &world->nodes[number];
    const struct es_identity *identity = &self->identity;
    char name[ES_SIM_LOAD_NAME_BYTES];

    audit->subjects[number].has_identity = true;
    audit->subjects[number].identity = *identity;
    add_key(audit, ES_SIM_TOKEN_SECRET, number, identity->seed.bytes, true);
    add_key(audit, ES_SIM_TOKEN_SECRET, number, identity->secret.bytes, false);
    share(world, ES_SIM_TOKEN_IDENTITY, number, ES_SLICE_OF(identity->address.bytes), true);
    share(world, ES_SIM_TOKEN_IDENTITY, number, ES_SLICE_OF(identity->dh.bytes), false);
    es_sim_load_name(world, number, name);
    share(world, ES_SIM_TOKEN_NAME, number, es_slice(name, strlen(name)), true);
    for (size_t i = 0; i < node->n_friends; i++) {
        uint32_t other = node->friends[i].node;

        es_sim_load_petname(world, number, other, name);
        add(audit, ES_SIM_TOKEN_PETNAME, number, es_slice(name, strlen(name)), false);
        if (audit->subjects[other].has_identity)
            add_pair(audit, number, other);
    }
}

static void learn_self(struct es_sim_world *world, uint32_t number, struct es_slice body)
{
    struct es_sign_public signer;
    struct es_self self;

    memset(&self, 0, sizeof(self));
    if (!es_body_decode_self(body, &self))
        return;
    if (!world->audit->subjects[number].has_identity)
        learn_identity(world, number, &self);
    add_key(world->audit, ES_SIM_TOKEN_SECRET, number, self.lasting_secret.bytes, true);
    add_key(world->audit, ES_SIM_TOKEN_SECRET, number, self.presence_signer.bytes, true);
    add_key(world->audit, ES_SIM_TOKEN_SECRET, number, self.introduction.bytes, true);
    signer = es_sign_public_of(&self.presence_signer);
    share(world, ES_SIM_TOKEN_PRESENCE, number, ES_SLICE_OF(self.presence.key.bytes), true);
    share(world, ES_SIM_TOKEN_PRESENCE, number, ES_SLICE_OF(signer.bytes), false);
}

static uint32_t *place_of(struct es_sim_subject *subject, uint32_t contact)
{
    for (size_t i = 0; i < subject->n_known; i++)
        if (subject->known[i].contact == contact)
            return &subject->known[i].node;
    if (subject->n_known == subject->cap_known) {
        subject->cap_known = 2 * subject->cap_known + 8;
        subject->known =
            es_sim_resize(subject->known, subject->cap_known * sizeof(subject->known[0]));
    }
    subject->known[subject->n_known] = (struct es_sim_known){.contact = contact, .node = NOBODY};
    return &subject->known[subject->n_known++].node;
}

/* Whose address it is: known from the commit that made it, which precedes all use. */
static bool owner_of(const struct es_sim_world *world, const struct es_sign_public *address,
                     uint32_t *ret)
{
    for (uint32_t i = 0; i < world->options.nodes; i++) {
        const struct es_sim_subject *subject = &world->audit->subjects[i];

        if (subject->has_identity &&
            memcmp(subject->identity.address.bytes, address->bytes, ES_KEY_BYTES) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static void learn_contact(struct es_sim_world *world, uint32_t number, const struct es_row *row)
{
    struct es_contact contact = {0};
    char name[ES_SIM_LOAD_NAME_BYTES];
    uint32_t place, other;

    if (!es_key_decode_number(row->key, &place) || !es_body_decode_contact(row->body, &contact) ||
        !contact.has_address || !owner_of(world, &contact.key.address, &other))
        return;
    *place_of(&world->audit->subjects[number], place) = other;
    es_sim_load_petname(world, number, other, name);
    if (strcmp(contact.petname, name) == 0)
        add(world->audit, ES_SIM_TOKEN_PETNAME, number, es_slice(name, strlen(name)), true);
}

static void learn_session(struct es_sim_world *world, uint32_t number, struct es_slice body)
{
    struct es_live_session session = {0};
    uint32_t token, other;

    if (!es_body_decode_session(body, &session))
        return;
    other = *place_of(&world->audit->subjects[number], session.ratchet.contact);
    token = add_key(world->audit, ES_SIM_TOKEN_PAIR, number, session.link_key.now.bytes, true);
    if (token != UINT32_MAX && other != NOBODY)
        es_sim_tokens_allow(world->audit->tokens, token, other);
}

void es_sim_audit_learn(struct es_sim_world *world, const struct es_sim_node *node,
                        const struct es_row *row)
{
    struct es_open_invite invite;

    if (row->erase)
        return;
    if (row->kind == ES_ROW_SELF) {
        learn_self(world, node->number, row->body);
    } else if (row->kind == ES_ROW_CONTACT) {
        learn_contact(world, node->number, row);
    } else if (row->kind == ES_ROW_SESSION) {
        learn_session(world, node->number, row->body);
    } else if (row->kind == ES_ROW_INVITE && es_body_decode_invite(row->body, &invite)) {
        /* The link was given to a contact by hand. */
        allow_contacts(
            world,
            add_key(world->audit, ES_SIM_TOKEN_PAIR, node->number, invite.secret.bytes, true),
            node->number);
    }
}
