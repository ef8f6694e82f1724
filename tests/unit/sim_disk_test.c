/* SPDX-License-Identifier: ISC */
/* The simulator's disk, and the real store over it: what was reported durable is there after power
 * went out at any change, the disk failed, or an older image was put in its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/disk/store.h"
#include "sim/disk/vfs.h"
#include "tests/support/store_home.h"
#include "tests/support/store_image.h"
#include "tests/support/store_rows.h"

/* --- Files ------------------------------------------------------------------------------------- */

static struct es_slice filled(uint8_t *bytes, uint8_t value, size_t len)
{
    memset(bytes, value, len);
    return es_slice(bytes, len);
}

/* Everything synced stays, whatever becomes of the rest; each sector has each of its fates. */
static void a_power_cut_leaves_what_was_synced(void **state)
{
    enum { SECTORS = 8, LEN = SECTORS * ES_SIM_SECTOR_BYTES };
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_DISK, 0);
    size_t n_old = 0, n_new = 0, n_other = 0;
    uint8_t bytes[LEN];

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        struct es_sim_file file = {.first = NULL};
        struct es_sim_buffer left;

        es_sim_file_write(&file, filled(bytes, 1, LEN), 0);
        es_sim_file_sync(&file);
        es_sim_file_write(&file, filled(bytes, 2, LEN / 2), 0);
        left = es_sim_file_after_cut(&file, &rng);
        assert_int_equal(left.len, LEN);
        assert_memory_equal(left.bytes + LEN / 2, filled(bytes, 1, LEN / 2).ptr, LEN / 2);
        for (size_t at = 0; at < LEN / 2; at += ES_SIM_SECTOR_BYTES) {
            bool old = memcmp(left.bytes + at, filled(bytes, 1, LEN).ptr, ES_SIM_SECTOR_BYTES) == 0;
            bool new = memcmp(left.bytes + at, filled(bytes, 2, LEN).ptr, ES_SIM_SECTOR_BYTES) == 0;

            n_old += old;
            n_new += new;
            n_other += !old && !new;
        }
        free(left.bytes);
        es_sim_file_done(&file);
    }
    assert_true(n_old > 100 && n_new > 100 && n_other > 20);
}

/* --- The store --------------------------------------------------------------------------------- */

struct rig {
    struct es_sim_world world;
    struct es_sim_node node;
    struct es_store *store;
};

static struct rig *rig_new(uint64_t seed)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->world.options = (struct es_sim_options){.seed = seed, .store = ES_SIM_STORE_SQLITE};
    rig->world.calm = true;
    rig->world.now_ms = 1;
    rig->world.nodes = &rig->node;
    rig->store = es_sim_store_new(&rig->world, &rig->node);
    return rig;
}

static void rig_free(struct rig *rig)
{
    assert_string_equal(rig->world.violation, "");
    rig->store->ops->free(rig->store);
    free(rig);
}

/* False: the power went out on the way, in the commit or when what was erased is overwritten. */
static bool commit_and_tidy(struct rig *rig, uint64_t *seed)
{
    struct store_batch batch;
    int err;

    store_batch_init(&batch, seed);
    err = rig->store->ops->commit(rig->store, batch.rows, batch.n_rows);
    store_batch_done(&batch);
    if (es_sim_store_is_off(rig->store))
        return false;
    assert_int_equal(err, 0);
    rig->world.now_ms += 20000;
    rig->store->ops->tick(rig->store, rig->world.now_ms);
    return !es_sim_store_is_off(rig->store);
}

/* The store itself compares what it holds with what was durable: a violation if it differs. */
static void what_was_durable_is_there_after_power_cuts(void **state)
{
    struct rig *rig = rig_new(2);
    uint64_t seed = 3;
    size_t n_cuts = 0;

    (void)state;
    for (uint64_t change = 1; change < 400; change += 3) {
        es_sim_store_die_in(rig->store, change);
        for (size_t i = 0; i < 6 && commit_and_tidy(rig, &seed); i++)
            continue;
        n_cuts += es_sim_store_is_off(rig->store);
        es_sim_store_crash(rig->store);
        assert_string_equal(rig->world.violation, "");
    }
    assert_true(n_cuts > 50);
    rig_free(rig);
}

static void a_commit_that_fails_changes_nothing(void **state)
{
    struct rig *rig = rig_new(4);
    uint64_t seed = 5;
    size_t n_failed = 0;

    (void)state;
    store_put(rig->store, store_row(ES_ROW_SELF, "name", "before"));
    for (uint64_t change = 1; change < 60; change++) {
        struct store_batch batch;

        es_sim_store_fail_in(rig->store, change);
        store_batch_init(&batch, &seed);
        n_failed += rig->store->ops->commit(rig->store, batch.rows, batch.n_rows) != 0;
        store_batch_done(&batch);
        assert_string_equal(rig->world.violation, "");
        es_sim_store_crash(rig->store);
        assert_string_equal(rig->world.violation, "");
    }
    assert_true(n_failed > 5);
    rig_free(rig);
}

static void a_full_disk_takes_nothing_and_loses_nothing(void **state)
{
    struct rig *rig = rig_new(6);
    struct es_row row = store_row(ES_ROW_SELF, "name", "before");
    int err = 0;

    (void)state;
    store_put(rig->store, row);
    rig->world.calm = false;
    rig->world.options.disk_full = 1000;
    row = store_row(ES_ROW_SELF, "name", "after");
    for (size_t i = 0; i < 100 && err == 0; i++)
        err = rig->store->ops->commit(rig->store, &row, 1);
    assert_int_equal(err, -ENOSPC);
    rig->world.calm = true;
    rig->world.now_ms += 60000;
    store_put(rig->store, store_row(ES_ROW_CONTACT, "bob", "there is room again"));
    store_expect(rig->store, ES_ROW_CONTACT, "bob", "there is room again");
    rig_free(rig);
}

static void an_older_image_takes_the_place_of_the_newer_one(void **state)
{
    struct rig *rig = rig_new(7);
    struct es_sim_rng rng = es_sim_rng(7, ES_SIM_FAULTS, 0);

    (void)state;
    assert_false(es_sim_store_go_back(rig->store));
    store_put(rig->store, store_row(ES_ROW_SELF, "name", "then"));
    es_sim_store_keep(rig->store, &rng);
    store_put(rig->store, store_row(ES_ROW_SELF, "name", "now"));
    assert_true(es_sim_store_go_back(rig->store));
    store_expect(rig->store, ES_ROW_SELF, "name", "then");
    rig_free(rig);
}

/* Whatever bit it is: the store says that it is damaged, or the bit was not in use. */
static void a_bit_that_changes_is_noticed(void **state)
{
    size_t n_noticed = 0;

    (void)state;
    for (uint64_t i = 0; i < 24; i++) {
        struct rig *rig = rig_new(20 + i);
        struct es_sim_rng rng = es_sim_rng(i, ES_SIM_FAULTS, 0);
        uint64_t seed = 21;

        for (size_t k = 0; k < 12; k++)
            assert_true(commit_and_tidy(rig, &seed));
        n_noticed += !es_sim_store_rot(rig->store, &rng);
        rig_free(rig);
    }
    assert_true(n_noticed >= 12);
}

/* The harness notices a disk that does not keep what it said it had. */
static void a_sync_that_lies_is_found(void **state)
{
    struct rig *rig = rig_new(9);
    uint64_t seed = 22;

    (void)state;
    rig->store->ops->free(rig->store);
    rig->world.options.lying_sync = true;
    rig->store = es_sim_store_new(&rig->world, &rig->node);
    for (size_t i = 0; i < 8 && rig->world.violation[0] == '\0'; i++) {
        es_sim_store_die_in(rig->store, 40);
        while (commit_and_tidy(rig, &seed))
            continue;
        es_sim_store_crash(rig->store);
    }
    assert_true(strncmp(rig->world.violation, "S1:", 3) == 0);
    rig->world.violation[0] = '\0';
    rig_free(rig);
}

/* P8: nothing can be read on the disk that is locked; and what could is found. */
static void nothing_at_rest_can_be_read(void **state)
{
    static const char text[] = "meet me at the old mill";
    static const char name[] = "Ada of the seven hills";
    static const char header[] = "SQLite format 3";
    struct rig *rig = rig_new(8);
    uint64_t seed = 9;

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        store_put(rig->store, store_row(ES_ROW_SELF, "name", name));
        store_put(rig->store, store_row_message("key", 1, i + 1, text));
        assert_false(es_sim_store_contains(rig->store, es_slice(text, strlen(text))));
        assert_false(es_sim_store_contains(rig->store, es_slice(name, strlen(name))));
        assert_false(es_sim_store_contains(rig->store, es_slice(header, strlen(header))));
        assert_true(commit_and_tidy(rig, &seed));
        es_sim_store_crash(rig->store);
    }
    rig_free(rig);
}

/* --- The log ----------------------------------------------------------------------------------- */

#define CHANGES_MAX 200
#define PARTS 4

/* A store over a simulated disk whose files a test may write itself. */
struct bare {
    struct es_store_sqlite_options options;
    struct es_sim_vfs vfs;
};

static struct es_store *open_bare(struct bare *bare)
{
    bare->vfs.off = false;
    return store_must_open(&bare->options);
}

/* Gives it `kept` for its files: a copy, with which nothing is under way. */
static void put_files(struct bare *bare, const struct es_sim_buffer *kept)
{
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++)
        es_sim_file_set(&bare->vfs.files[i], es_slice(kept[i].bytes, kept[i].len));
}

static void init_bare(struct bare *bare, const struct store_home *home)
{
    size_t len;
    uint8_t *bytes;

    store_make_empty(home);
    bytes = store_read_file(home->path, &len);
    es_sim_vfs_init(&bare->vfs, es_sim_rng(1, ES_SIM_SQLITE, 0));
    es_sim_file_set(&bare->vfs.files[ES_SIM_DATABASE], es_slice(bytes, len));
    free(bytes);
    bare->options = store_home_options(home, ES_STORE_OPEN);
    bare->options.below = bare->vfs.name;
}

/* Files of a store with a long log, as a killed process leaves them. */
static struct es_id fill_log(struct bare *bare, struct es_sim_buffer *ret_kept)
{
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_DISK, 0);
    struct es_store *store = open_bare(bare);
    uint64_t seed = 10;
    struct es_id digest;

    for (size_t i = 0; i < 12; i++) {
        struct store_batch batch;

        store_batch_init(&batch, &seed);
        assert_int_equal(store->ops->commit(store, batch.rows, batch.n_rows), 0);
        store_batch_done(&batch);
    }
    digest = store_digest(store);
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++)
        ret_kept[i] = es_sim_file_after_cut(&bare->vfs.files[i], &rng);
    bare->vfs.off = true;
    store->ops->free(store);
    return digest;
}

/* Power goes out at a change of erasing the log. False: it was erased before. */
static bool die_erasing(struct bare *bare, uint64_t change)
{
    struct es_store *store = open_bare(bare);
    bool died;

    es_store_sqlite_tick(store, 1);
    bare->vfs.dies_in = change;
    es_store_sqlite_tick(store, ES_STORE_ERASED_MS_MAX);
    died = bare->vfs.off;
    bare->vfs.off = true;
    bare->vfs.dies_in = 0;
    store->ops->free(store);
    return died;
}

/* Of the log's beginning the old bytes are left, of the rest the new ones. */
static void leave_the_beginning(struct es_sim_file *log, size_t part)
{
    size_t len = log->now.len;
    size_t old = log->synced.len * part / PARTS;
    uint8_t *bytes = malloc(log->synced.len + len + 1);

    assert_non_null(bytes);
    memcpy(bytes, log->now.bytes, len);
    if (old > 0)
        memcpy(bytes, log->synced.bytes, old);
    es_sim_file_set(log, es_slice(bytes, old > len ? old : len));
    free(bytes);
}

/* The frames at its beginning are older than the database: they must not come back. */
static void a_log_that_is_half_erased_brings_nothing_back(void **state)
{
    struct es_sim_buffer kept[ES_SIM_DISK_FILES];
    struct es_id digest, found;
    struct bare bare;
    uint64_t change = 1;

    init_bare(&bare, *state);
    digest = fill_log(&bare, kept);
    for (bool died = true; died && change < CHANGES_MAX; change++)
        for (size_t part = 0; part <= PARTS; part++) {
            struct es_store *store;

            put_files(&bare, kept);
            died = die_erasing(&bare, change);
            leave_the_beginning(&bare.vfs.files[ES_SIM_LOG], part);
            store = open_bare(&bare);
            assert_int_equal(store_try_digest(store, &found), 0);
            assert_true(store_same(&found, &digest));
            bare.vfs.off = true;
            store->ops->free(store);
        }
    assert_true(change > 30 && change < CHANGES_MAX);
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++)
        free(kept[i].bytes);
    es_sim_vfs_done(&bare.vfs);
}

/* --- Kills, then power cuts -------------------------------------------------------------------- */

/* A process dies at this change of a commit. The rest of the system lives on. False: it is done. */
static bool die_committing(struct bare *bare, uint64_t change, uint64_t *seed)
{
    struct es_store *store = open_bare(bare);
    struct store_batch batch;
    bool died;

    store_batch_init(&batch, seed);
    bare->vfs.dies_in = change;
    store->ops->commit(store, batch.rows, batch.n_rows);
    died = bare->vfs.off;
    bare->vfs.off = true;
    bare->vfs.dies_in = 0;
    store_batch_done(&batch);
    store->ops->free(store);
    return died;
}

/* Whoever opens it takes what it reads for durable: other people are told of it. */
static void what_is_read_after_a_kill_survives_a_power_cut(void **state)
{
    struct es_sim_rng rng = es_sim_rng(2, ES_SIM_DISK, 0);
    uint64_t seed = 12, change = 1;
    struct bare bare;

    init_bare(&bare, *state);
    for (bool died = true; died && change < CHANGES_MAX; change++)
        for (size_t i = 0; i < 8; i++) {
            struct es_id before, after;
            struct es_store *store;

            died = die_committing(&bare, change, &seed);
            store = open_bare(&bare);
            before = store_digest(store);
            bare.vfs.off = true;
            store->ops->free(store);
            es_sim_vfs_cut_power(&bare.vfs, &rng);
            store = open_bare(&bare);
            after = store_digest(store);
            bare.vfs.off = true;
            store->ops->free(store);
            assert_true(store_same(&before, &after));
        }
    assert_true(change > 5 && change < CHANGES_MAX);
    es_sim_vfs_done(&bare.vfs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_leaves_what_was_synced),
        cmocka_unit_test(what_was_durable_is_there_after_power_cuts),
        cmocka_unit_test(a_commit_that_fails_changes_nothing),
        cmocka_unit_test(a_full_disk_takes_nothing_and_loses_nothing),
        cmocka_unit_test(an_older_image_takes_the_place_of_the_newer_one),
        cmocka_unit_test(a_bit_that_changes_is_noticed),
        cmocka_unit_test(a_sync_that_lies_is_found),
        cmocka_unit_test(nothing_at_rest_can_be_read),
        cmocka_unit_test_setup_teardown(a_log_that_is_half_erased_brings_nothing_back,
                                        store_home_set_up, store_home_tear_down),
        cmocka_unit_test_setup_teardown(what_is_read_after_a_kill_survives_a_power_cut,
                                        store_home_set_up, store_home_tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
