/* SPDX-License-Identifier: ISC */
/* vault_test.c - what a thief of the locked disk finds, and what an alteration of it does. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "node/store/vault_wal.h"
#include "tests/support/disk_vfs.h"
#include "tests/support/store_home.h"
#include "tests/support/store_rows.h"

static const char secret_key[] = "whom-it-concerns";
static const char secret_body[] = "the treasure lies under the old oak";

/* --- Nothing readable -------------------------------------------------------------------------- */

static bool file_holds(const char *path, const char *text)
{
    size_t len;
    uint8_t *bytes = store_read_file(path, &len);
    bool found = memmem(bytes, len, text, strlen(text)) != NULL;

    free(bytes);
    return found;
}

static bool folder_holds(const struct store_home *home, const char *text)
{
    DIR *folder = opendir(home->folder);
    struct dirent *entry;
    bool found = false;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", home->folder, entry->d_name);
        if (entry->d_type == DT_REG && file_holds(path, text))
            found = true;
    }
    closedir(folder);
    return found;
}

/* Everything that a store writes in clear when it has no vault. */
static const char *const telling[] = {
    "SQLite format 3", "CREATE TABLE", "message_place", "request_out", secret_key, secret_body,
};
#define N_TELLING (sizeof(telling) / sizeof(telling[0]))

static void fill(struct es_store *store)
{
    for (uint64_t i = 0; i < 20; i++) {
        struct es_row rows[] = {
            store_row(ES_ROW_CONTACT, secret_key, secret_body),
            store_row_message(secret_key, 1, i + 1, secret_body),
            store_row(ES_ROW_OUTBOX, secret_key, secret_body),
        };

        assert_int_equal(store->ops->commit(store, rows, 3), 0);
    }
}

static void nothing_is_readable_without_the_key(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    size_t len;

    fill(store);
    free(store_read_file(home->wal_path, &len));
    assert_true(len > 10 * ES_VAULT_PAGE_BYTES);
    for (size_t i = 0; i < N_TELLING; i++)
        assert_false(folder_holds(home, telling[i]));
    store->ops->free(store);
    for (size_t i = 0; i < N_TELLING; i++)
        assert_false(folder_holds(home, telling[i]));
}

static void without_the_vault_all_of_it_is(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store;

    options.at_rest = ES_STORE_IN_CLEAR;
    store = store_must_open(&options);
    fill(store);
    for (size_t i = 0; i < N_TELLING; i++)
        assert_true(folder_holds(home, telling[i]));
    store->ops->free(store);
    for (size_t i = 0; i < N_TELLING; i++)
        assert_true(file_holds(home->path, telling[i]));
}

static void files_are_few_and_private(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    DIR *folder = opendir(home->folder);
    struct dirent *entry;
    size_t n = 0;

    fill(store);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        struct stat status;

        if (entry->d_type != DT_REG)
            continue;
        assert_int_equal(fstatat(dirfd(folder), entry->d_name, &status, 0), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
        n++;
    }
    closedir(folder);
    assert_int_equal(n, 4); /* database, log, lock, key */
    store->ops->free(store);
}

static void other_kinds_of_files_are_refused(void **state)
{
    static const int refused[] = {
        SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_TEMP_DB,      SQLITE_OPEN_TEMP_JOURNAL,
        SQLITE_OPEN_SUBJOURNAL,   SQLITE_OPEN_TRANSIENT_DB, SQLITE_OPEN_SUPER_JOURNAL,
    };
    const struct store_home *home = *state;
    struct es_vault_options options = {.secret = {.key_file = home->key_file},
                                       .entropy = &store_entropy};
    struct es_vault *vault;
    sqlite3_vfs *vfs;
    sqlite3_file *file;

    assert_int_equal(es_vault_create(home->path, &options, &vault), ES_STORE_OK);
    vfs = sqlite3_vfs_find(es_vault_vfs_name(vault));
    assert_non_null(vfs);
    file = calloc(1, (size_t)vfs->szOsFile);
    assert_non_null(file);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int flags = refused[i] | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

        assert_int_equal(vfs->xOpen(vfs, home->wal_path, file, flags, NULL), SQLITE_CANTOPEN);
        assert_null(file->pMethods);
    }
    free(file);
    es_vault_free(vault);
}

/* --- Alterations ------------------------------------------------------------------------------- */

/* A closed store of some pages, and its digest. */
static struct es_id make_store(const struct store_home *home, uint64_t seed)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct es_id digest;

    for (int i = 0; i < 40; i++) {
        struct store_batch batch;

        store_batch_init(&batch, &seed);
        assert_int_equal(store->ops->commit(store, batch.rows, batch.n_rows), 0);
        store_batch_done(&batch);
    }
    digest = store_digest(store);
    store->ops->free(store);
    return digest;
}

/* True when everything can be read; then it must be what was written. */
static bool all_readable(const struct store_home *home, const struct es_id *digest)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_OPEN);
    struct es_store *store;
    struct es_id found;
    enum es_store_err err = es_store_sqlite_open(&options, &store);
    int result;

    if (err != ES_STORE_OK) {
        assert_int_equal(err, ES_STORE_DAMAGED);
        return false;
    }
    result = store_try_digest(store, &found);
    store->ops->free(store);
    if (result == 0)
        assert_memory_equal(found.bytes, digest->bytes, sizeof(found.bytes));
    else
        assert_int_equal(result, -EIO);
    return result == 0;
}

static uint8_t *page_at(uint8_t *bytes, size_t page)
{
    return bytes + ES_VAULT_HEADER_BYTES + page * ES_VAULT_PAGE_BYTES;
}

static void an_altered_page_is_noticed(void **state)
{
    const struct store_home *home = *state;
    struct es_id digest = make_store(home, 1);
    uint64_t seed = 2;
    size_t len;
    uint8_t *bytes = store_read_file(home->path, &len);
    size_t n_pages = (len - ES_VAULT_HEADER_BYTES) / ES_VAULT_PAGE_BYTES;
    size_t n_unseen = 0;

    assert_true(n_pages > 20);
    for (size_t page = 0; page < n_pages; page++) {
        uint8_t *at = page_at(bytes, page) + store_pick(&seed, ES_VAULT_PAGE_BYTES);

        *at ^= 0x10;
        store_write_file(home->path, es_slice(bytes, len));
        n_unseen += all_readable(home, &digest);
        *at ^= 0x10;
    }
    /* Nobody reads a page that is free. */
    assert_true(n_unseen < n_pages / 2);
    store_write_file(home->path, es_slice(bytes, len));
    assert_true(all_readable(home, &digest));
    free(bytes);
}

static void swapped_pages_are_noticed(void **state)
{
    const struct store_home *home = *state;
    struct es_id digest = make_store(home, 3);
    uint8_t kept[ES_VAULT_PAGE_BYTES];
    size_t len;
    uint8_t *bytes = store_read_file(home->path, &len);

    memcpy(kept, page_at(bytes, 1), sizeof(kept));
    memcpy(page_at(bytes, 1), page_at(bytes, 2), sizeof(kept));
    memcpy(page_at(bytes, 2), kept, sizeof(kept));
    store_write_file(home->path, es_slice(bytes, len));
    assert_false(all_readable(home, &digest));
    free(bytes);
}

static void a_page_of_another_database_is_noticed(void **state)
{
    const struct store_home *home = *state;
    struct es_id digest = make_store(home, 4);
    size_t len;
    size_t other_len;
    uint8_t *bytes = store_read_file(home->path, &len);
    uint8_t *other;

    assert_int_equal(remove(home->path), 0);
    make_store(home, 4); /* the same rows under the same key file */
    other = store_read_file(home->path, &other_len);
    memcpy(page_at(bytes, 1), page_at(other, 1), ES_VAULT_PAGE_BYTES);
    store_write_file(home->path, es_slice(bytes, len));
    assert_false(all_readable(home, &digest));
    free(bytes);
    free(other);
}

static void a_shortened_database_is_noticed(void **state)
{
    const struct store_home *home = *state;
    struct es_id digest = make_store(home, 5);
    uint64_t seed = 6;
    size_t len;
    uint8_t *bytes = store_read_file(home->path, &len);

    for (int i = 0; i < 40; i++) {
        size_t kept =
            ES_VAULT_HEADER_BYTES + store_pick(&seed, (uint32_t)(len - ES_VAULT_HEADER_BYTES));

        store_write_file(home->path, es_slice(bytes, kept));
        assert_false(all_readable(home, &digest));
    }
    store_write_file(home->path, es_slice(bytes, ES_VAULT_HEADER_BYTES));
    assert_false(all_readable(home, &digest));
    free(bytes);
}

/* What a reader whose cache is empty makes of the row: 0 or -EIO. */
static int read_long_row(struct es_store *store, const uint8_t *body, size_t body_len)
{
    static uint8_t buf[20000];
    struct es_store_reader *reader = store->ops->reader(store);
    size_t len;
    int err;

    if (reader == NULL)
        return -EIO;
    err = reader->ops->get(reader, ES_ROW_OUTBOX, es_slice("k", 1), buf, sizeof(buf), &len);
    reader->ops->free(reader);
    if (err == 0) {
        assert_int_equal(len, body_len);
        assert_memory_equal(buf, body, len);
    }
    return err;
}

static void an_altered_frame_is_noticed_while_it_is_used(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);
    struct es_row row = store_row(ES_ROW_OUTBOX, "k", "");
    uint8_t body[18000];
    size_t n_noticed = 0;
    size_t len;
    uint8_t *bytes;

    memset(body, 0x55, sizeof(body));
    row.body = ES_SLICE_OF(body);
    store_put(store, row);
    bytes = store_read_file(home->wal_path, &len);
    for (size_t frame = ES_WAL_HEAD_SLOT_BYTES; frame < len; frame += ES_WAL_FRAME_SLOTS_BYTES) {
        uint8_t *at = bytes + frame + ES_WAL_FRAME_HEAD_SLOT_BYTES + 2000;
        int err;

        *at ^= 1;
        store_write_file(home->wal_path, es_slice(bytes, len));
        err = read_long_row(store, body, sizeof(body));
        assert_true(err == 0 || err == -EIO);
        n_noticed += err == -EIO;
        *at ^= 1;
    }
    assert_true(n_noticed >= sizeof(body) / ES_VAULT_PAGE_BYTES);
    store_write_file(home->wal_path, es_slice(bytes, len));
    assert_int_equal(read_long_row(store, body, sizeof(body)), 0);
    store->ops->free(store);
    free(bytes);
}

/* --- Nonces and slots -------------------------------------------------------------------------- */

struct nonces {
    uint8_t (*at)[ES_NONCE_BYTES];
    size_t n;
    size_t cap;
    const char *wal_path;
};

static void note_nonce(void *ctx, const char *path, struct es_slice bytes, uint64_t offset)
{
    struct nonces *nonces = ctx;

    if (strcmp(path, nonces->wal_path) == 0) {
        /* A write is one whole slot, never more and never a part. */
        struct es_wal_piece piece = es_wal_piece_at(es_wal_len(offset));

        if (piece.disk_start < offset)
            piece = es_wal_piece_at(piece.start + piece.len);
        assert_int_equal(piece.disk_start, offset);
        assert_int_equal(piece.disk_len, bytes.len);
    } else {
        assert_int_equal(offset % ES_VAULT_PAGE_BYTES, 0);
        assert_true(offset >= ES_VAULT_HEADER_BYTES);
        assert_int_equal(bytes.len, ES_VAULT_PAGE_BYTES);
    }
    assert_true(nonces->n < nonces->cap);
    memcpy(nonces->at[nonces->n++], bytes.ptr + bytes.len - ES_NONCE_BYTES, ES_NONCE_BYTES);
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, ES_NONCE_BYTES);
}

static void each_write_is_one_slot_with_a_nonce_of_its_own(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct nonces nonces = {.cap = 200000, .wal_path = home->wal_path};
    struct es_store *store = store_must_open(&options);

    store->ops->free(store);
    nonces.at = malloc(nonces.cap * ES_NONCE_BYTES);
    assert_non_null(nonces.at);
    options.mode = ES_STORE_OPEN;
    options.below = DISK_VFS;
    store = store_must_open(&options);
    disk_plan.on_write = note_nonce;
    disk_plan.ctx = &nonces;
    for (int i = 0; i < 2000; i++)
        store_put(store, store_row(ES_ROW_SESSION, "the same page again", secret_body));
    disk_plan.on_write = NULL;
    store->ops->free(store);

    assert_true(nonces.n > 4000);
    qsort(nonces.at, nonces.n, ES_NONCE_BYTES, compare_nonces);
    for (size_t i = 1; i < nonces.n; i++)
        assert_memory_not_equal(nonces.at[i - 1], nonces.at[i], ES_NONCE_BYTES);
    free(nonces.at);
}

static void pieces_of_the_log_lie_side_by_side(void **state)
{
    uint64_t at = 0;
    uint64_t disk_at = 0;

    (void)state;
    assert_int_equal(es_wal_len(0), 0);
    assert_int_equal(es_wal_disk_len(0), 0);
    for (int i = 0; i < 100; i++) {
        struct es_wal_piece piece = es_wal_piece_at(at);
        uint64_t last = at + piece.len - 1;

        assert_int_equal(piece.start, at);
        assert_int_equal(piece.disk_start, disk_at);
        assert_int_equal(es_wal_piece_at(last).start, at);
        at += piece.len;
        disk_at += piece.disk_len;
        assert_int_equal(es_wal_disk_len(at), disk_at);
        if (piece.kind == ES_VAULT_FRAME_PAGE) {
            assert_int_equal(es_wal_len(disk_at), at);
            assert_int_equal(es_wal_len(disk_at - 1), at - ES_WAL_FRAME_BYTES);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_readable_without_the_key, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(without_the_vault_all_of_it_is, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(files_are_few_and_private, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(other_kinds_of_files_are_refused, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(an_altered_page_is_noticed, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(swapped_pages_are_noticed, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_page_of_another_database_is_noticed, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_shortened_database_is_noticed, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(an_altered_frame_is_noticed_while_it_is_used,
                                        store_home_set_up, store_home_tear_down),
        cmocka_unit_test_setup_teardown(each_write_is_one_slot_with_a_nonce_of_its_own,
                                        store_home_set_up, store_home_tear_down),
        cmocka_unit_test(pieces_of_the_log_lie_side_by_side),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
