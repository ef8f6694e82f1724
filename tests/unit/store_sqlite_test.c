/* SPDX-License-Identifier: ISC */
/* store_sqlite_test.c - the store in SQLite: opening, versions, faults of the disk, threads. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "node/store/memory.h"
#include "node/store/migrations.h"
#include "tests/support/disk_vfs.h"
#include "tests/support/store_home.h"
#include "tests/support/store_image.h"
#include "tests/support/store_rows.h"

static void expect_open(const struct es_store_sqlite_options *options, enum es_store_err expected)
{
    struct es_store *store = NULL;

    assert_string_equal(es_store_err_text(es_store_sqlite_open(options, &store)),
                        es_store_err_text(expected));
    if (store != NULL)
        store->ops->free(store);
}

/* --- Opening ----------------------------------------------------------------------------------- */

static void a_store_is_the_same_after_a_restart(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *model = es_store_memory_new();
    uint64_t seed = 5;

    assert_non_null(model);
    for (int run = 0; run < 8; run++) {
        struct es_store *store = store_must_open(&options);

        options.mode = ES_STORE_OPEN;
        assert_memory_equal(store_digest(store).bytes, store_digest(model).bytes, ES_ID_BYTES);
        for (int i = 0; i < 10; i++) {
            struct store_batch batch;

            store_batch_init(&batch, &seed);
            assert_int_equal(store->ops->commit(store, batch.rows, batch.n_rows), 0);
            assert_int_equal(model->ops->commit(model, batch.rows, batch.n_rows), 0);
            store_batch_done(&batch);
        }
        store->ops->free(store);
    }
    model->ops->free(model);
}

static void modes_are_taken_at_their_word(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_OPEN);
    enum es_vault_lock lock;

    expect_open(&options, ES_STORE_ABSENT);
    assert_int_equal(es_store_sqlite_probe(home->path, &lock), ES_STORE_ABSENT);
    options.mode = ES_STORE_CREATE;
    expect_open(&options, ES_STORE_OK);
    expect_open(&options, ES_STORE_EXISTS);
    options.path = "/nonexistent/folder/node.db";
    expect_open(&options, ES_STORE_ABSENT);
}

static void what_a_crashed_creation_left_is_in_nobodys_way(void **state)
{
    static const char *const suffixes[] = {".new", ".new-wal", ".new.tmp", "-wal", "-journal"};
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    char path[256];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", home->path, suffixes[i]);
        store_write_file(path, es_slice("garbage", 7));
    }
    expect_open(&options, ES_STORE_OK);
    options.mode = ES_STORE_OPEN;
    expect_open(&options, ES_STORE_OK);
    snprintf(path, sizeof(path), "%s.new", home->path);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void foreign_files_are_told_apart(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_OPEN);
    sqlite3 *db;

    store_write_file(home->path, es_slice("", 0));
    expect_open(&options, ES_STORE_FOREIGN);
    store_write_file(home->path, es_slice("#!/bin/sh\necho hello\n", 21));
    expect_open(&options, ES_STORE_FOREIGN);
    options.at_rest = ES_STORE_IN_CLEAR;
    expect_open(&options, ES_STORE_FOREIGN);
    assert_int_equal(remove(home->path), 0);
    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    expect_open(&options, ES_STORE_FOREIGN);
    options.at_rest = ES_STORE_IN_VAULT;
    expect_open(&options, ES_STORE_FOREIGN);
}

static void a_second_opener_is_refused(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct es_store *second;
    int status;
    pid_t child;

    options.mode = ES_STORE_OPEN;
    expect_open(&options, ES_STORE_IN_USE);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit((int)es_store_sqlite_open(&options, &second));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ES_STORE_IN_USE);

    store_put(store, store_row(ES_ROW_SELF, "k", "still the only one"));
    store->ops->free(store);
    store = store_must_open(&options);
    store_expect(store, ES_ROW_SELF, "k", "still the only one");
    store->ops->free(store);
}

/* --- Versions ---------------------------------------------------------------------------------- */

/* Runs SQL on a closed store that is in clear. */
static void tamper(const struct store_home *home, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_newer_version_is_refused_untouched(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);

    options.at_rest = ES_STORE_IN_CLEAR;
    expect_open(&options, ES_STORE_OK);
    options.mode = ES_STORE_OPEN;
    tamper(home, "PRAGMA user_version = 1000000");
    expect_open(&options, ES_STORE_NEWER);
    tamper(home, "PRAGMA user_version = -1");
    expect_open(&options, ES_STORE_DAMAGED);
    tamper(home, "PRAGMA user_version = 1");
    expect_open(&options, ES_STORE_OK);
}

static int64_t query(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void migrations_run_once_and_wholly(void **state)
{
    static const char *const steps[] = {
        "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
        "INSERT INTO a SELECT x + 1 FROM a",
        "INSERT INTO a VALUES (9); THIS IS NO SQL",
    };
    struct es_migrations list = {steps, 1};
    sqlite3 *db;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(es_migrate(db, &list), ES_STORE_OK);
    assert_int_equal(query(db, "PRAGMA user_version"), 1);
    list.n_steps = 2;
    assert_int_equal(es_migrate(db, &list), ES_STORE_OK);
    assert_int_equal(es_migrate(db, &list), ES_STORE_OK);
    assert_int_equal(query(db, "SELECT count(*) FROM a"), 2);

    list.n_steps = 3;
    assert_int_not_equal(es_migrate(db, &list), ES_STORE_OK);
    assert_int_equal(query(db, "SELECT count(*) FROM a"), 2);
    assert_int_equal(query(db, "PRAGMA user_version"), 2);
    assert_true(sqlite3_get_autocommit(db));
    list.n_steps = 1;
    assert_int_equal(es_migrate(db, &list), ES_STORE_NEWER);
    sqlite3_close(db);
}

/* tests/golden/store-v1.db was written by version 1 and is never written anew. */
static void a_file_of_version_1_opens_for_ever(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_passphrase(home, ES_STORE_OPEN, "earshot");
    struct es_store *store;
    uint8_t *bytes;
    size_t len;

    bytes = store_read_file("tests/golden/store-v1.db", &len);
    assert_true(len > 0);
    store_write_file(home->path, es_slice(bytes, len));
    free(bytes);
    store = store_must_open(&options);
    for (enum es_row_kind kind = ES_ROW_SELF; kind <= ES_ROW_PENDING; kind++)
        store_expect(store, kind, "key", kind == ES_ROW_MESSAGE ? "a message" : "a body");
    store_put(store, store_row(ES_ROW_SELF, "key", "written by today's version"));
    store->ops->free(store);
    store = store_must_open(&options);
    store_expect(store, ES_ROW_SELF, "key", "written by today's version");
    store->ops->free(store);
}

/* --- Faults of the disk ------------------------------------------------------------------------ */

/* A batch of about thirty pages. */
static int commit_much(struct es_store *store, const char *mark)
{
    struct es_row rows[12];
    char keys[12][8];
    uint8_t body[10000];

    memset(body, mark[0], sizeof(body));
    for (size_t i = 0; i < 12; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%zu", i);
        rows[i] = store_row(ES_ROW_OUTBOX, keys[i], mark);
        rows[i].body = ES_SLICE_OF(body);
    }
    return store->ops->commit(store, rows, 12);
}

/* Every write and sync of one commit fails once. */
static void fail_each_operation(const struct store_home *home, bool full, bool fail_on)
{
    struct es_store *store;
    struct es_id before;
    struct es_id after;
    uint64_t n_failed = 0;

    store_make_empty(home);
    store = store_open_on_disk(home);
    assert_int_equal(commit_much(store, "before"), 0);
    before = store_digest(store);
    for (;;) {
        int err;

        disk_plan.fail_at = disk_vfs_operations() + n_failed + 1;
        disk_plan.fail_on = fail_on;
        disk_plan.full = full;
        err = commit_much(store, "after");
        disk_plan.fail_at = 0;
        if (err == 0)
            break;
        n_failed++;
        /* A sync fails for other reasons than a full disk. */
        assert_true(err == -EIO || (full && err == -ENOSPC));
        after = store_digest(store);
        assert_memory_equal(after.bytes, before.bytes, ES_ID_BYTES);
        store_put(store, store_row(ES_ROW_SELF, "still", "working"));
        store_put(store, store_row_erased(ES_ROW_SELF, "still"));
    }
    assert_true(n_failed > 30);
    after = store_digest(store);
    assert_memory_not_equal(after.bytes, before.bytes, ES_ID_BYTES);
    store->ops->free(store);
    store = store_open_on_disk(home);
    assert_memory_equal(store_digest(store).bytes, after.bytes, ES_ID_BYTES);
    store->ops->free(store);
}

static void a_full_disk_keeps_what_was_held(void **state)
{
    fail_each_operation(*state, true, true);
}

static void a_broken_write_keeps_what_was_held(void **state)
{
    fail_each_operation(*state, false, false);
}

static void a_full_disk_is_told_from_a_broken_one(void **state)
{
    const struct store_home *home = *state;
    struct es_store *store;

    store_make_empty(home);
    store = store_open_on_disk(home);
    disk_plan.fail_at = disk_vfs_operations() + 3;
    disk_plan.full = true;
    assert_int_equal(commit_much(store, "a"), -ENOSPC);
    disk_plan.fail_at = disk_vfs_operations() + 3;
    disk_plan.full = false;
    assert_int_equal(commit_much(store, "a"), -EIO);
    assert_int_equal(commit_much(store, "a"), 0);
    store->ops->free(store);
}

/* The system's own limit, without any VFS of ours below. */
static void a_limit_of_file_size_is_a_full_disk(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct es_store *store = store_must_open(&options);
    struct rlimit before;
    struct rlimit small;
    struct es_id digest;
    int err;

    assert_int_equal(sigaction(SIGXFSZ, &ignore, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(commit_much(store, "a"), 0);
    digest = store_digest(store);
    small = before;
    small.rlim_cur = 200000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err = commit_much(store, "b");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, -ENOSPC);
    assert_memory_equal(store_digest(store).bytes, digest.bytes, ES_ID_BYTES);
    assert_int_equal(commit_much(store, "b"), 0);
    store->ops->free(store);
}

/* Not every error of SQLite ends its transaction. */
static void a_batch_that_meets_damage_is_undone(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    const struct es_row rows[] = {store_row(ES_ROW_SELF, "k", "half of it"),
                                  store_row(ES_ROW_INVITE, "k", "the other half")};
    struct es_store *store;
    int64_t root;
    uint8_t *bytes;
    size_t len;
    sqlite3 *db;

    options.at_rest = ES_STORE_IN_CLEAR;
    expect_open(&options, ES_STORE_OK);
    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    root = query(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'invite'");
    sqlite3_close(db);
    bytes = store_read_file(home->path, &len);
    memset(bytes + (root - 1) * ES_VAULT_PAGE_BYTES, 0xff, ES_VAULT_PAGE_BYTES);
    store_write_file(home->path, es_slice(bytes, len));
    free(bytes);

    options.mode = ES_STORE_OPEN;
    store = store_must_open(&options);
    assert_int_equal(store->ops->commit(store, rows, 2), -EIO);
    store_put(store, store_row(ES_ROW_SELF, "other", "whole"));
    store_expect(store, ES_ROW_SELF, "k", NULL);
    store_expect(store, ES_ROW_SELF, "other", "whole");
    store->ops->free(store);
}

static void a_tick_that_fails_is_tried_again(void **state)
{
    const struct store_home *home = *state;
    struct es_store *store;
    uint64_t wake_ms;

    store_make_empty(home);
    store = store_open_on_disk(home);
    assert_int_equal(es_store_sqlite_tick(store, es_store_sqlite_tick(store, 0)), UINT64_MAX);
    assert_int_equal(es_store_sqlite_tick(store, 0), UINT64_MAX);
    assert_int_equal(commit_much(store, "a"), 0);
    wake_ms = es_store_sqlite_tick(store, 0);
    disk_plan.fail_at = disk_vfs_operations() + 5;
    disk_plan.fail_on = true;
    assert_true(es_store_sqlite_tick(store, wake_ms) < wake_ms + ES_STORE_ERASED_MS_MAX / 2);
    assert_int_equal(commit_much(store, "b"), -EIO);
    disk_plan.fail_at = 0;
    assert_int_equal(es_store_sqlite_tick(store, wake_ms + 10000), UINT64_MAX);
    assert_int_equal(commit_much(store, "b"), 0);
    store->ops->free(store);
}

/* --- Copies and destruction -------------------------------------------------------------------- */

static void a_copy_opens_with_its_own_passphrase(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store_sqlite_options backup = store_home_passphrase(home, ES_STORE_CREATE, "backup");
    struct es_store *store = store_must_open(&options);
    struct es_id digest;
    char path[256];

    snprintf(path, sizeof(path), "%s/backup.db", home->folder);
    backup.path = path;
    assert_int_equal(commit_much(store, "a"), 0);
    digest = store_digest(store);
    assert_int_equal(es_store_sqlite_copy(store, &backup), ES_STORE_OK);
    assert_int_equal(es_store_sqlite_copy(store, &backup), ES_STORE_EXISTS);
    assert_int_equal(commit_much(store, "b"), 0);
    store->ops->free(store);

    backup.mode = ES_STORE_OPEN;
    store = store_must_open(&backup);
    assert_memory_equal(store_digest(store).bytes, digest.bytes, ES_ID_BYTES);
    store_put(store, store_row(ES_ROW_SELF, "k", "a copy is a store"));
    store->ops->free(store);
    backup.secret.passphrase = es_slice("wrong", 5);
    expect_open(&backup, ES_STORE_WRONG_PASSPHRASE);
}

static void a_destroyed_store_leaves_no_key(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);

    assert_int_equal(commit_much(store, "a"), 0);
    assert_int_equal(es_store_sqlite_destroy(home->path, home->key_file), ES_STORE_OK);
    assert_int_not_equal(access(home->path, F_OK), 0);
    assert_int_not_equal(access(home->wal_path, F_OK), 0);
    assert_int_not_equal(access(home->key_file, F_OK), 0);
    store->ops->free(store);
    assert_int_equal(rmdir(home->folder), 0); /* nothing is left in it */
    assert_int_equal(mkdir(home->folder, 0700), 0);
    options.mode = ES_STORE_OPEN;
    expect_open(&options, ES_STORE_ABSENT);
    assert_int_equal(es_store_sqlite_destroy(home->path, home->key_file), ES_STORE_ABSENT);
}

/* --- Memory store ------------------------------------------------------------------------------ */

static void a_clone_goes_its_own_way(void **state)
{
    struct es_store *store = es_store_memory_new();
    struct es_store *clone;
    struct es_id digest;
    uint64_t seed = 9;

    (void)state;
    assert_non_null(store);
    for (int i = 0; i < 100; i++) {
        struct store_batch batch;

        store_batch_init(&batch, &seed);
        assert_int_equal(store->ops->commit(store, batch.rows, batch.n_rows), 0);
        store_batch_done(&batch);
    }
    digest = store_digest(store);
    clone = es_store_memory_clone(store);
    assert_non_null(clone);
    assert_memory_equal(store_digest(clone).bytes, digest.bytes, ES_ID_BYTES);
    store_put(clone, store_row_message("new", 1, 5, "only in the clone"));
    assert_memory_not_equal(store_digest(clone).bytes, digest.bytes, ES_ID_BYTES);
    assert_memory_equal(store_digest(store).bytes, digest.bytes, ES_ID_BYTES);
    store->ops->free(store);
    store_expect(clone, ES_ROW_MESSAGE, "new", "only in the clone");
    clone->ops->free(clone);
}

/* --- Threads ----------------------------------------------------------------------------------- */

/* Two rows that each commit sets to one number. */
struct pair {
    struct es_store_reader *reader;
    atomic_bool stop;
    uint32_t n_reads;
    uint32_t last;
    bool torn;
    int err;
};

static int read_number(void *ctx, const struct es_row *row)
{
    uint32_t *numbers = ctx;
    uint32_t number;

    memcpy(&number, row->body.ptr, sizeof(number));
    if (row->order == 1)
        numbers[0] = number;
    else
        numbers[1] = number;
    return 0;
}

static void *read_pairs(void *arg)
{
    struct pair *pair = arg;
    struct es_page page = {.conversation = 1, .before = UINT64_MAX, .limit = 2};

    while (!atomic_load(&pair->stop) && pair->err == 0) {
        uint32_t numbers[2] = {0, 0};

        pair->err = pair->reader->ops->page(pair->reader, &page, read_number, numbers);
        pair->torn |= numbers[0] != numbers[1] || numbers[0] < pair->last;
        pair->last = numbers[0];
        pair->n_reads++;
    }
    return NULL;
}

static void a_reader_on_another_thread_sees_whole_commits(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct pair pair = {.reader = store->ops->reader(store)};
    pthread_t thread;
    uint64_t now_ms = 0;

    assert_non_null(pair.reader);
    assert_int_equal(pthread_create(&thread, NULL, read_pairs, &pair), 0);
    for (uint32_t i = 1; i <= 1500; i++) {
        struct es_row rows[] = {store_row_message("a", 1, 1, ""), store_row_message("b", 1, 2, "")};

        rows[0].body = es_slice(&i, sizeof(i));
        rows[1].body = es_slice(&i, sizeof(i));
        assert_int_equal(store->ops->commit(store, rows, 2), 0);
        now_ms += 1000; /* the log is overwritten while the other thread reads */
        es_store_sqlite_tick(store, now_ms);
    }
    atomic_store(&pair.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pair.err, 0);
    assert_false(pair.torn);
    assert_true(pair.n_reads > 0);
    pair.reader->ops->free(pair.reader);
    store->ops->free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_is_the_same_after_a_restart, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(modes_are_taken_at_their_word, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(what_a_crashed_creation_left_is_in_nobodys_way,
                                        store_home_set_up, store_home_tear_down),
        cmocka_unit_test_setup_teardown(foreign_files_are_told_apart, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_second_opener_is_refused, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_newer_version_is_refused_untouched, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test(migrations_run_once_and_wholly),
        cmocka_unit_test_setup_teardown(a_file_of_version_1_opens_for_ever, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_what_was_held, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_broken_write_keeps_what_was_held, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_from_a_broken_one, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_limit_of_file_size_is_a_full_disk, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_batch_that_meets_damage_is_undone, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_tick_that_fails_is_tried_again, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_opens_with_its_own_passphrase, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_destroyed_store_leaves_no_key, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test(a_clone_goes_its_own_way),
        cmocka_unit_test_setup_teardown(a_reader_on_another_thread_sees_whole_commits,
                                        store_home_set_up, store_home_tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
