/* SPDX-License-Identifier: ISC */
/* core_pair.c - people on the simulator's network, what they are told and what travels. */
#include "tests/support/core_pair.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "node/store/memory.h"
#include "node/wire/frame.h"

#define STEP_MS 250
#define AWAKE_MS (5 * 60 * 1000)
#define SETTLE_MS_MAX (60ull * 60 * 1000)

struct es_slice pair_slice(const char *text)
{
    return es_slice(text, strlen(text));
}

const char *pair_name(uint32_t node)
{
    static const char *const names[PAIR_NODES_MAX] = {"ada", "bob", "eve"};

    return names[node];
}

/* --- What travels ----------------------------------------------------------------------------- */

/* Takes out of a frame what a test lets get lost. */
static bool filter(struct pair *pair, uint32_t from, uint32_t to, const struct es_frame *frame,
                   uint8_t *bytes, size_t *io_len)
{
    uint8_t left[ES_FRAME_BYTES_MAX];
    size_t len = es_frame_envelopes_begin(left, sizeof(left)), n = 0;

    for (size_t i = 0; i < frame->envelopes.n; i++) {
        struct es_slice envelope = frame->envelopes.at[i];

        pair_tape(pair, from, to, false, envelope);
        if (pair->passes != NULL && !pair->passes(pair, from, to, envelope)) {
            pair->dropped++;
            continue;
        }
        es_frame_envelopes_add(left, sizeof(left), &len, frame->envelopes.copies[i], envelope);
        n++;
    }
    memcpy(bytes, left, len);
    *io_len = len;
    return n > 0;
}

static bool on_frame(void *ctx, uint32_t from, uint32_t to, uint8_t *bytes, size_t *io_len)
{
    struct pair *pair = ctx;
    struct es_frame frame;

    if (!es_frame_decode(es_slice(bytes, *io_len), &frame))
        return true;
    if (frame.kind == ES_FRAME_ENVELOPES)
        return filter(pair, from, to, &frame, bytes, io_len);
    if (frame.kind == ES_FRAME_LINK)
        pair_tape(pair, from, to, true, frame.link);
    return pair->passes_frame == NULL || pair->passes_frame(pair, from, to, frame.kind);
}

/* --- What people are told --------------------------------------------------------------------- */

static void on_event(void *ctx, struct es_sim_node *node, const struct es_event *event)
{
    struct pair *pair = ctx;
    struct es_message message;
    struct es_slice text = event->text;
    struct pair_event *kept;

    if (pair->n_events == pair->cap_events) {
        pair->cap_events = pair->cap_events == 0 ? 256 : 2 * pair->cap_events;
        pair->events = es_sim_resize(pair->events, pair->cap_events * sizeof(pair->events[0]));
    }
    kept = &pair->events[pair->n_events++];
    *kept = (struct pair_event){.node = node->number, .event = *event};
    if ((event->kind == ES_EV_MESSAGE || event->kind == ES_EV_CONFLICT) &&
        es_message_decode(event->text, &message))
        text = message.text;
    if (text.len > 0)
        memcpy(kept->text, text.ptr, text.len < PAIR_TEXT_BYTES ? text.len : PAIR_TEXT_BYTES - 1);
    kept->event.text = es_slice(NULL, 0);
    if (event->kind == ES_EV_ANSWER && event->request == pair->last_request)
        pair->answer = *kept;
}

size_t pair_told(const struct pair *pair, uint32_t node, enum es_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < pair->n_events; i++)
        n += pair->events[i].node == node && pair->events[i].event.kind == kind;
    return n;
}

const struct pair_event *pair_last(const struct pair *pair, uint32_t node, enum es_event_kind kind)
{
    for (size_t i = pair->n_events; i-- > 0;)
        if (pair->events[i].node == node && pair->events[i].event.kind == kind)
            return &pair->events[i];
    return NULL;
}

void pair_forget_events(struct pair *pair)
{
    pair->n_events = 0;
}

/* --- Beginning and end ------------------------------------------------------------------------- */

static void fail(const struct pair *pair, const char *what)
{
    fprintf(stderr, "core_pair: %s%s\n", what, pair->world->violation);
    abort();
}

struct pair *pair_new(uint32_t n)
{
    struct es_sim_options options = es_sim_options_default();
    struct pair *pair = es_sim_resize(NULL, sizeof(*pair));

    if (sodium_init() < 0)
        abort();
    memset(pair, 0, sizeof(*pair));
    options.nodes = n;
    options.delay_ms_max = 10;
    pair->world = es_sim_world_new(&options);
    pair->world->watch = (struct es_sim_watch){.ctx = pair, .event = on_event, .frame = on_frame};
    pair->world->settings.contacts_max = ES_CONTACTS_MAX;
    pair->nodes = pair->world->nodes;
    es_sim_world_begin(pair->world);
    for (uint32_t i = 0; i < n; i++) {
        const struct es_command init = {.kind = ES_CMD_INIT, .name = pair_slice(pair_name(i))};

        if (pair_command(pair, i, &init) != ES_OK)
            fail(pair, "no identity");
    }
    pair_run(pair, 2000);
    return pair;
}

struct pair *pair_of_contacts(void)
{
    struct pair *pair = pair_new(2);

    pair_befriend(pair, ADA, BOB);
    pair_forget_events(pair);
    return pair;
}

void pair_free(struct pair *pair)
{
    es_sim_world_free(pair->world);
    free(pair->events);
    pair_tape_free(pair);
    free(pair);
}

/* --- Time ------------------------------------------------------------------------------------- */

void pair_run(struct pair *pair, uint64_t for_ms)
{
    es_sim_world_until(pair->world, pair->world->now_ms + for_ms);
    if (pair->world->violation[0] != '\0')
        fail(pair, "");
}

static bool waits(const struct pair *pair)
{
    for (uint32_t i = 0; i < pair->world->options.nodes; i++) {
        struct es_self_view self;

        if (!pair->nodes[i].up)
            continue;
        es_core_self(pair->nodes[i].core, &self);
        if (self.queued > 0)
            return true;
    }
    return false;
}

bool pair_settle(struct pair *pair)
{
    uint64_t until_ms = pair->world->now_ms + SETTLE_MS_MAX;

    while (waits(pair)) {
        if (pair->world->now_ms >= until_ms)
            return false;
        pair_run(pair, STEP_MS);
    }
    pair_run(pair, 2000); /* the last ACKs */
    return true;
}

/* --- Commands --------------------------------------------------------------------------------- */

bool pair_try(struct pair *pair, uint32_t node, const struct es_command *command)
{
    struct es_command numbered = *command;

    numbered.request = ++pair->last_request;
    memset(&pair->answer, 0, sizeof(pair->answer));
    es_sim_node_command(pair->world, &pair->nodes[node], &numbered);
    return pair->answer.event.request == numbered.request;
}

enum es_err pair_command(struct pair *pair, uint32_t node, const struct es_command *command)
{
    if (!pair_try(pair, node, command))
        fail(pair, "no answer");
    return pair->answer.event.err;
}

enum es_err pair_do(struct pair *pair, uint32_t node, enum es_command_kind kind, const char *who)
{
    return pair_command(pair, node, &(struct es_command){.kind = kind, .who = pair_slice(who)});
}

enum es_err pair_send(struct pair *pair, uint32_t node, const char *who, const char *text)
{
    return pair_command(pair, node,
                        &(struct es_command){.kind = ES_CMD_SEND,
                                             .who = pair_slice(who),
                                             .send = {.text = pair_slice(text)}});
}

void pair_address(struct pair *pair, uint32_t node, char ret[static ES_ADDRESS_CHARS + 1])
{
    struct es_self_view self;

    es_core_self(pair->nodes[node].core, &self);
    es_address_format(&self.address, ret);
}

enum es_err pair_add(struct pair *pair, uint32_t node, uint32_t other)
{
    char address[ES_ADDRESS_CHARS + 1];

    pair_address(pair, other, address);
    return pair_command(pair, node,
                        &(struct es_command){.kind = ES_CMD_ADD,
                                             .who = pair_slice(address),
                                             .add = {.petname = pair_slice(pair_name(other))}});
}

static bool are_contacts(const struct pair *pair, uint32_t a, uint32_t b)
{
    return pair_contact(pair, a, pair_name(b)).state == ES_CONTACT_ACCEPTED &&
           pair_contact(pair, b, pair_name(a)).state == ES_CONTACT_ACCEPTED;
}

void pair_befriend(struct pair *pair, uint32_t a, uint32_t b)
{
    uint64_t until_ms = pair->world->now_ms + SETTLE_MS_MAX;

    if (pair_add(pair, a, b) != ES_OK)
        fail(pair, "no request");
    while (pair->world->now_ms < until_ms && !are_contacts(pair, a, b)) {
        if (pair_contact(pair, b, pair_name(a)).state == 0)
            pair_do(pair, b, ES_CMD_ACCEPT, pair_name(a));
        pair_run(pair, STEP_MS);
    }
    if (!are_contacts(pair, a, b))
        fail(pair, "no contacts");
    pair_run(pair, 10000);
}

/* --- Views ------------------------------------------------------------------------------------ */

struct es_contact_view pair_contact(const struct pair *pair, uint32_t node, const char *who)
{
    struct es_contact_view view = {0};
    uint32_t contact;

    if (es_core_resolve(pair->nodes[node].core, pair_slice(who), &contact, NULL, 0) == ES_OK)
        es_core_contact(pair->nodes[node].core, contact, &view);
    return view;
}

uint64_t pair_count(const struct pair *pair, uint32_t node, enum es_counter counter)
{
    return es_core_counters(pair->nodes[node].core)->of[counter];
}

struct listing {
    bool own;
    char *text;
    size_t len;
    uint64_t order;
};

static int list(void *ctx, const struct es_row *row)
{
    struct listing *listing = ctx;
    struct es_message message;

    listing->order = row->order;
    if (!es_message_decode(row->body, &message))
        return -1;
    if (message.own != listing->own)
        return 0;
    listing->text = es_sim_resize(listing->text, listing->len + message.text.len + 2);
    memcpy(listing->text + listing->len, message.text.ptr, message.text.len);
    listing->len += message.text.len;
    listing->text[listing->len++] = '\n';
    listing->text[listing->len] = '\0';
    return 0;
}

char *pair_shown(const struct pair *pair, uint32_t node, const char *who, bool own)
{
    struct listing listing = {.own = own, .text = es_sim_resize(NULL, 1)};
    struct es_page page = {.conversation = pair_contact(pair, node, who).contact,
                           .before = UINT64_MAX,
                           .limit = ES_STORE_PAGE_ROWS_MAX};
    struct es_store_reader *reader = pair->nodes[node].reader;

    listing.text[0] = '\0';
    do {
        page.after = listing.order;
        if (reader->ops->page(reader, &page, list, &listing) != 0)
            fail(pair, "a message's row is damaged");
    } while (listing.order != page.after);
    return listing.text;
}

char *pair_expected(uint32_t from, uint32_t to)
{
    char *text = es_sim_resize(NULL, (size_t)(to - from) * 24 + 1);
    size_t len = 0;

    text[0] = '\0';
    for (uint32_t i = from; i < to; i++)
        len += (size_t)snprintf(text + len, 24, "text %u\n", i);
    return text;
}

bool pair_shows(const struct pair *pair, uint32_t node, const char *who, uint32_t from, uint32_t to)
{
    char *shown = pair_shown(pair, node, who, false), *expected = pair_expected(from, to);
    bool same = strcmp(shown, expected) == 0;

    if (!same)
        fprintf(stderr, "# %s is shown:\n%s", pair_name(node), shown);
    free(shown);
    free(expected);
    return same;
}

size_t pair_times_shown(const struct pair *pair, uint32_t node, const char *who, uint32_t text)
{
    char *shown = pair_shown(pair, node, who, false), *line = pair_expected(text, text + 1);
    size_t n = 0, len = strlen(line);

    for (const char *at = shown; (at = strstr(at, line)) != NULL; at += len)
        n += at == shown || at[-1] == '\n';
    free(shown);
    free(line);
    return n;
}

void pair_send_many(struct pair *pair, uint32_t node, const char *who, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        char text[24];

        snprintf(text, sizeof(text), "text %u", i);
        if (pair_send(pair, node, who, text) != ES_OK)
            fail(pair, "a text was refused");
    }
}

/* --- Disks ------------------------------------------------------------------------------------ */

void pair_stop(struct pair *pair, uint32_t node)
{
    es_sim_node_stop(pair->world, &pair->nodes[node]);
}

void pair_start(struct pair *pair, uint32_t node)
{
    es_sim_node_start(pair->world, &pair->nodes[node]);
    if (pair->world->violation[0] != '\0')
        fail(pair, "");
}

void pair_restart(struct pair *pair, uint32_t node)
{
    pair_stop(pair, node);
    pair_start(pair, node);
}

void pair_days(struct pair *pair, uint32_t days)
{
    while (days-- > 0) {
        for (uint32_t i = 0; i < pair->world->options.nodes; i++)
            pair_stop(pair, i);
        for (uint32_t i = 0; i < pair->world->options.nodes; i++) {
            pair->nodes[i].clock.wall_offset_ms += (int64_t)PAIR_DAY_MS;
            pair_start(pair, i);
        }
        pair_run(pair, AWAKE_MS);
    }
}

struct es_store *pair_image(const struct pair *pair, uint32_t node)
{
    return es_store_memory_clone(pair->nodes[node].store);
}

void pair_restore(struct pair *pair, uint32_t node, struct es_store *image)
{
    pair_stop(pair, node);
    pair->nodes[node].store->ops->free(pair->nodes[node].store);
    pair->nodes[node].store = image;
    pair_start(pair, node);
}

void pair_cut(struct pair *pair, uint32_t a, uint32_t b, bool cut)
{
    es_sim_network_cut(pair->world, a, b, cut);
}

static int digest_row(void *ctx, const struct es_row *row)
{
    struct es_id *digest = ctx;
    const struct es_slice parts[] = {ES_SLICE_OF(digest->bytes), row->key, row->body};

    *digest = es_hash(parts, 3);
    return 0;
}

struct es_id pair_digest(const struct pair *pair, uint32_t node, const enum es_row_kind *kinds,
                         size_t n_kinds)
{
    struct es_store_reader *reader = pair->nodes[node].reader;
    struct es_id digest = {{0}};

    for (size_t i = 0; i < n_kinds; i++)
        reader->ops->each(reader, kinds[i], digest_row, &digest);
    return digest;
}

struct es_id pair_digest_all(const struct pair *pair, uint32_t node)
{
    enum es_row_kind kinds[ES_ROW_KIND_END];
    size_t n = 0;

    for (int kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++)
        kinds[n++] = (enum es_row_kind)kind;
    return pair_digest(pair, node, kinds, n);
}

static int count_row(void *ctx, const struct es_row *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return 0;
}

size_t pair_rows(const struct pair *pair, uint32_t node, enum es_row_kind kind)
{
    struct es_store_reader *reader = pair->nodes[node].reader;
    size_t n = 0;

    reader->ops->each(reader, kind, count_row, &n);
    return n;
}
