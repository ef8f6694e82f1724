/* SPDX-License-Identifier: ISC */
/* A node that starts from an older image of its disk: both sides notice, the session is renewed, and
 * from then on nothing is lost. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/core_pair.h"

/* Both write a few texts that arrive. */
static void talk(struct pair *pair, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        pair_send_many(pair, ADA, "bob", i, i + 1);
        pair_send_many(pair, BOB, "ada", i, i + 1);
        pair_run(pair, 3000);
    }
    assert_true(pair_settle(pair));
}

static void assert_renewed(struct pair *pair)
{
    assert_true(pair_told(pair, ADA, ES_EV_RENEWED) > 0);
    assert_true(pair_told(pair, BOB, ES_EV_RENEWED) > 0);
}

static void both_notice_and_go_on(void **state)
{
    struct pair *pair = pair_of_contacts();
    struct es_store *image;
    char *shown, *expected = pair_expected(3, 10);

    (void)state;
    talk(pair, 0, 3);
    image = pair_image(pair, BOB);
    talk(pair, 3, 6);
    pair_restore(pair, BOB, image);
    pair_forget_events(pair);
    pair_run(pair, 120000);
    assert_renewed(pair);
    talk(pair, 6, 10);
    shown = pair_shown(pair, ADA, "bob", false);
    assert_non_null(strstr(shown, "text 9"));
    free(shown);
    free(expected);
    assert_true(pair_nonces_fresh(pair));
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_notice_and_go_on),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
