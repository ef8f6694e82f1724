/* SPDX-License-Identifier: ISC */
/* sim_links_test.c - links behave as connections, envelopes and strangers as they may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/faults.h"
#include "tests/support/core_pair.h"

#define TEXTS 40

/* Ada writes to Bob while this happens; then it ends, and everything must be there. */
static struct pair *talk(void (*fault)(struct es_sim_options *options))
{
    struct pair *pair = pair_of_contacts();

    fault(&pair->world->options);
    pair->world->calm = false;
    for (uint32_t i = 0; i < TEXTS; i++) {
        pair_send_many(pair, ADA, "bob", i, i + 1);
        pair_run(pair, 500);
    }
    pair->world->calm = true;
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, BOB, "ada", 0, TEXTS));
    return pair;
}

static size_t links_made(const struct pair *pair)
{
    return pair->world->n_links;
}

static void cut(struct es_sim_options *options)
{
    options->link_cut = 100;
}

static void a_link_that_breaks_is_made_again(void **state)
{
    struct pair *pair = talk(cut);

    (void)state;
    assert_true(links_made(pair) > 3);
    pair_free(pair);
}

static void stall(struct es_sim_options *options)
{
    options->stall = 200;
    options->stall_ms_max = 5000;
}

static void a_link_that_stalls_stays(void **state)
{
    struct pair *still = pair_of_contacts(), *pair = talk(stall);

    (void)state;
    assert_int_equal(links_made(pair), links_made(still));
    pair_free(still);
    pair_free(pair);
}

static void worst_envelopes(struct es_sim_options *options)
{
    options->loss = options->duplicate = options->reorder = options->corrupt = 300;
}

/* What a connection brings is no offence, whatever became of the envelopes in it. */
static void envelopes_suffer_and_links_do_not(void **state)
{
    struct pair *still = pair_of_contacts(), *pair = talk(worst_envelopes);

    (void)state;
    assert_int_equal(links_made(pair), links_made(still));
    pair_free(still);
    pair_free(pair);
}

/* Of which hardly anything may wait. */
static void slow_links(struct es_sim_options *options)
{
    options->rate = 1000;
    options->queue_bytes = 1500;
}

static void a_link_for_which_too_much_waits_breaks(void **state)
{
    struct pair *still = pair_of_contacts(), *pair = talk(slow_links);

    (void)state;
    assert_true(links_made(pair) > links_made(still));
    pair_free(still);
    pair_free(pair);
}

static void remember(struct es_sim_options *options)
{
    options->stranger_visits = 1; /* somebody listens */
}

static void what_strangers_bring_again_changes_nothing(void **state)
{
    struct pair *pair = talk(remember);
    struct es_id before = pair_digest_all(pair, BOB), after;
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_FAULTS, 0);

    (void)state;
    assert_true(pair->world->n_envelopes > TEXTS);
    for (int i = 0; i < 20; i++) {
        es_sim_strangers_visit(pair->world, &pair->nodes[BOB], &rng);
        pair_run(pair, 1000);
    }
    assert_int_equal(pair->world->n_visits, 20);
    after = pair_digest_all(pair, BOB);
    assert_memory_equal(&before, &after, sizeof(before));
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_breaks_is_made_again),
        cmocka_unit_test(a_link_that_stalls_stays),
        cmocka_unit_test(envelopes_suffer_and_links_do_not),
        cmocka_unit_test(a_link_for_which_too_much_waits_breaks),
        cmocka_unit_test(what_strangers_bring_again_changes_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
