/* SPDX-License-Identifier: ISC */
/* admission_test.c - addresses and what is allowed to each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/link/admission.h"

static struct es_address address_of(uint32_t i)
{
    struct es_address address;
    char text[32];

    snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
    assert_true(es_address_parse(text, &address));
    return address;
}

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct es_admission));
    return *state == NULL;
}

static int finish(void **state)
{
    free(*state);
    return 0;
}

static void addresses_have_one_form(void **state)
{
    static const struct {
        const char *text, *form; /* NULL: refused */
    } ADDRESSES[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"fe80:0:0::1%lo", "fe80::1%lo"},
        {"::1", "::1"},
        {"2001:DB8::0:1", "2001:db8::1"},
        {"", NULL},
        {"localhost", NULL},
        {"192.0.2", NULL},
        {"192.0.2.1%lo", NULL},
        {"fe80::1%", NULL},
        {"fe80::1%no-such-interface", NULL},
        {"%lo", NULL},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444:5555", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ADDRESSES) / sizeof(ADDRESSES[0]); i++) {
        struct es_address address;
        char form[ES_HOST_BYTES_MAX];

        assert_int_equal(es_address_parse(ADDRESSES[i].text, &address), ADDRESSES[i].form != NULL);
        if (ADDRESSES[i].form == NULL)
            continue;
        es_address_format(&address, form);
        assert_string_equal(form, ADDRESSES[i].form);
    }
}

static void an_address_is_one_source(void **state)
{
    const struct es_address a = address_of(1), b = address_of(2);
    struct es_source *first = es_admission_source(*state, &a, 0);

    assert_ptr_equal(es_admission_source(*state, &a, 5), first);
    assert_ptr_not_equal(es_admission_source(*state, &b, 5), first);
    assert_int_equal(first->heard_ms, 5);
}

static void handshakes_are_limited_and_allowed_again_in_time(void **state)
{
    const struct es_address address = address_of(1);
    struct es_source *source = es_admission_source(*state, &address, 1000);
    const uint64_t step_ms = 60000 / ES_SOURCE_HANDSHAKES_PER_MINUTE;
    size_t admitted = 0;

    for (size_t i = 0; i < 2 * ES_SOURCE_HANDSHAKES_BURST; i++)
        admitted += es_source_handshake(source, 1000);
    assert_int_equal(admitted, ES_SOURCE_HANDSHAKES_BURST);
    assert_false(es_source_handshake(source, 1000 + step_ms - 1));
    assert_true(es_source_handshake(source, 1000 + step_ms));
    assert_false(es_source_handshake(source, 1000 + step_ms));

    admitted = 0;
    for (size_t i = 0; i < 2 * ES_SOURCE_HANDSHAKES_BURST; i++)
        admitted += es_source_handshake(source, 10 * 60000);
    assert_int_equal(admitted, ES_SOURCE_HANDSHAKES_BURST);
}

static void open_links_of_a_source_are_limited(void **state)
{
    const struct es_address address = address_of(1);
    struct es_source *source = es_admission_source(*state, &address, 0);

    source->open_count = ES_SOURCE_LINKS_MAX;
    assert_false(es_source_handshake(source, 0));
    source->open_count--;
    assert_true(es_source_handshake(source, 0));
}

static void a_ban_ends(void **state)
{
    const struct es_address address = address_of(1);
    struct es_source *source;

    assert_true(es_admission_ban(*state, &address, 500, 1000));
    source = es_admission_source(*state, &address, 1000);
    assert_true(es_source_banned(source, 1499));
    assert_false(es_source_handshake(source, 1499));
    assert_false(es_source_banned(source, 1500));
    assert_true(es_source_handshake(source, 1500));
    assert_true(es_admission_ban(*state, &address, UINT32_MAX, 1500));
    assert_true(es_admission_ban(*state, &address, 0, 1500));
    assert_false(es_source_banned(source, 1500));
}

static void when_full_the_least_recent_gives_way_unless_it_matters(void **state)
{
    const struct es_address banned = address_of(0), linked = address_of(1);
    struct es_source *source;

    assert_true(es_admission_ban(*state, &banned, UINT32_MAX, 0));
    es_admission_source(*state, &linked, 0)->open_count = 1;
    for (uint32_t i = 2; i < 3 * ES_SOURCES_MAX; i++) {
        const struct es_address address = address_of(i);

        assert_non_null(es_admission_source(*state, &address, i));
    }
    source = es_admission_source(*state, &linked, 5000);
    assert_int_equal(source->open_count, 1);
    assert_true(es_source_banned(es_admission_source(*state, &banned, 5000), 5000));
}

static void when_all_sources_matter_new_ones_are_refused(void **state)
{
    const struct es_address one_more = address_of(ES_SOURCES_MAX);

    for (uint32_t i = 0; i < ES_SOURCES_MAX; i++) {
        const struct es_address address = address_of(i);

        assert_true(es_admission_ban(*state, &address, 1000, 0));
    }
    assert_null(es_admission_source(*state, &one_more, 999));
    assert_false(es_admission_ban(*state, &one_more, 1000, 999));
    assert_non_null(es_admission_source(*state, &one_more, 1000));
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(addresses_have_one_form),
        FRESH(an_address_is_one_source),
        FRESH(handshakes_are_limited_and_allowed_again_in_time),
        FRESH(open_links_of_a_source_are_limited),
        FRESH(a_ban_ends),
        FRESH(when_full_the_least_recent_gives_way_unless_it_matters),
        FRESH(when_all_sources_matter_new_ones_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
