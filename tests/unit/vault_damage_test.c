/* SPDX-License-Identifier: ISC */
/* vault_damage_test.c - a database with any byte altered, cut or exchanged: a clear error or what was
 * there before, never anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/vault_header.h"
#include "node/store/vault_wal.h"
#include "tests/support/store_image.h"
#include "tests/support/store_rows.h"

/* Prime, so that in time every place within a page is met. */
#define STRIDE 251

#define COMMITS 4

struct fixture {
    struct store_home home;
    struct store_image closed;        /* all in the database, an empty log           */
    struct store_image killed;        /* the newest commits in the log only          */
    struct es_id states[COMMITS + 1]; /* after each commit; the first: without any   */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct es_store_sqlite_options options;
    struct es_store *store;
    uint64_t seed = 7;

    assert_non_null(f);
    store_home_init(&f->home);
    store_make_empty(&f->home);
    options = store_home_options(&f->home, ES_STORE_OPEN);
    store = store_must_open(&options);
    f->states[0] = store_digest(store);
    for (size_t i = 1; i <= COMMITS; i++) {
        struct store_batch batch;

        store_batch_init(&batch, &seed);
        assert_int_equal(store->ops->commit(store, batch.rows, batch.n_rows), 0);
        store_batch_done(&batch);
        f->states[i] = store_digest(store);
    }
    f->killed = store_image_take(&f->home);
    store->ops->free(store);
    f->closed = store_image_take(&f->home);
    assert_int_equal(f->closed.wal.len, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    store_image_done(&f->closed);
    store_image_done(&f->killed);
    store_home_done(&f->home);
    free(f);
    return 0;
}

/* How a node fares that starts from these files. */
struct outcome {
    enum es_store_err opened;
    bool readable;
    struct es_id digest;
};

static struct outcome start_from(const struct fixture *f, const struct store_image *image)
{
    struct es_store_sqlite_options options = store_home_options(&f->home, ES_STORE_OPEN);
    struct outcome outcome = {.readable = false};
    struct es_store *store;

    store_image_put(&f->home, image);
    outcome.opened = es_store_sqlite_open(&options, &store);
    if (outcome.opened != ES_STORE_OK)
        return outcome;
    outcome.readable = store_try_digest(store, &outcome.digest) == 0;
    store->ops->free(store);
    return outcome;
}

static bool is_state(const struct fixture *f, const struct es_id *digest)
{
    for (size_t i = 0; i <= COMMITS; i++)
        if (store_same(digest, &f->states[i]))
            return true;
    return false;
}

static bool is_clear(enum es_store_err err)
{
    return err == ES_STORE_DAMAGED || err == ES_STORE_FOREIGN || err == ES_STORE_NEWER;
}

/* Behind the header's checksum are zeros that nobody reads. */
static bool is_read(size_t at)
{
    return at < ES_VAULT_BOUND_BYTES + ES_VAULT_WRAPPED_BYTES + ES_ID_BYTES ||
           at >= ES_VAULT_HEADER_BYTES;
}

static void an_altered_byte_of_the_database_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = start_from(f, &f->closed);
    size_t n_noticed = 0;

    assert_true(outcome.readable && store_same(&outcome.digest, &f->states[COMMITS]));
    for (size_t at = 0; at < f->closed.db.len; at += at < ES_VAULT_HEADER_BYTES ? 1 : STRIDE) {
        if (!is_read(at))
            continue;
        f->closed.db.bytes[at] ^= 0x10;
        outcome = start_from(f, &f->closed);
        f->closed.db.bytes[at] ^= 0x10;
        assert_true(outcome.opened == ES_STORE_OK || is_clear(outcome.opened));
        assert_true(at >= ES_VAULT_HEADER_BYTES || outcome.opened != ES_STORE_OK);
        n_noticed += !outcome.readable;
        /* An index that no query of the digest needs is not read. */
        assert_true(!outcome.readable || store_same(&outcome.digest, &f->states[COMMITS]));
    }
    assert_true(n_noticed > 300);
}

/* The end of the log may be anywhere, but nothing may be seen that was never committed. */
static void an_altered_byte_of_the_log_ends_it(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = start_from(f, &f->killed);

    assert_true(outcome.readable && store_same(&outcome.digest, &f->states[COMMITS]));
    for (size_t at = 0; at < f->killed.wal.len; at += at < ES_WAL_HEAD_SLOT_BYTES ? 1 : STRIDE) {
        f->killed.wal.bytes[at] ^= 0x10;
        outcome = start_from(f, &f->killed);
        f->killed.wal.bytes[at] ^= 0x10;
        assert_int_equal(outcome.opened, ES_STORE_OK);
        assert_true(outcome.readable && is_state(f, &outcome.digest));
        assert_false(store_same(&outcome.digest, &f->states[COMMITS]));
    }
}

static void a_database_cut_anywhere_is_an_error(void **state)
{
    struct fixture *f = *state;
    size_t len = f->closed.db.len;

    for (size_t keep = 0; keep < len; keep += STRIDE) {
        struct outcome outcome;

        f->closed.db.len = keep;
        outcome = start_from(f, &f->closed);
        assert_true(outcome.opened == ES_STORE_OK || is_clear(outcome.opened));
        assert_false(outcome.readable);
    }
    f->closed.db.len = len;
}

/* One page of an older image opens: docs/decisions/vault.md says why. What SQLite then finds may not
 * fit together, but it must be an error or rows, never a crash or a hang. */
static void a_page_of_an_older_image_does_no_more_harm_than_a_wrong_row(void **state)
{
    struct fixture *f = *state;
    size_t len = f->killed.db.len < f->closed.db.len ? f->killed.db.len : f->closed.db.len;

    for (size_t at = ES_VAULT_HEADER_BYTES; at < len; at += ES_VAULT_PAGE_BYTES) {
        uint8_t newer[ES_VAULT_PAGE_BYTES];
        struct outcome outcome;

        memcpy(newer, f->closed.db.bytes + at, sizeof(newer));
        memcpy(f->closed.db.bytes + at, f->killed.db.bytes + at, sizeof(newer));
        outcome = start_from(f, &f->closed);
        memcpy(f->closed.db.bytes + at, newer, sizeof(newer));
        assert_true(outcome.opened == ES_STORE_OK || is_clear(outcome.opened));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_altered_byte_of_the_database_is_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_altered_byte_of_the_log_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_cut_anywhere_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_of_an_older_image_does_no_more_harm_than_a_wrong_row,
                                        set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
