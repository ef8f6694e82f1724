/* SPDX-License-Identifier: ISC */
/* age.c - how long this node has lived: what decides when a key is old enough to go.
 *
 * A wall clock jumps, and a monotonic one ends with the process. So the time that the node runs is
 * counted by the monotonic clock, and of each pause what the wall clock says, but at most a day: a
 * clock that is wrong at a start makes the node a day older and no more. Whoever is off for long
 * therefore keeps some keys longer, and loses none that is still needed. */
#include "node/core/chat/parts.h"

#define PAUSE_MS_MAX ES_DAY_MS

uint64_t es_age_ms(const struct es_chat *chat, const struct es_context *context)
{
    return chat->self.age_ms + (context->now_ms - chat->self.age_now_ms);
}

/* After a crash it may be some minutes younger than what it wrote last. */
uint64_t es_age_since(const struct es_chat *chat, const struct es_context *context,
                      uint64_t then_age_ms)
{
    uint64_t age_ms = es_age_ms(chat, context);

    return age_ms > then_age_ms ? age_ms - then_age_ms : 0;
}

uint16_t es_age_day(const struct es_chat *chat, const struct es_context *context)
{
    return (uint16_t)(es_age_ms(chat, context) / ES_DAY_MS);
}

uint64_t es_wall_after(uint64_t wall_ms, uint64_t for_ms)
{
    return wall_ms <= UINT64_MAX - for_ms ? wall_ms + for_ms : UINT64_MAX;
}

void es_age_begin(struct es_self *self, const struct es_context *context)
{
    uint64_t pause_ms =
        context->wall_ms > self->age_wall_ms ? context->wall_ms - self->age_wall_ms : 0;

    self->age_ms += pause_ms < PAUSE_MS_MAX ? pause_ms : PAUSE_MS_MAX;
    self->age_now_ms = context->now_ms;
    self->age_wall_ms = context->wall_ms;
}

void es_age_keep(struct es_chat *chat, const struct es_context *context)
{
    chat->self.age_ms = es_age_ms(chat, context);
    chat->self.age_now_ms = context->now_ms;
    chat->self.age_wall_ms = context->wall_ms;
}
