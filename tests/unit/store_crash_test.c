/* SPDX-License-Identifier: ISC */
/* store_crash_test.c - what was committed is there after kills and power cuts. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/store/memory.h"
#include "tests/support/disk_vfs.h"
#include "tests/support/store_home.h"
#include "tests/support/store_image.h"
#include "tests/support/store_rows.h"

/* --- Power cuts -------------------------------------------------------------------------------- */

#define BATCHES 120
#define CUTS_MAX 2000

struct cuts {
    const struct store_home *home;
    uint64_t seed;
    size_t n_committed;
    size_t n;
    struct {
        struct store_image image;
        size_t n_committed;
    } at[CUTS_MAX];
};

static void cut_power(void *ctx)
{
    struct cuts *cuts = ctx;
    struct store_image *image;

    if (cuts->n == CUTS_MAX)
        return;
    image = &cuts->at[cuts->n].image;
    image->db.bytes = disk_vfs_after_power_cut(cuts->home->path, &cuts->seed, &image->db.len);
    image->wal.bytes = disk_vfs_after_power_cut(cuts->home->wal_path, &cuts->seed, &image->wal.len);
    cuts->at[cuts->n++].n_committed = cuts->n_committed;
}

/* Commits, with the log copied into the database and overwritten now and then. */
static void run_until_cut(struct cuts *cuts, struct es_id *digests, uint64_t seed)
{
    struct es_store *model = es_store_memory_new();
    struct es_store *store = store_open_on_disk(cuts->home);
    uint64_t now_ms = 0;

    assert_non_null(model);
    disk_plan.on_change = cut_power;
    disk_plan.ctx = cuts;
    digests[0] = store_digest(model);
    for (size_t i = 0; i < BATCHES; i++) {
        struct store_batch batch;

        store_batch_init(&batch, &seed);
        assert_int_equal(model->ops->commit(model, batch.rows, batch.n_rows), 0);
        digests[i + 1] = store_digest(model);
        assert_int_equal(store->ops->commit(store, batch.rows, batch.n_rows), 0);
        cuts->n_committed = i + 1;
        store_batch_done(&batch);
        now_ms += ES_STORE_ERASED_MS_MAX / 10;
        es_store_sqlite_tick(store, now_ms);
    }
    store->ops->free(store);
    model->ops->free(model);
    disk_vfs_reset();
}

static void a_power_cut_at_any_write_loses_no_commit(void **state)
{
    struct cuts *cuts = calloc(1, sizeof(*cuts));
    struct es_id digests[BATCHES + 2];
    size_t n_ahead = 0;

    assert_non_null(cuts);
    cuts->home = *state;
    cuts->seed = 7;
    store_make_empty(cuts->home);
    run_until_cut(cuts, digests, 11);
    digests[BATCHES + 1] = digests[BATCHES];
    assert_true(cuts->n > 1000);
    for (size_t i = 0; i < cuts->n; i++) {
        struct es_id found = store_image_digest(cuts->home, &cuts->at[i].image);
        const struct es_id *least = &digests[cuts->at[i].n_committed];

        /* The batch under way may be whole already: it was not reported yet. */
        n_ahead += !store_same(&found, &least[0]);
        assert_true(store_same(&found, &least[0]) || store_same(&found, &least[1]));
        store_image_done(&cuts->at[i].image);
    }
    assert_true(n_ahead > 0 && n_ahead < cuts->n / 2);
    free(cuts);
}

/* --- kill -9 ----------------------------------------------------------------------------------- */

/* Commits numbers and reports each on the pipe when it is durable, until it is killed. */
static void commit_numbers(const struct store_home *home, int report_fd)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_OPEN);
    struct es_store *store;

    if (es_store_sqlite_open(&options, &store) != ES_STORE_OK)
        _exit(1);
    for (uint32_t number = 1;; number++) {
        struct es_row rows[] = {
            {.kind = ES_ROW_SELF,
             .key = es_slice("number", 6),
             .body = es_slice(&number, sizeof(number))},
            {.kind = ES_ROW_MESSAGE,
             .key = es_slice(&number, sizeof(number)),
             .body = es_slice(&number, sizeof(number)),
             .conversation = 1,
             .order = number},
        };

        if (store->ops->commit(store, rows, 2) != 0)
            _exit(2);
        if (write(report_fd, &number, sizeof(number)) != sizeof(number))
            _exit(3);
    }
}

static int count_row(void *ctx, const struct es_row *row)
{
    uint32_t *n = ctx;
    uint32_t number;

    memcpy(&number, row->body.ptr, sizeof(number));
    assert_int_equal(number, ++*n);
    return 0;
}

static uint32_t check_numbers(const struct store_home *home)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_OPEN);
    struct es_store *store = store_must_open(&options);
    struct es_store_reader *reader = store->ops->reader(store);
    struct es_page page = {.conversation = 1, .before = UINT64_MAX, .limit = 256};
    uint32_t number = 0;
    uint32_t n = 0;
    size_t len = 0;
    uint32_t n_before;

    assert_non_null(reader);
    assert_int_equal(reader->ops->get(reader, ES_ROW_SELF, es_slice("number", 6),
                                      (uint8_t *)&number, sizeof(number), &len),
                     0);
    do { /* messages are there up to the number and none is missing */
        n_before = n;
        page.after = n;
        assert_int_equal(reader->ops->page(reader, &page, count_row, &n), 0);
    } while (n > n_before);
    assert_true(n >= number); /* an earlier round may have come further */
    reader->ops->free(reader);
    store->ops->free(store);
    return number;
}

static uint32_t run_and_kill(const struct store_home *home, uint32_t n_reports)
{
    uint32_t last = 0;
    uint32_t number;
    int status;
    int fds[2];
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        commit_numbers(home, fds[1]);
    }
    close(fds[1]);
    while (read(fds[0], &number, sizeof(number)) == sizeof(number)) {
        last = number;
        if (last == n_reports)
            assert_int_equal(kill(child, SIGKILL), 0);
    }
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void a_killed_process_loses_no_commit(void **state)
{
    const struct store_home *home = *state;

    store_make_empty(home);
    for (uint32_t round = 0; round < 8; round++) {
        uint32_t reported = run_and_kill(home, 1 + round * 60);
        uint32_t found = check_numbers(home);

        assert_true(found == reported || found == reported + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_power_cut_at_any_write_loses_no_commit, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_killed_process_loses_no_commit, store_home_set_up,
                                        store_home_tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
