/* SPDX-License-Identifier: ISC */
/* store_torn_test.c - where the log is cut off or torn, it ends; what came before is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/store_home.h"
#include "tests/support/store_image.h"
#include "tests/support/store_rows.h"

static void a_log_cut_at_any_byte_ends_with_the_last_whole_commit(void **state)
{
    const struct store_home *home = *state;
    struct es_store *store;
    struct es_id before;
    struct es_id after;
    struct es_id found;
    struct store_image image;
    size_t len_before;

    store_make_empty(home);
    store = store_open_on_disk(home);
    for (int i = 0; i < 5; i++)
        store_put(store, store_row(ES_ROW_CONTACT, "ada", "before"));
    before = store_digest(store);
    image = store_image_take(home);
    len_before = image.wal.len;
    store_image_done(&image);
    store_put(store, store_row(ES_ROW_CONTACT, "ada", "after"));
    after = store_digest(store);
    image = store_image_take(home);
    store->ops->free(store);

    found = store_image_digest(home, &image);
    assert_true(store_same(&found, &after) && !store_same(&after, &before));
    assert_true(image.wal.len > len_before);
    while (image.wal.len > len_before) {
        image.wal.len--;
        found = store_image_digest(home, &image);
        assert_true(store_same(&found, &before));
    }
    store_image_done(&image);
}

static void a_torn_frame_is_the_end_of_the_log(void **state)
{
    const struct store_home *home = *state;
    struct es_id digests[6];
    size_t ends[6];
    struct es_store *store;
    struct store_image image;

    store_make_empty(home);
    store = store_open_on_disk(home);
    for (size_t i = 0; i < 6; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%zu", i);
        store_put(store, store_row(ES_ROW_CONTACT, "counter", body));
        digests[i] = store_digest(store);
        image = store_image_take(home);
        ends[i] = image.wal.len;
        store_image_done(&image);
    }
    image = store_image_take(home);
    store->ops->free(store);
    for (size_t i = 1; i < 6; i++) {
        for (size_t at = ends[i - 1]; at < ends[i]; at += 97) {
            struct es_id found;

            image.wal.bytes[at] ^= 0x40;
            found = store_image_digest(home, &image);
            image.wal.bytes[at] ^= 0x40;
            assert_true(store_same(&found, &digests[i - 1]));
        }
    }
    store_image_done(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_cut_at_any_byte_ends_with_the_last_whole_commit,
                                        store_home_set_up, store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_torn_frame_is_the_end_of_the_log, store_home_set_up,
                                        store_home_tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
