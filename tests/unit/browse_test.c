/* SPDX-License-Identifier: ISC */
/* browse_test.c - the table of adverts: what is resolved, reported, refused, forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "discovery/beacon.h"
#include "discovery/browse.h"

struct table {
    struct es_browse browse;
    struct es_interfaces interfaces;
    struct es_resolving resolving;
    unsigned seen, gone, resolved, cancelled;
    struct es_endpoint last_seen;
    struct es_dh_public last_gone;
    char last_asked[ES_INSTANCE_CHARS + 1];
    uint32_t random;
};

static void on_seen(void *ctx, const struct es_endpoint *at, const struct es_advert *advert)
{
    struct table *table = ctx;
    (void)advert;
    table->seen++;
    table->last_seen = *at;
}

static void on_gone(void *ctx, const struct es_dh_public *link_key)
{
    struct table *table = ctx;
    table->gone++;
    table->last_gone = *link_key;
}

static void next_random(void *ctx, void *buf, size_t len)
{
    struct table *table = ctx;
    table->random = table->random * 1103515245u + 12345u;
    assert_int_equal(len, sizeof(table->random));
    memcpy(buf, &table->random, len);
}

static void *resolve(void *ctx, const struct es_instance *instance)
{
    struct table *table = ctx;
    table->resolved++;
    memcpy(table->last_asked, instance->name, sizeof(table->last_asked));
    return table;
}

static void cancel(void *resolver)
{
    struct table *table = resolver;
    table->cancelled++;
}

static int set_up(void **state)
{
    struct table *table = calloc(1, sizeof(*table));

    assert_non_null(table);
    table->browse.callbacks.ctx = table;
    table->browse.callbacks.seen = on_seen;
    table->browse.callbacks.gone = on_gone;
    table->browse.entropy = (struct es_entropy){.ctx = table, .random = next_random};
    table->browse.interfaces = &table->interfaces;
    table->resolving = (struct es_resolving){.ctx = table, .resolve = resolve, .cancel = cancel};
    table->interfaces.n = 1;
    table->interfaces.list[0] = (struct es_interface_address){.name = "eth0",
                                                              .index = 2,
                                                              .family = AF_INET,
                                                              .bytes = {10, 1, 2, 3},
                                                              .mask = {255, 255, 255, 0}};
    *state = table;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static const char *name_of(unsigned number)
{
    static char name[ES_INSTANCE_CHARS + 1];
    (void)snprintf(name, sizeof(name), "%016u", number);
    return name;
}

static void add(struct table *table, unsigned number)
{
    es_browse_added(&table->browse, 2, AVAHI_PROTO_INET, name_of(number));
}

static void drop(struct table *table, unsigned number)
{
    es_browse_removed(&table->browse, &table->resolving, 2, AVAHI_PROTO_INET, name_of(number));
}

static void proceed(struct table *table, uint64_t now_ms)
{
    es_browse_continue(&table->browse, &table->resolving, now_ms);
}

/* The result for a name: an advert with this link key at 10.1.2.host. */
static void answer(struct table *table, unsigned number, uint8_t link_key, uint8_t host)
{
    struct es_advert advert = {.link_key = {{link_key}}};
    const AvahiAddress address = {.proto = AVAHI_PROTO_INET,
                                  .data.ipv4.address = htonl(0x0a010200u + host)};
    uint8_t bytes[ES_TXT_BYTES_MAX];
    const size_t len = es_advert_encode(bytes, sizeof(bytes), &advert);
    AvahiStringList *txt = NULL;

    assert_int_equal(avahi_string_list_parse(bytes, len, &txt), 0);
    es_browse_resolved(&table->browse, 2, AVAHI_PROTO_INET, name_of(number), &address, 4000, txt);
    avahi_string_list_free(txt);
}

static void find(struct table *table, unsigned number, uint8_t link_key)
{
    add(table, number);
    proceed(table, 0);
    answer(table, number, link_key, 9);
}

static void a_name_is_resolved_once_and_reported(void **state)
{
    struct table *table = *state;

    add(table, 1);
    add(table, 1);
    proceed(table, 0);
    proceed(table, 1);
    assert_int_equal(table->resolved, 1);
    assert_int_equal(table->seen, 0);
    answer(table, 1, 7, 9);
    assert_int_equal(table->seen, 1);
    assert_string_equal(table->last_seen.host, "10.1.2.9");
    assert_int_equal(table->last_seen.port, 4000);
    answer(table, 1, 7, 9);
    proceed(table, 2);
    assert_int_equal(table->seen, 1);
    assert_int_equal(table->resolved, 1);
}

static void a_link_key_is_gone_with_the_last_of_its_names(void **state)
{
    struct table *table = *state;

    find(table, 1, 7);
    find(table, 2, 7);
    find(table, 3, 8);
    drop(table, 1);
    assert_int_equal(table->gone, 0);
    drop(table, 2);
    assert_int_equal(table->gone, 1);
    assert_int_equal(table->last_gone.bytes[0], 7);
    drop(table, 2);
    assert_int_equal(table->gone, 1);
}

static void what_goes_before_it_is_resolved_is_not_reported(void **state)
{
    struct table *table = *state;

    add(table, 1);
    drop(table, 1);
    proceed(table, 0);
    assert_int_equal(table->resolved, 0);
    add(table, 2);
    proceed(table, 0);
    drop(table, 2);
    assert_int_equal(table->cancelled, 1);
    answer(table, 2, 7, 9);
    assert_int_equal(table->seen + table->gone, 0);
    assert_int_equal(table->browse.n_resolving + table->browse.n_waiting + table->browse.n, 0);
}

static void ones_own_advert_is_not_reported(void **state)
{
    struct table *table = *state;

    table->browse.own.bytes[0] = 7;
    find(table, 1, 7);
    drop(table, 1);
    assert_int_equal(table->seen + table->gone, 0);
    assert_int_equal(table->browse.refused, 0);
    assert_true(table->browse.own_heard);
}

static void names_of_another_form_are_refused(void **state)
{
    struct table *table = *state;
    static const char *const names[] = {"",
                                        "a",
                                        "0123456789ABCDEF",
                                        "0123456789abcdeu",
                                        "0123456789abcdefg",
                                        "0123456789abcde\xff"};
    const size_t n = sizeof(names) / sizeof(names[0]);

    for (size_t i = 0; i < n; i++)
        es_browse_added(&table->browse, 2, AVAHI_PROTO_INET, names[i]);
    assert_int_equal(table->browse.n, 0);
    assert_int_equal(table->browse.refused, n);
}

static void an_unanswered_name_is_tried_again_but_not_for_ever(void **state)
{
    struct table *table = *state;

    add(table, 1);
    for (unsigned i = 0; i < 10; i++) {
        proceed(table, i);
        es_browse_unresolved(&table->browse, 2, AVAHI_PROTO_INET, name_of(1));
    }
    assert_int_equal(table->resolved, ES_RESOLVE_TRIES);
    es_browse_reconsider(&table->browse);
    proceed(table, 20);
    answer(table, 1, 7, 9);
    assert_int_equal(table->seen, 1);
}

static void a_foreign_address_is_refused_until_its_network_is_ours(void **state)
{
    struct table *table = *state;

    table->interfaces.list[0].bytes[2] = 99;
    find(table, 1, 7);
    assert_int_equal(table->seen, 0);
    assert_int_equal(table->browse.refused, 1);
    table->interfaces.list[0].bytes[2] = 2;
    es_browse_reconsider(&table->browse);
    proceed(table, 1);
    answer(table, 1, 7, 9);
    assert_int_equal(table->seen, 1);
}

static void a_newcomer_is_asked_soon_whatever_waits(void **state)
{
    struct table *table = *state;
    uint64_t now_ms = 0;
    bool asked = false;

    for (unsigned i = 0; i < ES_INSTANCES_MAX - 1; i++)
        add(table, i);
    proceed(table, now_ms);
    assert_int_equal(table->browse.n_resolving, ES_RESOLVERS_MAX);
    add(table, 9999);
    while (!asked && now_ms < 2000) {
        const unsigned before = table->resolved;
        now_ms += 100;
        proceed(table, now_ms);
        for (size_t i = 0; i < table->browse.n; i++)
            asked = asked || (table->browse.rows[i].tries > 0 &&
                              strcmp(table->browse.rows[i].name, name_of(9999)) == 0);
        assert_true(table->resolved - before <= ES_RESOLVERS_MAX);
    }
    assert_true(asked);
    assert_true(now_ms <= 2 * ES_RESOLVE_MS_CROWDED);
}

static void a_full_table_says_so_and_starts_afresh(void **state)
{
    struct table *table = *state;

    find(table, 0, 7);
    for (unsigned i = 1; i < ES_INSTANCES_MAX; i++)
        add(table, i);
    assert_false(table->browse.full);
    add(table, ES_INSTANCES_MAX);
    assert_true(table->browse.full);
    assert_int_equal(table->browse.refused, 1);
    proceed(table, 0);

    es_browse_suspend(&table->browse, &table->resolving);
    assert_false(table->browse.full);
    assert_int_equal(table->browse.n, 1);
    assert_int_equal(table->cancelled, ES_RESOLVERS_MAX);
    assert_int_equal(table->gone, 0);
}

static void what_is_not_seen_again_after_a_restart_is_gone(void **state)
{
    struct table *table = *state;

    find(table, 1, 7);
    find(table, 2, 8);
    es_browse_suspend(&table->browse, &table->resolving);
    add(table, 2);
    es_browse_sweep(&table->browse);
    assert_int_equal(table->gone, 1);
    assert_int_equal(table->last_gone.bytes[0], 7);
    assert_int_equal(table->seen, 2);
    drop(table, 2);
    assert_int_equal(table->gone, 2);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(a_name_is_resolved_once_and_reported),
        WITH_TABLE(a_link_key_is_gone_with_the_last_of_its_names),
        WITH_TABLE(what_goes_before_it_is_resolved_is_not_reported),
        WITH_TABLE(ones_own_advert_is_not_reported),
        WITH_TABLE(names_of_another_form_are_refused),
        WITH_TABLE(an_unanswered_name_is_tried_again_but_not_for_ever),
        WITH_TABLE(a_foreign_address_is_refused_until_its_network_is_ours),
        WITH_TABLE(a_newcomer_is_asked_soon_whatever_waits),
        WITH_TABLE(a_full_table_says_so_and_starts_afresh),
        WITH_TABLE(what_is_not_seen_again_after_a_restart_is_gone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
