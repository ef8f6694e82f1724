/* SPDX-License-Identifier: ISC */
/* trials.c - envelopes that may be requests: who did the work is tried, so many a minute and links in
 * turn (docs/protocol.md, section 6.1). */
#include <string.h>

#include "node/core/chat/parts.h"

#define TRIAL_MS (ES_MINUTE_MS / ES_TRIALS_PER_MINUTE)

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
        es_asked_take(chat, context, link, addressee->name, &opened,
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

bool es_trials_take(struct es_chat *chat, struct es_context *context, uint32_t link,
                    struct es_slice envelope)
{
    if (!es_work_valid(envelope.ptr, chat->settings->work_bits))
        return false;
    if (chat->n_trials == 0 && may_try(chat, context)) {
        spend_trial(chat, context);
        try_envelope(chat, context, link, envelope);
    } else {
        queue(chat, context, link, envelope);
    }
    return true;
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

void es_trials_timer(struct es_chat *chat, struct es_context *context)
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

uint64_t es_trials_wake_at(const struct es_chat *chat)
{
    return chat->n_trials > 0 ? chat->trial_tokens_ms : UINT64_MAX;
}
