/* SPDX-License-Identifier: ISC */
/* Who can forge requests makes candidates, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/people.h"

static bool has(const struct es_contact *contact, const struct es_live_session *session)
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX; i++)
        if (contact->sessions[i] == session)
            return true;
    return false;
}

static void candidates_push_out_candidates_only(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);
    const struct es_live_session *before = people_session(people, bob, true);
    const struct es_live_session *in_use = people_session(people, bob, true);
    const struct es_session was = in_use->ratchet;

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_non_null(people_session(people, bob, false));
    assert_true(has(bob, before));
    assert_true(has(bob, in_use));
    assert_ptr_equal(es_sessions_sending(people->chat, bob), in_use);
    assert_memory_equal(&in_use->ratchet, &was, sizeof(was));
    people_free(people);
}

/* A candidate is nothing to seal in before the peer was heard in it. */
static void a_candidate_ends_no_wait_for_a_new_session(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);

    (void)state;
    people_session(people, bob, true)->fresh = false; /* it stood when we started */
    es_contact_gone_back(people->chat, &people->context, bob);
    people_session(people, bob, false);
    assert_true(bob->gone_back);
    es_sessions_confirmed(people->chat, &people->context, bob->sessions[0]);
    assert_false(bob->gone_back);
    people_free(people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_push_out_candidates_only),
        cmocka_unit_test(a_candidate_ends_no_wait_for_a_new_session),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
