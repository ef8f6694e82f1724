/* SPDX-License-Identifier: ISC */
/* self.c - this node's own identity, presence keys and visible mode. */
#include <string.h>

#include "node/core/chat/parts.h"

/* Steps of the presence chain at one start: a node that slept longer is found by the search forward
 * (docs/protocol.md, section 9.3). */
#define STEPS_PER_START_MAX 30

void es_self_save(struct es_chat *chat, struct es_context *context)
{
    uint8_t body[1024];
    struct es_row_key key = es_key_self();
    size_t len;

    es_age_keep(chat, context);
    len = es_body_self(&chat->self, body, sizeof(body));

    es_emit_row(context, ES_ROW_SELF, es_row_key_slice(&key), es_slice(body, len));
    es_wipe(body, sizeof(body));
}

static void draw_presence(struct es_self *self, struct es_context *context)
{
    self->presence_generation++;
    self->presence.index = 0;
    es_random(context, self->presence.key.bytes, ES_KEY_BYTES);
    es_random(context, self->presence_signer.bytes, ES_KEY_BYTES);
    self->presence_wall_ms = context->wall_ms;
    self->presence_step_ms = context->now_ms + ES_DAY_MS;
}

void es_self_make(struct es_chat *chat, struct es_context *context, struct es_slice name)
{
    struct es_self *self = &chat->self;
    struct es_sign_secret seed;

    es_random(context, seed.bytes, sizeof(seed.bytes));
    es_identity_init(&self->identity, &seed);
    es_wipe(&seed, sizeof(seed));
    es_name_set(self->name, name);
    self->next_contact = self->next_session = self->next_pending = self->next_invite = 1;
    self->next_control = 1;
    self->age_ms = 0;
    self->age_now_ms = context->now_ms;
    es_random(context, self->lasting_secret.bytes, ES_KEY_BYTES);
    draw_presence(self, context);
    self->has_identity = true;
    es_self_save(chat, context);
}

void es_self_replace_presence(struct es_chat *chat, struct es_context *context)
{
    draw_presence(&chat->self, context);
    es_self_save(chat, context);
    for (size_t i = 0; i < chat->n_contacts; i++)
        if (chat->contacts[i]->state == ES_CONTACT_ACCEPTED)
            es_outbox_owe(chat, context, chat->contacts[i], ES_OWED_PRESENCE);
    es_mesh_rotate(chat->mesh, context, false);
}

static void announce_visible(struct es_chat *chat, struct es_context *context)
{
    es_emit_event(context, &(struct es_event){.kind = ES_EV_VISIBLE,
                                              .until_ms = chat->self.visible_until_wall_ms});
}

void es_self_set_visible(struct es_chat *chat, struct es_context *context, uint64_t for_ms)
{
    struct es_self *self = &chat->self;
    bool was_visible = self->visible_until_wall_ms != 0;

    if (for_ms == 0 && !was_visible)
        return;
    self->visible_until_wall_ms = for_ms == 0 ? 0 : es_wall_after(context->wall_ms, for_ms);
    self->visible_until_age_ms = for_ms == 0 ? 0 : es_age_ms(chat, context) + for_ms;
    if (for_ms == 0)
        es_wipe(&self->introduction, sizeof(self->introduction));
    else if (!was_visible)
        es_random(context, self->introduction.bytes, ES_KEY_BYTES);
    es_self_save(chat, context);
    announce_visible(chat, context);
    if (chat->started)
        es_mesh_rotate(chat->mesh, context, for_ms == 0);
}

static void end_visible(struct es_chat *chat, struct es_context *context)
{
    const struct es_self *self = &chat->self;

    if (self->visible_until_wall_ms != 0 && es_age_ms(chat, context) >= self->visible_until_age_ms)
        es_self_set_visible(chat, context, 0);
}

/* One step per day that ran or passed while the node was off, whatever the wall clock says now. */
void es_self_start(struct es_chat *chat, struct es_context *context)
{
    struct es_self *self = &chat->self;
    uint64_t elapsed = 0;
    uint32_t steps;

    es_age_begin(self, context);
    if (context->wall_ms > self->presence_wall_ms)
        elapsed = context->wall_ms - self->presence_wall_ms;
    steps = elapsed / ES_DAY_MS > STEPS_PER_START_MAX ? STEPS_PER_START_MAX
                                                      : (uint32_t)(elapsed / ES_DAY_MS);
    for (uint32_t i = 0; i < steps; i++)
        es_presence_step(&self->presence);
    if (steps > 0 || context->wall_ms < self->presence_wall_ms)
        self->presence_wall_ms = context->wall_ms - elapsed % ES_DAY_MS;
    self->presence_step_ms = context->now_ms + ES_DAY_MS - elapsed % ES_DAY_MS;
    es_self_save(chat, context);
    end_visible(chat, context);
}

/* Monotonic; UINT64_MAX when hidden. */
uint64_t es_self_visible_until(const struct es_chat *chat)
{
    const struct es_self *self = &chat->self;

    if (self->visible_until_wall_ms == 0)
        return UINT64_MAX;
    if (self->visible_until_age_ms <= self->age_ms)
        return self->age_now_ms;
    return self->age_now_ms + (self->visible_until_age_ms - self->age_ms);
}

void es_self_timer(struct es_chat *chat, struct es_context *context)
{
    struct es_self *self = &chat->self;

    if (context->now_ms >= self->presence_step_ms) {
        es_presence_step(&self->presence);
        self->presence_wall_ms = context->wall_ms;
        self->presence_step_ms = context->now_ms + ES_DAY_MS;
        es_self_save(chat, context);
    }
    end_visible(chat, context);
}
