/* SPDX-License-Identifier: ISC */
/* vault_erase_test.c - what is erased or replaced is gone, even for a thief who has the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/vault_wal.h"
#include "tests/support/disk_vfs.h"
#include "tests/support/store_home.h"
#include "tests/support/store_image.h"
#include "tests/support/store_rows.h"

static const char secret_body[] = "the treasure lies under the old oak";

/* Whoever has the disk and the vault's key: does any slot still open to this text? */
struct thief {
    struct es_key vault;
    struct es_vault_id id;
};

static struct thief steal_key(const struct store_home *home)
{
    struct es_vault_secret secret = {.key_file = home->key_file};
    struct es_vault_header header;
    struct thief thief;
    size_t len;
    uint8_t *bytes = store_read_file(home->path, &len);

    assert_int_equal(es_vault_header_decode(es_slice(bytes, len), &header), ES_STORE_OK);
    assert_int_equal(es_vault_key_unwrap(&header, &secret, &thief.vault), ES_STORE_OK);
    thief.id = header.id;
    free(bytes);
    return thief;
}

static bool slot_holds(const struct es_key *key, struct es_slice slot,
                       const struct es_vault_place *place, const char *text)
{
    uint8_t plain[ES_VAULT_PAGE_BYTES];

    return es_vault_unseal(key, place, slot, plain) &&
           memmem(plain, slot.len - ES_VAULT_SEAL_BYTES, text, strlen(text)) != NULL;
}

static bool pages_hold(const struct thief *thief, const char *path, const char *text)
{
    size_t len;
    uint8_t *bytes = store_read_file(path, &len);
    bool found = false;

    for (size_t at = ES_VAULT_HEADER_BYTES; at + ES_VAULT_PAGE_BYTES <= len;
         at += ES_VAULT_PAGE_BYTES) {
        struct es_vault_place place = {
            .vault = thief->id, .kind = ES_VAULT_PAGE, .number = at / ES_VAULT_PAGE_BYTES};

        found |= slot_holds(&thief->vault, es_slice(bytes + at, ES_VAULT_PAGE_BYTES), &place, text);
    }
    free(bytes);
    return found;
}

/* The log's first slot: the key of its generation, and the salts. */
static bool open_head(const struct thief *thief, struct es_slice log, struct es_key *ret_key,
                      uint64_t *ret_salts)
{
    struct es_vault_place place = {.vault = thief->id, .kind = ES_VAULT_WAL_HEAD};
    uint8_t head[ES_KEY_BYTES + ES_WAL_HEAD_BYTES];

    if (log.len < ES_WAL_HEAD_SLOT_BYTES ||
        !es_vault_unseal(&thief->vault, &place, es_slice(log.ptr, ES_WAL_HEAD_SLOT_BYTES), head))
        return false;
    memcpy(ret_key->bytes, head, sizeof(ret_key->bytes));
    memcpy(ret_salts, head + ES_KEY_BYTES + 16, sizeof(*ret_salts));
    return true;
}

static bool frames_hold(const struct thief *thief, const struct es_key *key, uint64_t salts,
                        struct es_slice log, const char *text)
{
    struct es_vault_place place = {.vault = thief->id, .kind = ES_VAULT_FRAME_PAGE, .salts = salts};
    bool found = false;

    for (size_t at = ES_WAL_HEAD_SLOT_BYTES; at + ES_WAL_FRAME_SLOTS_BYTES <= log.len;
         at += ES_WAL_FRAME_SLOTS_BYTES) {
        struct es_slice slot =
            es_slice(log.ptr + at + ES_WAL_FRAME_HEAD_SLOT_BYTES, ES_VAULT_PAGE_BYTES);

        place.number++;
        found |= slot_holds(key, slot, &place, text);
    }
    return found;
}

static bool log_holds(const struct thief *thief, const char *path, const char *text)
{
    struct es_key key;
    uint64_t salts;
    size_t len;
    uint8_t *bytes = store_read_file(path, &len);
    bool found = open_head(thief, es_slice(bytes, len), &key, &salts) &&
                 frames_hold(thief, &key, salts, es_slice(bytes, len), text);

    free(bytes);
    return found;
}

static void what_is_erased_is_gone_within_a_minute(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct thief thief = steal_key(home);
    uint64_t now_ms = 1000;
    uint64_t wake_ms;

    store_put(store, store_row(ES_ROW_OUTBOX, "k", secret_body));
    assert_true(log_holds(&thief, home->wal_path, secret_body));
    wake_ms = es_store_sqlite_tick(store, now_ms);
    assert_true(wake_ms > now_ms && wake_ms <= now_ms + ES_STORE_ERASED_MS_MAX);
    assert_int_equal(es_store_sqlite_tick(store, wake_ms), UINT64_MAX);
    assert_true(pages_hold(&thief, home->path, secret_body));
    assert_false(log_holds(&thief, home->wal_path, secret_body));

    store_put(store, store_row_erased(ES_ROW_OUTBOX, "k"));
    assert_true(pages_hold(&thief, home->path, secret_body));
    wake_ms = es_store_sqlite_tick(store, now_ms);
    assert_int_equal(es_store_sqlite_tick(store, wake_ms - 1), wake_ms);
    assert_int_equal(es_store_sqlite_tick(store, wake_ms), UINT64_MAX);
    assert_false(pages_hold(&thief, home->path, secret_body));
    assert_false(log_holds(&thief, home->wal_path, secret_body));
    store->ops->free(store);
}

/* The old frames may survive in blocks that a flash disk has put aside. Their key does not. */
static void frames_of_an_old_log_open_for_nobody(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct thief thief = steal_key(home);
    struct es_key keys[2];
    uint64_t salts[2];
    size_t lens[2];
    uint8_t *logs[2];

    store_put(store, store_row(ES_ROW_OUTBOX, "k", secret_body));
    logs[0] = store_read_file(home->wal_path, &lens[0]);
    assert_int_equal(es_store_sqlite_tick(store, es_store_sqlite_tick(store, 0)), UINT64_MAX);
    store_put(store, store_row_erased(ES_ROW_OUTBOX, "k"));
    logs[1] = store_read_file(home->wal_path, &lens[1]);
    for (size_t i = 0; i < 2; i++)
        assert_true(open_head(&thief, es_slice(logs[i], lens[i]), &keys[i], &salts[i]));

    assert_true(frames_hold(&thief, &keys[0], salts[0], es_slice(logs[0], lens[0]), secret_body));
    assert_false(frames_hold(&thief, &keys[1], salts[0], es_slice(logs[0], lens[0]), secret_body));
    assert_false(
        frames_hold(&thief, &thief.vault, salts[0], es_slice(logs[0], lens[0]), secret_body));
    store->ops->free(store);
    free(logs[0]);
    free(logs[1]);
}

struct watch {
    const struct store_home *home;
    size_t len_max;
    bool overwritten; /* the log was seen at its full length, and nothing but zeros */
};

static void watch_log(void *ctx)
{
    struct watch *watch = ctx;
    size_t len;
    uint8_t *bytes = store_read_file(watch->home->wal_path, &len);
    size_t n_zeros = 0;

    while (n_zeros < len && bytes[n_zeros] == 0)
        n_zeros++;
    free(bytes);
    if (len > watch->len_max)
        watch->len_max = len;
    watch->overwritten |= len > 0 && len == watch->len_max && n_zeros == len;
}

static void the_log_is_overwritten_before_it_is_cut(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct watch watch = {.home = home};
    struct es_store *store = store_must_open(&options);

    store->ops->free(store);
    options.mode = ES_STORE_OPEN;
    options.below = DISK_VFS;
    store = store_must_open(&options);
    store_put(store, store_row(ES_ROW_OUTBOX, "k", secret_body));
    disk_plan.on_change = watch_log;
    disk_plan.ctx = &watch;
    assert_int_equal(es_store_sqlite_tick(store, es_store_sqlite_tick(store, 0)), UINT64_MAX);
    assert_true(watch.overwritten);
    store_put(store, store_row(ES_ROW_OUTBOX, "k", "and once more when it is closed"));
    watch = (struct watch){.home = home};
    store->ops->free(store);
    assert_true(watch.overwritten);
    disk_vfs_reset();
}

static void a_replaced_row_is_gone_when_the_store_closes(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct thief thief = steal_key(home);
    size_t len;

    store_put(store, store_row(ES_ROW_SESSION, "k", secret_body));
    store_put(store, store_row(ES_ROW_SESSION, "k", "something else, and shorter"));
    assert_true(log_holds(&thief, home->wal_path, secret_body));
    store->ops->free(store);
    assert_false(pages_hold(&thief, home->path, secret_body));
    free(store_read_file(home->wal_path, &len));
    assert_int_equal(len, 0);
}

/* Nothing needs to be written for it: the node may have nothing to say for days. */
static void what_a_killed_process_left_is_gone_a_minute_after_the_start(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct thief thief = steal_key(home);
    struct store_image killed;
    uint64_t wake_ms;

    store_put(store, store_row(ES_ROW_OUTBOX, "k", secret_body));
    store_put(store, store_row_erased(ES_ROW_OUTBOX, "k"));
    killed = store_image_take(home);
    store->ops->free(store);
    store_image_put(home, &killed);
    store_image_done(&killed);
    assert_true(log_holds(&thief, home->wal_path, secret_body));

    options.mode = ES_STORE_OPEN;
    store = store_must_open(&options);
    wake_ms = es_store_sqlite_tick(store, 1000);
    assert_true(wake_ms > 1000 && wake_ms <= 1000 + ES_STORE_ERASED_MS_MAX);
    assert_int_equal(es_store_sqlite_tick(store, wake_ms), UINT64_MAX);
    assert_false(log_holds(&thief, home->wal_path, secret_body));
    assert_false(pages_hold(&thief, home->path, secret_body));
    store->ops->free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_erased_is_gone_within_a_minute, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(frames_of_an_old_log_open_for_nobody, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(the_log_is_overwritten_before_it_is_cut, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(what_a_killed_process_left_is_gone_a_minute_after_the_start,
                                        store_home_set_up, store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_replaced_row_is_gone_when_the_store_closes,
                                        store_home_set_up, store_home_tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
