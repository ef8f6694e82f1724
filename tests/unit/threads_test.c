/* SPDX-License-Identifier: ISC */
/* threads_test.c - the writer's and the history's thread beside each other; worth running under
 * ThreadSanitizer. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/daemon/history.h"
#include "node/daemon/writer.h"
#include "tests/support/faulty_store.h"

#define CONVERSATION 7
#define LIMIT_MS 20000

static struct es_row message(uint64_t order, struct es_slice key, struct es_slice body)
{
    return (struct es_row){.kind = ES_ROW_MESSAGE,
                           .key = key,
                           .body = body,
                           .conversation = CONVERSATION,
                           .order = order};
}

static int set_up(void **state)
{
    *state = faulty_store_new();
    return 0;
}

static int tear_down(void **state)
{
    faulty_store_free(*state);
    return 0;
}

static void wait_for(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
}

static int result_of(struct es_writer_thread *writer, struct es_effects *ret)
{
    int result;

    while (!es_writer_thread_result(writer, ret, &result))
        wait_for(es_writer_thread_fd(writer));
    return result;
}

/* Messages 1 to n, each of so many bytes. */
static void write_messages(struct es_store *store, uint64_t n, size_t bytes)
{
    uint8_t *body = calloc(1, bytes);

    assert_non_null(body);
    for (uint64_t order = 1; order <= n; order++) {
        struct es_row row = message(order, es_slice(&order, sizeof(order)), es_slice(body, bytes));

        assert_int_equal(store->ops->commit(store, &row, 1), 0);
    }
    free(body);
}

static struct es_history_page *page_of(struct es_history *history, const struct es_page *query)
{
    struct es_history_page *page;

    assert_true(es_history_ask(history, query, 1));
    while ((page = es_history_next(history)) == NULL)
        wait_for(es_history_fd(history));
    assert_int_equal(page->result, 0);
    return page;
}

/* --- Writer --------------------------------------------------------------------------------------- */

static void batches_come_back_in_order(void **state)
{
    struct es_writer_thread *writer = es_writer_thread_new(faulty_store_of(*state));
    uint64_t given = 0, taken = 0;
    uint64_t keys[ES_BATCHES_IN_FLIGHT_MAX];
    struct es_row rows[ES_BATCHES_IN_FLIGHT_MAX];

    assert_non_null(writer);
    while (taken < 500) {
        struct es_effects effects = {0};

        while (given < 500 && given - taken < ES_BATCHES_IN_FLIGHT_MAX) {
            size_t at = given % ES_BATCHES_IN_FLIGHT_MAX;

            keys[at] = ++given;
            rows[at] = message(given, es_slice(&keys[at], sizeof(keys[at])), es_slice("text", 4));
            es_writer_thread_give(writer, &(struct es_effects){.rows = &rows[at], .n_rows = 1});
        }
        assert_int_equal(result_of(writer, &effects), 0);
        assert_int_equal(effects.rows[0].order, ++taken);
    }
    es_writer_thread_free(writer);
}

static void after_a_failure_every_batch_fails_until_resumed(void **state)
{
    const uint64_t key = 1;
    struct es_row row = message(1, es_slice(&key, sizeof(key)), es_slice("text", 4));
    const struct es_effects some = {.rows = &row, .n_rows = 1}, none = {.n_rows = 0};
    struct es_writer_thread *writer = es_writer_thread_new(faulty_store_of(*state));
    struct es_effects effects;

    assert_non_null(writer);
    faulty_store_fail(*state, -EIO, 0, 1);
    es_writer_thread_give(writer, &some);
    es_writer_thread_give(writer, &none);
    assert_int_equal(result_of(writer, &effects), -EIO);
    assert_int_equal(result_of(writer, &effects), -EIO);
    es_writer_thread_give(writer, &some);
    assert_int_equal(result_of(writer, &effects), -EIO);
    assert_int_equal(faulty_store_tries(*state), 1);
    es_writer_thread_resume(writer);
    es_writer_thread_give(writer, &some);
    assert_int_equal(result_of(writer, &effects), 0);
    es_writer_thread_free(writer);
}

static void what_was_given_is_written_before_the_end(void **state)
{
    struct es_store *store = faulty_store_of(*state);
    const uint64_t key = 1;
    struct es_row row = message(1, es_slice(&key, sizeof(key)), es_slice("text", 4));
    struct es_writer_thread *writer = es_writer_thread_new(store);
    struct es_store_reader *reader = store->ops->reader(store);
    uint8_t buf[8];
    size_t len;

    assert_true(writer != NULL && reader != NULL);
    es_writer_thread_give(writer, &(struct es_effects){.rows = &row, .n_rows = 1});
    es_writer_thread_free(writer);
    assert_int_equal(reader->ops->get(reader, row.kind, row.key, buf, sizeof(buf), &len), 0);
    reader->ops->free(reader);
}

/* --- History -------------------------------------------------------------------------------------- */

static void pages_come_back_as_they_were_asked_for(void **state)
{
    struct es_history *history = es_history_new(faulty_store_of(*state));
    struct es_page query = {
        .conversation = CONVERSATION, .before = UINT64_MAX, .newest_first = true, .limit = 10};
    struct es_history_page *page;

    assert_non_null(history);
    write_messages(faulty_store_of(*state), 25, 100);
    for (uint64_t newest = 25; newest > 5; newest -= 10) {
        page = page_of(history, &query);
        assert_int_equal(page->n, 10);
        assert_true(page->more);
        assert_int_equal(page->orders[0], newest);
        assert_int_equal(page->bodies[9].len, 100);
        query.before = page->orders[9];
        es_history_page_free(page);
    }
    page = page_of(history, &query);
    assert_int_equal(page->n, 5);
    assert_false(page->more);
    es_history_page_free(page);
    es_history_free(history);
}

/* However long the messages are, a page takes a bounded amount of memory and all are reached. */
static void long_messages_make_shorter_pages(void **state)
{
    struct es_history *history = es_history_new(faulty_store_of(*state));
    struct es_page query = {
        .conversation = CONVERSATION, .before = UINT64_MAX, .limit = ES_STORE_PAGE_ROWS_MAX};
    uint64_t seen = 0;
    bool more = true;

    assert_non_null(history);
    write_messages(faulty_store_of(*state), 60, 16000);
    while (more) {
        struct es_history_page *page = page_of(history, &query);

        assert_true(page->n * 16000 < ES_HISTORY_PAGE_BYTES + 16000);
        for (size_t i = 0; i < page->n; i++)
            assert_int_equal(page->orders[i], ++seen);
        query.after = seen;
        more = page->more;
        es_history_page_free(page);
    }
    assert_int_equal(seen, 60);
    es_history_free(history);
}

static void too_many_pages_are_refused(void **state)
{
    struct es_history *history = es_history_new(faulty_store_of(*state));
    struct es_page query = {.conversation = CONVERSATION, .before = UINT64_MAX, .limit = 1};
    struct es_history_page *page;

    assert_non_null(history);
    for (uint64_t i = 0; i < ES_HISTORY_JOBS_MAX; i++)
        assert_true(es_history_ask(history, &query, i));
    assert_false(es_history_ask(history, &query, 1000));
    for (uint64_t i = 0; i < ES_HISTORY_JOBS_MAX; i++) {
        while ((page = es_history_next(history)) == NULL)
            wait_for(es_history_fd(history));
        assert_int_equal(page->number, i);
        es_history_page_free(page);
    }
    assert_true(es_history_ask(history, &query, 1000));
    es_history_free(history); /* with what was not taken */
}

static void both_work_beside_each_other(void **state)
{
    struct es_store *store = faulty_store_of(*state);
    struct es_writer_thread *writer = es_writer_thread_new(store);
    struct es_history *history = es_history_new(store);
    struct es_page query = {
        .conversation = CONVERSATION, .before = UINT64_MAX, .newest_first = true, .limit = 1};

    assert_true(writer != NULL && history != NULL);
    for (uint64_t order = 1; order <= 300; order++) {
        struct es_row row = message(order, es_slice(&order, sizeof(order)), es_slice("text", 4));
        struct es_history_page *page;
        struct es_effects effects;

        es_writer_thread_give(writer, &(struct es_effects){.rows = &row, .n_rows = 1});
        page = page_of(history, &query);
        assert_true(page->n == 0 || page->orders[0] <= order);
        es_history_page_free(page);
        assert_int_equal(result_of(writer, &effects), 0);
    }
    es_writer_thread_free(writer);
    es_history_free(history);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(batches_come_back_in_order),
        TEST(after_a_failure_every_batch_fails_until_resumed),
        TEST(what_was_given_is_written_before_the_end),
        TEST(pages_come_back_as_they_were_asked_for),
        TEST(long_messages_make_shorter_pages),
        TEST(too_many_pages_are_refused),
        TEST(both_work_beside_each_other),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
