/* SPDX-License-Identifier: ISC */
/* What people may be called, and what somebody who claims another's name is called instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/people.h"

static struct es_slice text(const char *name)
{
    return es_slice((const uint8_t *)name, strlen(name));
}

static void names_are_seen_whole(void **state)
{
    static const char *const refused[] = {
        "",
        " ada",
        "ada ",
        "#ada",
        "-ada",
        "@ada",
        "a\x1b[31m",
        "a\xc2\x9b"
        "31m", /* C1: CSI                      */
        "a\xe2\x80\xae"
        "bob", /* right-to-left override       */
        "a\xe2\x81\xa6"
        "bob", /* left-to-right isolate        */
        "a\xe2\x80\x8b"
        "da", /* zero-width space             */
        "ad\xef\xbb\xbf"
        "a",           /* zero-width no-break space    */
        "ada\xc2\xa0", /* no-break space               */
        "earshot:ada",
        "Earshot:ada",
        "EARSHOT:ADA",
        "a\xff",
    };
    static const char *const fine[] = {"ada",          "Ada Lovelace", "Gr\xc3\xbc\xc3\x9f\x65",
                                       "\xe8\xaa\x9e", "earshot",      "2"};

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (es_name_valid(text(refused[i])))
            fail_msg("name %zu was taken", i);
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        if (!es_name_valid(text(fine[i])))
            fail_msg("\"%s\" was refused", fine[i]);
}

static void a_claimed_beginning_of_an_address_gets_a_number(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2), *mallory = people_contact(people, 3);
    char address[ES_ADDRESS_CHARS + 1], claimed[9], expected[12];
    struct es_contact *meant;

    (void)state;
    es_address_format(&bob->key.address, address);
    snprintf(claimed, sizeof(claimed), "%.8s", address + strlen("earshot:"));
    snprintf(expected, sizeof(expected), "%s 2", claimed);
    mallory->petname[0] = '\0';
    assert_int_equal(es_contact_name(people->chat, mallory, es_slice(NULL, 0), text(claimed)),
                     ES_OK);
    assert_string_equal(mallory->petname, expected);
    assert_int_equal(es_who_contact(people->chat, text(claimed), &meant, NULL, 0), ES_OK);
    assert_ptr_equal(meant, bob);
    assert_int_equal(es_contact_name(people->chat, mallory, text(claimed), es_slice(NULL, 0)),
                     ES_E_NAME_TAKEN);
    assert_string_equal(mallory->petname, expected);
    people_free(people);
}

/* However long and whosever it is, somebody gets a name. */
static void a_taken_name_is_never_an_error(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2), *mallory = people_contact(people, 3);
    char name[ES_NAME_BYTES_MAX + 1] = "";

    (void)state;
    memset(name, 'b', sizeof(name) - 1);
    es_name_set(bob->petname, text(name));
    assert_int_equal(es_contact_name(people->chat, mallory, es_slice(NULL, 0), text(name)), ES_OK);
    assert_int_equal(strlen(mallory->petname), 8);
    assert_int_equal(es_contact_name(people->chat, mallory, es_slice(NULL, 0), text("p02")), ES_OK);
    people_free(people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_seen_whole),
        cmocka_unit_test(a_claimed_beginning_of_an_address_gets_a_number),
        cmocka_unit_test(a_taken_name_is_never_an_error),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
