/* SPDX-License-Identifier: ISC */
/* tags.c - an open-addressed table of tags, and each session's windows as queues of its entries.
 *
 * Tags come out of a KDF, so their first bytes are the hash; who makes envelopes cannot choose what
 * is looked up next to what. An entry that leaves is wiped: a tag in memory links an envelope that
 * somebody recorded to its addressee. */
#include "node/core/e2ee/tags.h"

#include <assert.h>
#include <string.h>

#include "node/core/e2ee/ratchet.h"
#include "node/core/pool.h"

#define SLOTS_MIN 256
#define SESSIONS_MIN 8

struct node {
    struct node *prev, *next; /* in its window; itself when it stands alone */
    struct es_tag_entry entry;
};

/* Numbers that are waited for, in order, and the seed of the one behind them: moving a window by one
 * takes one step. */
struct window {
    struct node ends; /* the list's head and tail; its entry is not used */
    struct es_key seed;
    uint32_t n;
};

struct watched {
    uint32_t session;
    unsigned current; /* which of both windows; the other one is of the next chain */
    struct window windows[2];
};

struct es_tags {
    struct es_arena arena;
    struct es_pool nodes;
    struct node **slots;
    size_t n_slots; /* a power of two */
    size_t n_used;
    struct es_pool watched_pool;
    struct watched **watched; /* sorted by session */
    size_t watched_cap;
    size_t n_watched;
};

struct es_tags *es_tags_new(const struct es_arena *arena)
{
    struct es_tags *tags = arena->chunk(arena->ctx, sizeof(*tags));

    if (tags == NULL)
        return NULL;
    tags->arena = *arena;
    es_pool_init(&tags->nodes, &tags->arena, sizeof(struct node), SIZE_MAX);
    es_pool_init(&tags->watched_pool, &tags->arena, sizeof(struct watched), SIZE_MAX);
    tags->n_slots = SLOTS_MIN;
    tags->slots = arena->chunk(arena->ctx, tags->n_slots * sizeof(*tags->slots));
    tags->watched_cap = SESSIONS_MIN;
    tags->watched = arena->chunk(arena->ctx, tags->watched_cap * sizeof(*tags->watched));
    return tags->slots != NULL && tags->watched != NULL ? tags : NULL;
}

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

    while (tags->slots[i] != NULL && !es_bytes_equal(&tags->slots[i]->entry.tag, tag, sizeof(*tag)))
        i = slot_after(tags, i);
    return i;
}

/* Room for one more: at most half of the slots are used, so that a foreign tag is soon known for
 * one. */
static bool reserve_slot(struct es_tags *tags)
{
    struct node **old = tags->slots;
    size_t n_old = tags->n_slots;

    if ((tags->n_used + 1) * 2 <= n_old)
        return true;
    struct node **slots = tags->arena.chunk(tags->arena.ctx, 2 * n_old * sizeof(*slots));

    if (slots == NULL)
        return false;
    tags->slots = slots;
    tags->n_slots = 2 * n_old;
    for (size_t i = 0; i < n_old; i++)
        if (old[i] != NULL)
            slots[slot_of(tags, &old[i]->entry.tag)] = old[i];
    return true;
}

/* Frees a slot and moves up whatever its being taken had pushed on: no tombstones. */
static void free_slot(struct es_tags *tags, size_t hole)
{
    for (size_t i = slot_after(tags, hole); tags->slots[i] != NULL; i = slot_after(tags, i)) {
        size_t home = home_of(tags, &tags->slots[i]->entry.tag);

        if (distance(tags, home, i) >= distance(tags, hole, i)) {
            tags->slots[hole] = tags->slots[i];
            hole = i;
        }
    }
    tags->slots[hole] = NULL;
    tags->n_used--;
}

/* --- Entries ---------------------------------------------------------------------------------- */

static void leave_window(struct node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = node;
}

static void enter_window(struct window *window, struct node *node)
{
    node->prev = window->ends.prev;
    node->next = &window->ends;
    node->prev->next = node->next->prev = node;
}

static void free_entry(struct es_tags *tags, size_t slot)
{
    struct node *node = tags->slots[slot];

    leave_window(node);
    free_slot(tags, slot);
    es_pool_put(&tags->nodes, node);
}

/* The entry's node, in no window: the one that has its tag, or a new one. NULL when the arena is used
 * up. */
static struct node *place_entry(struct es_tags *tags, const struct es_tag_entry *entry)
{
    struct node *node = tags->slots[slot_of(tags, &entry->tag)];

    if (node != NULL) {
        leave_window(node);
    } else {
        node = reserve_slot(tags) ? es_pool_get(&tags->nodes) : NULL;
        if (node == NULL)
            return NULL;
        node->prev = node->next = node;
        tags->slots[slot_of(tags, &entry->tag)] = node;
        tags->n_used++;
    }
    node->entry = *entry;
    return node;
}

const struct es_tag_entry *es_tags_find(const struct es_tags *tags, const struct es_tag *tag)
{
    const struct node *node = tags->slots[slot_of(tags, tag)];

    return node != NULL ? &node->entry : NULL;
}

bool es_tags_put(struct es_tags *tags, const struct es_tag_entry *entry)
{
    return place_entry(tags, entry) != NULL;
}

void es_tags_remove(struct es_tags *tags, const struct es_tag *tag)
{
    size_t slot = slot_of(tags, tag);

    if (tags->slots[slot] != NULL)
        free_entry(tags, slot);
}

size_t es_tags_count(const struct es_tags *tags)
{
    return tags->n_used;
}

/* --- Windows ---------------------------------------------------------------------------------- */

static void begin_window(struct window *window, const struct es_key *seed, uint32_t n)
{
    window->ends.prev = window->ends.next = &window->ends;
    window->seed = *seed;
    window->n = n;
}

/* Waits for further numbers up to `end`. False when the arena is used up: the window is then shorter,
 * and is extended by the next move. */
static bool extend_window(struct es_tags *tags, struct window *window, enum es_tag_kind kind,
                          uint32_t session, uint32_t chain, uint32_t end)
{
    struct es_tag_entry entry = {.kind = kind, .owner = session, .at.chain = chain};

    while (window->n < end) {
        struct es_key seed = window->seed;

        es_ratchet_tag_step(&seed, &entry.tag, NULL);
        entry.at.n = window->n;
        struct node *node = place_entry(tags, &entry);

        if (node != NULL) {
            enter_window(window, node);
            window->seed = seed;
            window->n++;
        }
        es_wipe(&seed, sizeof(seed));
        if (node == NULL)
            return false;
    }
    return true;
}

/* Waits no longer for numbers below n. What became a gap has left the window and stays. */
static void cut_window(struct es_tags *tags, struct window *window, uint32_t n)
{
    while (window->ends.next != &window->ends && window->ends.next->entry.at.n < n)
        free_entry(tags, slot_of(tags, &window->ends.next->entry.tag));
}

/* --- Sessions --------------------------------------------------------------------------------- */

/* The session's place among the watched, or where it belongs. */
static size_t watched_place(const struct es_tags *tags, uint32_t session)
{
    size_t low = 0, high = tags->n_watched;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tags->watched[middle]->session < session)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool reserve_watched(struct es_tags *tags)
{
    size_t cap = tags->watched_cap * 2;

    if (tags->n_watched < tags->watched_cap)
        return true;
    struct watched **watched = tags->arena.chunk(tags->arena.ctx, cap * sizeof(*watched));

    if (watched == NULL)
        return false;
    memcpy(watched, tags->watched, tags->n_watched * sizeof(*watched));
    tags->watched = watched;
    tags->watched_cap = cap;
    return true;
}

/* NULL when the session is not watched. */
static struct watched *find_watched(const struct es_tags *tags, uint32_t session)
{
    size_t place = watched_place(tags, session);

    if (place == tags->n_watched || tags->watched[place]->session != session)
        return NULL;
    return tags->watched[place];
}

static struct watched *insert_watched(struct es_tags *tags, uint32_t session)
{
    size_t place = watched_place(tags, session);

    assert(find_watched(tags, session) == NULL);
    struct watched *watched = reserve_watched(tags) ? es_pool_get(&tags->watched_pool) : NULL;

    if (watched == NULL)
        return NULL;
    watched->session = session;
    memmove(&tags->watched[place + 1], &tags->watched[place],
            (tags->n_watched - place) * sizeof(*tags->watched));
    tags->watched[place] = watched;
    tags->n_watched++;
    return watched;
}

static uint32_t next_chain(const struct es_session *session)
{
    return session->receiving ? session->receive.number + 1 : 0;
}

/* Both windows up to their ends. */
static bool extend_both(struct es_tags *tags, struct watched *watched,
                        const struct es_session *session)
{
    struct window *current = &watched->windows[watched->current];
    struct window *next = &watched->windows[!watched->current];
    const struct es_chain *chain = &session->receive;

    if (session->receiving && !extend_window(tags, current, ES_TAG_CURRENT, session->number,
                                             chain->number, chain->next + session->own_window))
        return false;
    return extend_window(tags, next, ES_TAG_NEXT, session->number, next_chain(session),
                         session->own_window);
}

bool es_tags_add_session(struct es_tags *tags, const struct es_session *session)
{
    struct watched *watched = insert_watched(tags, session->number);

    if (watched == NULL)
        return false;
    begin_window(&watched->windows[watched->current], &session->receive.tag_seed,
                 session->receive.next);
    begin_window(&watched->windows[!watched->current], &session->receive_next_seed, 0);
    if (extend_both(tags, watched, session))
        return true;
    es_tags_remove_session(tags, session);
    return false;
}

void es_tags_remove_session(struct es_tags *tags, const struct es_session *session)
{
    size_t place = watched_place(tags, session->number);
    struct watched *watched = find_watched(tags, session->number);

    if (watched == NULL)
        return;
    cut_window(tags, &watched->windows[0], UINT32_MAX);
    cut_window(tags, &watched->windows[1], UINT32_MAX);
    es_pool_put(&tags->watched_pool, watched);
    tags->n_watched--;
    memmove(&tags->watched[place], &tags->watched[place + 1],
            (tags->n_watched - place) * sizeof(*tags->watched));
}

/* The next chain has begun: its window becomes the current one. */
static void turn_windows(struct es_tags *tags, struct watched *watched,
                         const struct es_session *after)
{
    struct window *old = &watched->windows[watched->current];
    struct window *begun = &watched->windows[!watched->current];

    cut_window(tags, old, UINT32_MAX);
    begin_window(old, &after->receive_next_seed, 0);
    for (struct node *node = begun->ends.next; node != &begun->ends; node = node->next)
        node->entry.kind = ES_TAG_CURRENT;
    watched->current = !watched->current;
}

bool es_tags_move_session(struct es_tags *tags, const struct es_session *before,
                          const struct es_session *after)
{
    struct watched *watched = find_watched(tags, after->number);

    assert(before->number == after->number && before->own_window <= after->own_window);
    if (watched == NULL)
        return false;
    if (next_chain(before) != next_chain(after))
        turn_windows(tags, watched, after);
    cut_window(tags, &watched->windows[watched->current], after->receive.next);
    return extend_both(tags, watched, after);
}

/* --- Pending handshakes ----------------------------------------------------------------------- */

bool es_tags_add_pending(struct es_tags *tags, const struct es_pending *pending)
{
    struct es_tag_entry entry = {
        .kind = ES_TAG_REFUSAL, .owner = pending->number, .tag = es_refusal_tag(&pending->gs)};
    struct es_tag accepting[ES_WINDOW];
    bool placed = es_tags_put(tags, &entry);

    es_pending_tags(pending, ES_WINDOW, accepting);
    entry.kind = ES_TAG_PENDING;
    for (uint32_t n = 0; placed && n < ES_WINDOW; n++) {
        entry.tag = accepting[n];
        entry.at.n = n;
        placed = es_tags_put(tags, &entry);
    }
    if (!placed)
        es_tags_remove_pending(tags, pending);
    return placed;
}

/* A number may be a session's by now: then it is not the handshake's to remove. */
static void remove_if_pending(struct es_tags *tags, const struct es_tag *tag, enum es_tag_kind kind)
{
    size_t slot = slot_of(tags, tag);
    const struct node *node = tags->slots[slot];

    if (node != NULL && node->entry.kind == kind)
        free_entry(tags, slot);
}

void es_tags_remove_pending(struct es_tags *tags, const struct es_pending *pending)
{
    struct es_tag accepting[ES_WINDOW];
    struct es_tag refusal = es_refusal_tag(&pending->gs);

    es_pending_tags(pending, ES_WINDOW, accepting);
    for (uint32_t n = 0; n < ES_WINDOW; n++)
        remove_if_pending(tags, &accepting[n], ES_TAG_PENDING);
    remove_if_pending(tags, &refusal, ES_TAG_REFUSAL);
}
