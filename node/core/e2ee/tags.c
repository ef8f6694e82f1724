/* SPDX-License-Identifier: ISC */
/* tags.c - an open-addressed table of tags, and where each session's windows end.
 *
 * Tags come out of a KDF, so their first bytes are the hash; who makes envelopes cannot choose what
 * is looked up next to what. Slots that were freed are wiped, and so is a table that was outgrown: a
 * tag in memory links an envelope that somebody recorded to its addressee. */
#include "node/core/e2ee/tags.h"

#include <assert.h>
#include <string.h>

#include "node/core/e2ee/ratchet.h"

#define SLOTS_MIN 256
#define WINDOWS_MIN 8

struct slot {
    struct es_tag_entry entry;
    bool used;
};

/* The seed of the first number behind a window: who moves the window by one takes one step. */
struct edge {
    struct es_key seed;
    uint32_t n;
};

struct window {
    uint32_t session;
    struct edge current;
    struct edge next;
};

struct es_tags {
    struct es_arena arena;
    struct slot *slots;
    size_t n_slots; /* a power of two */
    size_t n_used;
    struct window *windows; /* sorted by session */
    size_t windows_cap;
    size_t n_windows;
};

/* --- Slots ------------------------------------------------------------------------------------ */

static size_t home_of(const struct es_tags *tags, const struct es_tag *tag)
{
    struct es_reader reader = es_reader(ES_SLICE_OF(tag->bytes));

    return (size_t)es_read_u64(&reader) & (tags->n_slots - 1);
}

static size_t slot_after(const struct es_tags *tags, size_t i)
{
    return (i + 1) & (tags->n_slots - 1);
}

static size_t distance(const struct es_tags *tags, size_t from, size_t to)
{
    return (to - from) & (tags->n_slots - 1);
}

/* The slot of the tag, or the free one where it belongs. */
static size_t slot_of(const struct es_tags *tags, const struct es_tag *tag)
{
    size_t i = home_of(tags, tag);

    while (tags->slots[i].used && !es_bytes_equal(&tags->slots[i].entry.tag, tag, sizeof(*tag)))
        i = slot_after(tags, i);
    return i;
}

static bool resize(struct es_tags *tags, size_t n_slots)
{
    struct slot *old = tags->slots;
    size_t n_old = tags->n_slots;
    struct slot *slots = tags->arena.chunk(tags->arena.ctx, n_slots * sizeof(*slots));

    if (slots == NULL)
        return false;
    tags->slots = slots;
    tags->n_slots = n_slots;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].used)
            slots[slot_of(tags, &old[i].entry.tag)] = old[i];
    es_wipe(old, n_old * sizeof(*old));
    return true;
}

/* Room for more entries: at most three quarters of the slots are used. */
static bool reserve_slots(struct es_tags *tags, size_t more)
{
    size_t n_slots = tags->n_slots;

    while ((tags->n_used + more) * 4 > n_slots * 3)
        n_slots *= 2;
    return n_slots == tags->n_slots || resize(tags, n_slots);
}

static void put_slot(struct es_tags *tags, const struct es_tag_entry *entry)
{
    struct slot *slot = &tags->slots[slot_of(tags, &entry->tag)];

    tags->n_used += slot->used ? 0 : 1;
    slot->entry = *entry;
    slot->used = true;
}

/* Frees a slot and moves up whatever its being taken had pushed on: no tombstones. */
static void free_slot(struct es_tags *tags, size_t hole)
{
    for (size_t i = slot_after(tags, hole); tags->slots[i].used; i = slot_after(tags, i)) {
        size_t home = home_of(tags, &tags->slots[i].entry.tag);

        if (distance(tags, home, i) >= distance(tags, hole, i)) {
            tags->slots[hole] = tags->slots[i];
            hole = i;
        }
    }
    es_wipe(&tags->slots[hole], sizeof(tags->slots[hole]));
    tags->n_used--;
}

/* Frees the tag's slot if it still stands for this kind and owner: a number of a window may have
 * become a gap, one of a pending handshake a session's. */
static void free_tag_of(struct es_tags *tags, const struct es_tag *tag, enum es_tag_kind kind,
                        uint32_t owner)
{
    size_t i = slot_of(tags, tag);
    const struct slot *slot = &tags->slots[i];

    if (slot->used && slot->entry.kind == kind && slot->entry.owner == owner)
        free_slot(tags, i);
}

const struct es_tag_entry *es_tags_find(const struct es_tags *tags, const struct es_tag *tag)
{
    const struct slot *slot = &tags->slots[slot_of(tags, tag)];

    return slot->used ? &slot->entry : NULL;
}

bool es_tags_put(struct es_tags *tags, const struct es_tag_entry *entry)
{
    if (!reserve_slots(tags, 1))
        return false;
    put_slot(tags, entry);
    return true;
}

void es_tags_remove(struct es_tags *tags, const struct es_tag *tag)
{
    size_t i = slot_of(tags, tag);

    if (tags->slots[i].used)
        free_slot(tags, i);
}

size_t es_tags_count(const struct es_tags *tags)
{
    return tags->n_used;
}

/* --- Windows ---------------------------------------------------------------------------------- */

/* The place of the session's window, or where it belongs. */
static size_t window_place(const struct es_tags *tags, uint32_t session)
{
    size_t low = 0, high = tags->n_windows;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tags->windows[middle].session < session)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool reserve_window(struct es_tags *tags)
{
    struct window *old = tags->windows;
    size_t cap = tags->windows_cap * 2;

    if (tags->n_windows < tags->windows_cap)
        return true;
    struct window *windows = tags->arena.chunk(tags->arena.ctx, cap * sizeof(*windows));

    if (windows == NULL)
        return false;
    memcpy(windows, old, tags->n_windows * sizeof(*windows));
    es_wipe(old, tags->n_windows * sizeof(*old));
    tags->windows = windows;
    tags->windows_cap = cap;
    return true;
}

static struct window *insert_window(struct es_tags *tags, uint32_t session)
{
    size_t place = window_place(tags, session);
    struct window *at = &tags->windows[place];

    assert(place == tags->n_windows || at->session != session);
    memmove(at + 1, at, (tags->n_windows - place) * sizeof(*at));
    *at = (struct window){.session = session};
    tags->n_windows++;
    return at;
}

static struct window *find_window(struct es_tags *tags, uint32_t session)
{
    size_t place = window_place(tags, session);

    assert(place < tags->n_windows && tags->windows[place].session == session);
    return &tags->windows[place];
}

static void remove_window(struct es_tags *tags, struct window *at)
{
    struct window *last = &tags->windows[--tags->n_windows];

    memmove(at, at + 1, (size_t)(last - at) * sizeof(*at));
    es_wipe(last, sizeof(*last));
}

struct es_tags *es_tags_new(const struct es_arena *arena)
{
    struct es_tags *tags = arena->chunk(arena->ctx, sizeof(*tags));

    if (tags == NULL)
        return NULL;
    tags->arena = *arena;
    tags->n_slots = SLOTS_MIN;
    tags->windows_cap = WINDOWS_MIN;
    tags->slots = arena->chunk(arena->ctx, tags->n_slots * sizeof(*tags->slots));
    tags->windows = arena->chunk(arena->ctx, tags->windows_cap * sizeof(*tags->windows));
    return tags->slots != NULL && tags->windows != NULL ? tags : NULL;
}

/* --- Sessions --------------------------------------------------------------------------------- */

/* Puts the numbers from the edge on up to `end`; there must be room. */
static void extend(struct es_tags *tags, struct edge *edge, enum es_tag_kind kind, uint32_t session,
                   uint32_t chain, uint32_t end)
{
    struct es_tag_entry entry = {.kind = kind, .owner = session, .at.chain = chain};

    for (; edge->n < end; edge->n++) {
        entry.at.n = edge->n;
        es_ratchet_tag_step(&edge->seed, &entry.tag, NULL);
        put_slot(tags, &entry);
    }
}

/* Drops `count` numbers of a window, seed standing at the first. */
static void drop(struct es_tags *tags, const struct es_key *seed, uint32_t count,
                 enum es_tag_kind kind, uint32_t session)
{
    struct es_key at = *seed;
    struct es_tag tag;

    for (uint32_t i = 0; i < count; i++) {
        es_ratchet_tag_step(&at, &tag, NULL);
        free_tag_of(tags, &tag, kind, session);
    }
    es_wipe(&at, sizeof(at));
}

static uint32_t next_chain(const struct es_session *session)
{
    return session->receiving ? session->receive.number + 1 : 0;
}

/* Puts both windows from their beginnings. */
static void put_windows(struct es_tags *tags, struct window *window,
                        const struct es_session *session)
{
    const struct es_chain *chain = &session->receive;

    if (session->receiving) {
        window->current = (struct edge){chain->tag_seed, chain->next};
        extend(tags, &window->current, ES_TAG_CURRENT, session->number, chain->number,
               chain->next + session->own_window);
    }
    window->next = (struct edge){session->receive_next_seed, 0};
    extend(tags, &window->next, ES_TAG_NEXT, session->number, next_chain(session),
           session->own_window);
}

bool es_tags_add_session(struct es_tags *tags, const struct es_session *session)
{
    if (!reserve_slots(tags, 2 * (size_t)session->own_window) || !reserve_window(tags))
        return false;
    put_windows(tags, insert_window(tags, session->number), session);
    return true;
}

void es_tags_remove_session(struct es_tags *tags, const struct es_session *session)
{
    if (session->receiving)
        drop(tags, &session->receive.tag_seed, session->own_window, ES_TAG_CURRENT,
             session->number);
    drop(tags, &session->receive_next_seed, session->own_window, ES_TAG_NEXT, session->number);
    remove_window(tags, find_window(tags, session->number));
}

/* The receiving chain is the one it was, further on or with a wider window. */
static bool slide(struct es_tags *tags, struct window *window, const struct es_session *before,
                  const struct es_session *after)
{
    const struct es_chain *chain = &after->receive;
    uint32_t moved = chain->next - before->receive.next;
    size_t widened = (size_t)(after->own_window - before->own_window);

    if (!reserve_slots(tags, moved + 2 * widened))
        return false;
    if (after->receiving) {
        drop(tags, &before->receive.tag_seed, moved, ES_TAG_CURRENT, after->number);
        extend(tags, &window->current, ES_TAG_CURRENT, after->number, chain->number,
               chain->next + after->own_window);
    }
    extend(tags, &window->next, ES_TAG_NEXT, after->number, next_chain(after), after->own_window);
    return true;
}

/* The chain after it has begun: what is left of the old one goes, the next becomes the current. */
static bool turn(struct es_tags *tags, struct window *window, const struct es_session *before,
                 const struct es_session *after)
{
    if (!reserve_slots(tags, 2 * (size_t)after->own_window))
        return false;
    if (before->receiving)
        drop(tags, &before->receive.tag_seed, before->own_window, ES_TAG_CURRENT, after->number);
    drop(tags, &before->receive_next_seed, after->receive.next, ES_TAG_NEXT, after->number);
    put_windows(tags, window, after);
    return true;
}

bool es_tags_move_session(struct es_tags *tags, const struct es_session *before,
                          const struct es_session *after)
{
    struct window *window = find_window(tags, after->number);

    assert(before->number == after->number && before->own_window <= after->own_window);
    if (next_chain(before) == next_chain(after))
        return slide(tags, window, before, after);
    return turn(tags, window, before, after);
}

/* --- Pending handshakes ----------------------------------------------------------------------- */

bool es_tags_add_pending(struct es_tags *tags, const struct es_pending *pending)
{
    struct es_tag_entry entry = {.owner = pending->number};
    struct es_tag accepting[ES_WINDOW];

    if (!reserve_slots(tags, ES_WINDOW + 1))
        return false;
    es_pending_tags(pending, ES_WINDOW, accepting);
    entry.kind = ES_TAG_PENDING;
    for (uint32_t n = 0; n < ES_WINDOW; n++) {
        entry.tag = accepting[n];
        entry.at.n = n;
        put_slot(tags, &entry);
    }
    entry.kind = ES_TAG_REFUSAL;
    entry.tag = es_refusal_tag(&pending->gs);
    entry.at.n = 0;
    put_slot(tags, &entry);
    return true;
}

void es_tags_remove_pending(struct es_tags *tags, const struct es_pending *pending)
{
    struct es_tag accepting[ES_WINDOW];
    struct es_tag refusal = es_refusal_tag(&pending->gs);

    es_pending_tags(pending, ES_WINDOW, accepting);
    for (uint32_t n = 0; n < ES_WINDOW; n++)
        free_tag_of(tags, &accepting[n], ES_TAG_PENDING, pending->number);
    free_tag_of(tags, &refusal, ES_TAG_REFUSAL, pending->number);
}
