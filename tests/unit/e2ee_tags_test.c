/* SPDX-License-Identifier: ISC */
/* e2ee_tags_test.c - the tag table: against a plain list, under growth, at its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/ratchet.h"
#include "node/core/e2ee/tags.h"
#include "tests/support/e2ee_pair.h"

static struct pair_arena memory;
static struct pair_random random_state;
static struct es_entropy entropy;
static struct es_tags *tags;

static int make_table(void **state)
{
    (void)state;
    memory = (struct pair_arena){.chunks_max = PAIR_CHUNKS_MAX};
    random_state = (struct pair_random){.seed = 1};
    entropy = pair_entropy(&random_state);
    struct es_arena arena = pair_arena(&memory);

    tags = es_tags_new(&arena);
    return tags == NULL;
}

static int drop_table(void **state)
{
    (void)state;
    pair_arena_free(&memory);
    return 0;
}

static struct es_tag random_tag(void)
{
    struct es_tag tag;

    entropy.random(entropy.ctx, tag.bytes, sizeof(tag.bytes));
    return tag;
}

static uint32_t random_below(uint32_t bound)
{
    uint32_t value;

    entropy.random(entropy.ctx, &value, sizeof(value));
    return value % bound;
}

/* --- The table -------------------------------------------------------------------------------- */

#define MODEL_TAGS 1500

/* Few distinct first bytes: long runs of slots, as they rarely occur otherwise. */
static struct es_tag crowded_tag(uint32_t i)
{
    struct es_tag tag = {{(uint8_t)(i % 7), 0}};

    memcpy(tag.bytes + 8, &i, sizeof(i));
    return tag;
}

static void compare_with_model(const bool present[static MODEL_TAGS], size_t count)
{
    assert_int_equal(es_tags_count(tags), count);
    for (uint32_t i = 0; i < MODEL_TAGS; i++) {
        struct es_tag tag = crowded_tag(i);
        const struct es_tag_entry *entry = es_tags_find(tags, &tag);

        assert_int_equal(entry != NULL, present[i]);
        if (entry != NULL)
            assert_int_equal(entry->owner, i);
    }
}

static void test_random_puts_and_removals(void **state)
{
    static bool present[MODEL_TAGS];
    size_t count = 0;

    (void)state;
    memset(present, 0, sizeof(present));
    for (size_t step = 0; step < 6000; step++) {
        uint32_t i = random_below(MODEL_TAGS);
        const struct es_tag_entry entry = {.tag = crowded_tag(i), .owner = i};

        if (random_below(2) == 0) {
            assert_true(es_tags_put(tags, &entry));
            count += !present[i];
            present[i] = true;
        } else {
            es_tags_remove(tags, &entry.tag);
            count -= present[i];
            present[i] = false;
        }
        if (step % 500 == 0)
            compare_with_model(present, count);
    }
    compare_with_model(present, count);
}

static void test_later_entry_replaces_the_earlier(void **state)
{
    struct es_tag_entry entry = {.tag = random_tag(), .kind = ES_TAG_NEXT, .owner = 1};

    (void)state;
    assert_true(es_tags_put(tags, &entry));
    entry.kind = ES_TAG_GAP;
    entry.owner = 2;
    assert_true(es_tags_put(tags, &entry));
    assert_int_equal(es_tags_count(tags), 1);
    assert_int_equal(es_tags_find(tags, &entry.tag)->kind, ES_TAG_GAP);
    assert_int_equal(es_tags_find(tags, &entry.tag)->owner, 2);
}

static void test_foreign_tags_are_nobodys(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        const struct es_tag_entry entry = {.tag = random_tag(), .owner = 1};

        assert_true(es_tags_put(tags, &entry));
    }
    for (size_t i = 0; i < 5000; i++) {
        struct es_tag tag = random_tag();

        assert_null(es_tags_find(tags, &tag));
    }
}

static void test_memory_that_is_used_up(void **state)
{
    struct es_tag_entry entry = {.owner = 1};
    size_t count = 0;

    (void)state;
    memory.chunks_max = memory.n_chunks;
    for (entry.tag = random_tag(); es_tags_put(tags, &entry); entry.tag = random_tag())
        count++;
    assert_int_equal(es_tags_count(tags), count);
    assert_null(es_tags_find(tags, &entry.tag));
    for (size_t chunks = 0; chunks < 3; chunks++) {
        struct pair_arena small = {.chunks_max = chunks};
        struct es_arena arena = pair_arena(&small);

        assert_null(es_tags_new(&arena));
        pair_arena_free(&small);
    }
}

/* What is freed leaves no trace that would link a recorded envelope to this node. */
static void test_removed_tags_leave_no_trace(void **state)
{
    struct es_tag sought = random_tag();
    struct es_tag_entry entry = {.tag = sought, .owner = 1};

    (void)state;
    assert_true(es_tags_put(tags, &entry));
    for (size_t i = 0; i < 1000; i++) { /* the table is outgrown twice */
        entry.tag = random_tag();
        assert_true(es_tags_put(tags, &entry));
    }
    es_tags_remove(tags, &sought);
    for (size_t i = 0; i < memory.n_chunks; i++) {
        const uint8_t *bytes = memory.chunks[i];

        for (size_t at = 0; at + ES_TAG_BYTES <= memory.sizes[i]; at++)
            assert_memory_not_equal(bytes + at, sought.bytes, ES_TAG_BYTES);
    }
}

/* --- Windows ---------------------------------------------------------------------------------- */

static struct es_session make_session(uint32_t number)
{
    struct es_session session = {
        .number = number, .receiving = true, .own_window = ES_WINDOW, .receive = {.number = 4}};

    entropy.random(entropy.ctx, session.receive.tag_seed.bytes, ES_KEY_BYTES);
    entropy.random(entropy.ctx, session.receive_next_seed.bytes, ES_KEY_BYTES);
    return session;
}

/* Exactly the two windows stand in the table, each number once and at its place. */
static void assert_windows(const struct es_session *session)
{
    struct es_tag expected[ES_WINDOW_MAX];
    uint32_t from = session->receive.next;

    if (session->receiving) {
        es_session_tags(session, ES_EXPECT_CURRENT, from, session->own_window, expected);
        for (uint32_t i = 0; i < session->own_window; i++) {
            const struct es_tag_entry *entry = es_tags_find(tags, &expected[i]);

            assert_non_null(entry);
            assert_int_equal(entry->kind, ES_TAG_CURRENT);
            assert_int_equal(entry->owner, session->number);
            assert_int_equal(entry->at.chain, session->receive.number);
            assert_int_equal(entry->at.n, from + i);
        }
    }
    es_session_tags(session, ES_EXPECT_NEXT, 0, session->own_window, expected);
    for (uint32_t i = 0; i < session->own_window; i++) {
        const struct es_tag_entry *entry = es_tags_find(tags, &expected[i]);

        assert_non_null(entry);
        assert_int_equal(entry->kind, ES_TAG_NEXT);
        assert_int_equal(entry->owner, session->number);
        assert_int_equal(entry->at.chain, session->receiving ? session->receive.number + 1 : 0);
        assert_int_equal(entry->at.n, i);
    }
}

static void advance(struct es_session *session, uint32_t count)
{
    es_ratchet_tag_skip(&session->receive.tag_seed, count);
    session->receive.next += count;
}

/* The next chain begins and stands at `next`. */
static void turn_over(struct es_session *session, uint32_t next)
{
    uint32_t number = session->receiving ? session->receive.number + 1 : 0;

    session->receive = (struct es_chain){.number = number, .tag_seed = session->receive_next_seed};
    session->receiving = true;
    entropy.random(entropy.ctx, session->receive_next_seed.bytes, ES_KEY_BYTES);
    advance(session, next);
}

static void test_windows_follow_the_session(void **state)
{
    static const uint32_t steps[] = {1, 0, 5, ES_WINDOW, 1, ES_WINDOW - 1, 2};
    struct es_session session = make_session(9), before;

    (void)state;
    assert_true(es_tags_add_session(tags, &session));
    assert_windows(&session);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        before = session;
        if (i % 2 == 0)
            advance(&session, steps[i]);
        else
            turn_over(&session, steps[i]);
        assert_true(es_tags_move_session(tags, &before, &session));
        assert_windows(&session);
        assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW);
    }
    es_tags_remove_session(tags, &session);
    assert_int_equal(es_tags_count(tags), 0);
}

static void test_first_chain_of_all(void **state)
{
    struct es_session session = make_session(1), before;

    (void)state;
    session.receiving = false;
    session.receive = (struct es_chain){0};
    assert_true(es_tags_add_session(tags, &session));
    assert_windows(&session);
    assert_int_equal(es_tags_count(tags), ES_WINDOW);
    before = session;
    turn_over(&session, 3);
    assert_true(es_tags_move_session(tags, &before, &session));
    assert_windows(&session);
    assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW);
}

static void test_window_widens(void **state)
{
    struct es_session session = make_session(1), before;

    (void)state;
    assert_true(es_tags_add_session(tags, &session));
    before = session;
    session.own_window = ES_WINDOW_MAX;
    advance(&session, 7);
    assert_true(es_tags_move_session(tags, &before, &session));
    assert_windows(&session);
    assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW_MAX);
    before = session;
    turn_over(&session, 1);
    assert_true(es_tags_move_session(tags, &before, &session));
    assert_windows(&session);
    es_tags_remove_session(tags, &session);
    assert_int_equal(es_tags_count(tags), 0);
}

/* Numbers that the session passed over: whether they are put as gaps before the windows move or
 * after, they stay. */
static void test_gaps_outlive_their_window(void **state)
{
    (void)state;
    for (int gaps_first = 0; gaps_first < 2; gaps_first++) {
        struct es_session session = make_session((uint32_t)gaps_first), before;
        struct es_tag_entry gap = {.kind = ES_TAG_GAP, .owner = session.number};

        assert_true(es_tags_add_session(tags, &session));
        es_session_tags(&session, ES_EXPECT_CURRENT, 2, 1, &gap.tag);
        before = session;
        advance(&session, 5);
        if (gaps_first)
            assert_true(es_tags_put(tags, &gap));
        assert_true(es_tags_move_session(tags, &before, &session));
        if (!gaps_first)
            assert_true(es_tags_put(tags, &gap));
        assert_windows(&session);
        assert_int_equal(es_tags_find(tags, &gap.tag)->kind, ES_TAG_GAP);
        before = session;
        turn_over(&session, 1);
        assert_true(es_tags_move_session(tags, &before, &session));
        es_tags_remove_session(tags, &session);
        assert_int_equal(es_tags_find(tags, &gap.tag)->kind, ES_TAG_GAP);
        es_tags_remove(tags, &gap.tag);
        assert_int_equal(es_tags_count(tags), 0);
    }
}

#define SESSIONS 60

static void test_many_sessions_in_any_order(void **state)
{
    static struct es_session sessions[SESSIONS];
    size_t live = 0;

    (void)state;
    for (uint32_t i = 0; i < SESSIONS; i++) {
        sessions[i] = make_session(i * 37 % SESSIONS);
        assert_true(es_tags_add_session(tags, &sessions[i]));
        live++;
    }
    for (size_t step = 0; step < 300; step++) {
        struct es_session *session = &sessions[random_below((uint32_t)live)], before = *session;

        if (random_below(3) == 0)
            turn_over(session, 1);
        else
            advance(session, 1);
        assert_true(es_tags_move_session(tags, &before, session));
        if (step % 10 == 0) {
            es_tags_remove_session(tags, session);
            *session = sessions[--live];
        }
    }
    for (size_t i = 0; i < live; i++)
        assert_windows(&sessions[i]);
    assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW * live);
}

/* Without memory the windows are shorter than they should be; with it they catch up. */
static void test_windows_catch_up_after_memory_was_short(void **state)
{
    struct es_session session = make_session(1), after = session, other = make_session(2);
    size_t count;

    (void)state;
    other.own_window = ES_WINDOW_MAX;
    assert_true(es_tags_add_session(tags, &session));
    memory.chunks_max = memory.n_chunks;
    after.own_window = ES_WINDOW_MAX;
    turn_over(&after, 3);
    assert_false(es_tags_move_session(tags, &session, &after));
    count = es_tags_count(tags);
    assert_in_range(count, ES_WINDOW, 2 * ES_WINDOW_MAX - 1);
    memory.chunks_max = memory.n_chunks + 2; /* for some numbers of it */
    assert_false(es_tags_add_session(tags, &other));
    assert_int_equal(es_tags_count(tags), count);
    es_tags_remove_session(tags, &other);
    memory.chunks_max = PAIR_CHUNKS_MAX;
    assert_true(es_tags_move_session(tags, &after, &after));
    assert_windows(&after);
    assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW_MAX);
}

/* What a session that left had is used again. */
static void test_sessions_come_and_go_in_the_same_memory(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        struct es_session session = make_session(i);

        assert_true(es_tags_add_session(tags, &session));
        es_tags_remove_session(tags, &session);
        assert_int_equal(es_tags_count(tags), 0);
        memory.chunks_max = memory.n_chunks;
    }
}

/* Who takes a number out of a window, or puts another entry in its place, leaves the rest as it
 * was. */
static void test_numbers_leave_their_window_one_by_one(void **state)
{
    struct es_session session = make_session(1), before = session;
    struct es_tag_entry other = {.kind = ES_TAG_PENDING, .owner = 5};
    struct es_tag window[ES_WINDOW];

    (void)state;
    assert_true(es_tags_add_session(tags, &session));
    es_session_tags(&session, ES_EXPECT_CURRENT, 0, ES_WINDOW, window);
    es_tags_remove(tags, &window[0]);
    es_tags_remove(tags, &window[ES_WINDOW - 1]);
    other.tag = window[7];
    assert_true(es_tags_put(tags, &other));
    assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW - 2);
    advance(&session, ES_WINDOW);
    assert_true(es_tags_move_session(tags, &before, &session));
    assert_windows(&session);
    assert_int_equal(es_tags_count(tags), 2 * ES_WINDOW + 1);
    assert_int_equal(es_tags_find(tags, &other.tag)->owner, 5);
}

/* --- Pending handshakes ----------------------------------------------------------------------- */

static void test_pending_handshake(void **state)
{
    struct es_pending pending = {.number = 3, .gs = {{1}}}, other = {.number = 4, .gs = {{2}}};
    struct es_tag expected[ES_WINDOW];
    struct es_tag refusal = es_refusal_tag(&pending.gs);

    (void)state;
    assert_true(es_tags_add_pending(tags, &pending));
    assert_true(es_tags_add_pending(tags, &other));
    assert_int_equal(es_tags_count(tags), 2 * (ES_WINDOW + 1));
    es_pending_tags(&pending, ES_WINDOW, expected);
    for (uint32_t n = 0; n < ES_WINDOW; n++) {
        const struct es_tag_entry *entry = es_tags_find(tags, &expected[n]);

        assert_non_null(entry);
        assert_int_equal(entry->kind, ES_TAG_PENDING);
        assert_int_equal(entry->owner, 3);
        assert_int_equal(entry->at.n, n);
    }
    assert_int_equal(es_tags_find(tags, &refusal)->kind, ES_TAG_REFUSAL);
    /* One number is a session's by now: it is not the handshake's to remove. */
    const struct es_tag_entry taken = {.tag = expected[5], .kind = ES_TAG_CURRENT, .owner = 3};

    assert_true(es_tags_put(tags, &taken));
    es_tags_remove_pending(tags, &pending);
    assert_int_equal(es_tags_count(tags), ES_WINDOW + 1 + 1);
    assert_int_equal(es_tags_find(tags, &taken.tag)->kind, ES_TAG_CURRENT);
    memory.chunks_max = memory.n_chunks;
    pending.gs.bytes[0] = 3;
    while (es_tags_add_pending(tags, &pending))
        pending.gs.bytes[0]++;
    assert_int_equal((es_tags_count(tags) - 1) % (ES_WINDOW + 1), 0);
}

/* --- Linking ---------------------------------------------------------------------------------- */

#define LINKED_TAGS 100000

static int compare_tags(const void *one, const void *other)
{
    return memcmp(one, other, ES_TAG_BYTES);
}

/* E-02: a carrier that has every envelope of a pair sees no two equal tags, and no bit of them leans
 * to one side: 100,000 coins, six standard deviations. */
static void test_tags_do_not_link(void **state)
{
    static struct es_tag collected[LINKED_TAGS];
    static struct party a, b;
    struct parcel parcel;
    uint32_t ones[8 * ES_TAG_BYTES] = {0};
    uint64_t value;

    (void)state;
    party_init(&a, 1);
    party_init(&b, 2);
    pair_connect(&a, &b);
    for (size_t i = 0; i < LINKED_TAGS; i++) {
        struct party *from = i / 50 % 2 == 0 ? &a : &b, *to = from == &a ? &b : &a;

        party_send(from, 1, &parcel);
        party_acked(from);
        assert_int_equal(party_receive(to, &parcel, &value), PARTY_OPENED);
        memcpy(collected[i].bytes, parcel.bytes + ES_ENVELOPE_TAG_AT, ES_TAG_BYTES);
        for (size_t bit = 0; bit < 8 * ES_TAG_BYTES; bit++)
            ones[bit] += collected[i].bytes[bit / 8] >> (bit % 8) & 1;
    }
    qsort(collected, LINKED_TAGS, sizeof(collected[0]), compare_tags);
    for (size_t i = 1; i < LINKED_TAGS; i++)
        assert_memory_not_equal(collected[i - 1].bytes, collected[i].bytes, ES_TAG_BYTES);
    for (size_t bit = 0; bit < 8 * ES_TAG_BYTES; bit++)
        assert_in_range(ones[bit], LINKED_TAGS / 2 - 949, LINKED_TAGS / 2 + 949);
    party_done(&a);
    party_done(&b);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, make_table, drop_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(test_random_puts_and_removals),
        WITH_TABLE(test_later_entry_replaces_the_earlier),
        WITH_TABLE(test_foreign_tags_are_nobodys),
        WITH_TABLE(test_memory_that_is_used_up),
        WITH_TABLE(test_removed_tags_leave_no_trace),
        WITH_TABLE(test_windows_follow_the_session),
        WITH_TABLE(test_first_chain_of_all),
        WITH_TABLE(test_window_widens),
        WITH_TABLE(test_gaps_outlive_their_window),
        WITH_TABLE(test_many_sessions_in_any_order),
        WITH_TABLE(test_windows_catch_up_after_memory_was_short),
        WITH_TABLE(test_sessions_come_and_go_in_the_same_memory),
        WITH_TABLE(test_numbers_leave_their_window_one_by_one),
        WITH_TABLE(test_pending_handshake),
        cmocka_unit_test(test_tags_do_not_link),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
