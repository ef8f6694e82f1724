/* SPDX-License-Identifier: ISC */
/* A node dies at every batch of a whole conversation, before its commit, behind it, between its orders
 * and before anybody is told, or where it gets no more memory: it starts from its store, nothing is lost
 * or shown twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/core_pair.h"

#define TEXTS 6

static void wait_until_up(struct pair *pair, uint32_t node)
{
    while (!pair->nodes[node].up)
        pair_run(pair, 10);
}

/* Does what a person does whose command was cut off: looks whether it was done. */
static bool has_written(struct pair *pair, uint32_t node, const char *who, const char *text)
{
    char *own = pair_shown(pair, node, who, true);
    bool found = strstr(own, text) != NULL;

    free(own);
    return found;
}

static void say(struct pair *pair, uint32_t node, const char *who, uint32_t number)
{
    char text[24];
    const struct es_command send = {
        .kind = ES_CMD_SEND,
        .who = pair_slice(who),
        .send = {.text = es_slice(text, (size_t)snprintf(text, sizeof(text), "text %u", number))}};

    wait_until_up(pair, node);
    while (!pair_try(pair, node, &send)) {
        wait_until_up(pair, node);
        if (has_written(pair, node, who, text))
            return;
    }
    assert_int_equal(pair->answer.event.err, ES_OK);
}

/* A command that does no harm when it is given twice. */
static void insist(struct pair *pair, uint32_t node, enum es_command_kind kind, const char *who)
{
    const struct es_command command = {.kind = kind, .who = pair_slice(who)};

    do
        wait_until_up(pair, node);
    while (!pair_try(pair, node, &command));
    assert_int_equal(pair->answer.event.err, ES_OK);
}

static enum es_contact_state state_of(struct pair *pair, uint32_t node, const char *who)
{
    wait_until_up(pair, node);
    return pair_contact(pair, node, who).state;
}

static void become_contacts(struct pair *pair)
{
    char address[ES_ADDRESS_CHARS + 1];
    struct es_command add = {.kind = ES_CMD_ADD, .add = {.petname = pair_slice("bob")}};
    const struct es_command accept = {.kind = ES_CMD_ACCEPT, .who = pair_slice("ada")};

    pair_address(pair, BOB, address);
    add.who = pair_slice(address);
    while (state_of(pair, ADA, "bob") == 0)
        pair_try(pair, ADA, &add);
    while (state_of(pair, BOB, "ada") != ES_CONTACT_ACCEPTED) {
        pair_run(pair, 200);
        pair_try(pair, BOB, &accept);
    }
    while (state_of(pair, ADA, "bob") != ES_CONTACT_ACCEPTED)
        pair_run(pair, 200);
}

static void talk(struct pair *pair, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        say(pair, ADA, "bob", i);
        say(pair, BOB, "ada", i);
        pair_run(pair, 300);
    }
}

static void converse(struct pair *pair)
{
    become_contacts(pair);
    talk(pair, 0, TEXTS / 2);
    insist(pair, ADA, ES_CMD_READ, "bob");
    insist(pair, BOB, ES_CMD_READ, "ada");
    insist(pair, ADA, ES_CMD_RENEW, "bob");
    pair_run(pair, 5000);
    talk(pair, TEXTS / 2, TEXTS);
    wait_until_up(pair, ADA);
    wait_until_up(pair, BOB);
    assert_true(pair_settle(pair));
    pair_run(pair, 60000); /* the request for a new session is offered again */
}

static void converse_and_look(struct pair *pair)
{
    converse(pair);
    assert_true(pair_shows(pair, ADA, "bob", 0, TEXTS));
    assert_true(pair_shows(pair, BOB, "ada", 0, TEXTS));
    assert_true(pair_rows(pair, ADA, ES_ROW_SESSION) >= 2);
    assert_true(pair_rows(pair, BOB, ES_ROW_SESSION) >= 2);
    assert_true(pair_nonces_fresh(pair));
    assert_int_equal(pair_keys_reused(pair), 0);
}

/* `node` dies at the batch'th batch behind its first ones, at this point. */
static void die(uint32_t node, uint64_t batch, uint32_t point)
{
    struct pair *pair = pair_new(2);

    pair->nodes[node].crash_at = pair->nodes[node].batches + batch;
    pair->nodes[node].crash_point = point;
    converse_and_look(pair);
    assert_int_equal(pair->world->crashes, 1);
    pair_free(pair);
}

static uint64_t count_batches(uint32_t node)
{
    struct pair *pair = pair_new(2);
    uint64_t before = pair->nodes[node].batches, n;

    converse(pair);
    n = pair->nodes[node].batches - before;
    pair_free(pair);
    return n;
}

static void die_everywhere(uint32_t node)
{
    uint64_t batches = count_batches(node);

    assert_true(batches > 20);
    for (uint64_t batch = 1; batch <= batches - 5; batch++) /* a crash shifts those behind it */
        for (uint32_t point = 0; point < ES_SIM_CRASH_POINTS; point++)
            die(node, batch, point);
}

static void requester_dies_at_every_boundary(void **state)
{
    (void)state;
    die_everywhere(ADA);
}

static void acceptor_dies_at_every_boundary(void **state)
{
    (void)state;
    die_everywhere(BOB);
}

/* Half of a core's work would be kept if it went on without what it asked for. */
static void a_core_that_gets_no_memory_ends(void **state)
{
    bool died = true;
    uint64_t n = 1;

    (void)state;
    for (; died; n += 1 + n / 2)
        for (uint32_t node = ADA; node <= BOB; node++) {
            struct pair *pair = pair_new(2);

            pair->world->options.memory = 1;
            pair->nodes[node].arena.fails_in = n;
            converse_and_look(pair);
            died = pair->world->crashes > 0;
            pair_free(pair);
        }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requester_dies_at_every_boundary),
        cmocka_unit_test(acceptor_dies_at_every_boundary),
        cmocka_unit_test(a_core_that_gets_no_memory_ends),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
