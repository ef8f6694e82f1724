/* SPDX-License-Identifier: ISC */
/* store_test.c - what every store must do (node/env/store.h), asked of each store there is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/memory.h"
#include "node/wire/limits.h"
#include "tests/support/store_home.h"
#include "tests/support/store_rows.h"

struct subject {
    struct store_home home;
    struct es_store *store;
    struct es_store_reader *reader; /* opened before anything is committed */
};

static struct es_store *open_memory(const struct store_home *home)
{
    (void)home;
    return es_store_memory_new();
}

static struct es_store *open_vault(const struct store_home *home)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);

    return store_must_open(&options);
}

static struct es_store *open_clear(const struct store_home *home)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);

    options.at_rest = ES_STORE_IN_CLEAR;
    return store_must_open(&options);
}

static int set_up(void **state, struct es_store *(*open_store)(const struct store_home *))
{
    struct subject *subject = calloc(1, sizeof(*subject));

    assert_non_null(subject);
    store_home_init(&subject->home);
    subject->store = open_store(&subject->home);
    assert_non_null(subject->store);
    subject->reader = subject->store->ops->reader(subject->store);
    assert_non_null(subject->reader);
    *state = subject;
    return 0;
}

static int set_up_memory(void **state)
{
    return set_up(state, open_memory);
}

static int set_up_vault(void **state)
{
    return set_up(state, open_vault);
}

static int set_up_clear(void **state)
{
    return set_up(state, open_clear);
}

static int tear_down(void **state)
{
    struct subject *subject = *state;

    subject->reader->ops->free(subject->reader);
    subject->store->ops->free(subject->store);
    store_home_done(&subject->home);
    free(subject);
    return 0;
}

/* --- One row ----------------------------------------------------------------------------------- */

static int get(struct subject *subject, enum es_row_kind kind, const char *key, uint8_t *buf,
               size_t cap, size_t *ret_len)
{
    return subject->reader->ops->get(subject->reader, kind, es_slice(key, strlen(key)), buf, cap,
                                     ret_len);
}

static void a_row_comes_back_as_it_was_put(void **state)
{
    struct subject *subject = *state;
    uint8_t buf[8];
    size_t len = 99;

    store_put(subject->store, store_row(ES_ROW_CONTACT, "ada", "lovelace"));
    assert_int_equal(get(subject, ES_ROW_CONTACT, "ada", buf, sizeof(buf), &len), 0);
    assert_int_equal(len, 8);
    assert_memory_equal(buf, "lovelace", 8);
    store_expect(subject->store, ES_ROW_CONTACT, "ad", NULL);
    store_expect(subject->store, ES_ROW_CONTACT, "adam", NULL);
}

static void a_body_may_hold_any_bytes_or_none(void **state)
{
    struct subject *subject = *state;
    uint8_t all[256];
    uint8_t buf[256];
    size_t len = 99;
    struct es_row row = store_row(ES_ROW_SELF, "all", "");

    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)(255 - i);
    row.body = ES_SLICE_OF(all);
    store_put(subject->store, row);
    assert_int_equal(get(subject, ES_ROW_SELF, "all", buf, sizeof(buf), &len), 0);
    assert_memory_equal(buf, all, sizeof(all));

    row.body = (struct es_slice){NULL, 0};
    store_put(subject->store, row);
    assert_int_equal(get(subject, ES_ROW_SELF, "all", NULL, 0, &len), 0);
    assert_int_equal(len, 0);
}

static void kinds_are_apart(void **state)
{
    struct subject *subject = *state;
    struct es_row rows[ES_ROW_KIND_END];
    char bodies[ES_ROW_KIND_END][2];
    size_t n_rows = 0;

    for (enum es_row_kind kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++) {
        bodies[kind][0] = (char)('a' + kind);
        bodies[kind][1] = '\0';
        rows[n_rows++] = store_row(kind, "same key", bodies[kind]);
    }
    assert_int_equal(subject->store->ops->commit(subject->store, rows, n_rows), 0);
    store_put(subject->store, store_row_erased(ES_ROW_HELD, "same key"));
    for (enum es_row_kind kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++)
        store_expect(subject->store, kind, "same key", kind == ES_ROW_HELD ? NULL : bodies[kind]);
}

/* What a contact's number begins goes with the contact, and nothing else. */
static void a_prefix_erases_what_begins_with_it(void **state)
{
    static const char *const keys[] = {"aa", "ab", "ab\x01", "abc", "ab\xff\xff", "ac", "b"};
    struct subject *subject = *state;
    struct es_row erased = store_row_erased(ES_ROW_MESSAGE, "ab");

    erased.prefix = true;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        store_put(subject->store, store_row(ES_ROW_MESSAGE, keys[i], "body"));
        store_put(subject->store, store_row(ES_ROW_HELD, keys[i], "body"));
    }
    store_put(subject->store, erased);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bool begins = strncmp(keys[i], "ab", 2) == 0;

        store_expect(subject->store, ES_ROW_MESSAGE, keys[i], begins ? NULL : "body");
        store_expect(subject->store, ES_ROW_HELD, keys[i], "body");
    }
}

static void a_small_buffer_gets_nothing(void **state)
{
    struct subject *subject = *state;
    uint8_t buf[4] = {1, 2, 3, 4};
    const uint8_t before[4] = {1, 2, 3, 4};
    size_t len = 99;

    store_put(subject->store, store_row(ES_ROW_SESSION, "k", "12345"));
    assert_int_equal(get(subject, ES_ROW_SESSION, "k", buf, 4, &len), -EMSGSIZE);
    assert_int_equal(get(subject, ES_ROW_SESSION, "none", buf, 4, &len), -ENOENT);
    assert_int_equal(len, 99);
    assert_memory_equal(buf, before, sizeof(buf));
}

static void the_longest_row_fits(void **state)
{
    struct subject *subject = *state;
    uint8_t *body = malloc(ES_ROW_BODY_BYTES_MAX);
    uint8_t *buf = malloc(ES_ROW_BODY_BYTES_MAX);
    uint8_t key[ES_ROW_KEY_BYTES_MAX];
    size_t len = 0;

    assert_true(body != NULL && buf != NULL);
    memset(key, 0xee, sizeof(key));
    for (enum es_row_kind kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++) {
        struct es_row row = {
            .kind = kind, .key = ES_SLICE_OF(key), .body = es_slice(body, ES_ROW_BODY_BYTES_MAX)};

        memset(body, kind, ES_ROW_BODY_BYTES_MAX);
        store_put(subject->store, row);
        assert_int_equal(subject->reader->ops->get(subject->reader, kind, row.key, buf,
                                                   ES_ROW_BODY_BYTES_MAX, &len),
                         0);
        assert_int_equal(len, ES_ROW_BODY_BYTES_MAX);
        assert_memory_equal(buf, body, len);
    }
    free(body);
    free(buf);
}

/* --- Batches ----------------------------------------------------------------------------------- */

static void the_last_of_several_rows_counts(void **state)
{
    struct subject *subject = *state;
    const struct es_row rows[] = {
        store_row(ES_ROW_SELF, "a", "first"),  store_row(ES_ROW_SELF, "b", "first"),
        store_row(ES_ROW_SELF, "a", "last"),   store_row_erased(ES_ROW_SELF, "b"),
        store_row_erased(ES_ROW_SELF, "c"),    store_row(ES_ROW_SELF, "c", "back again"),
        store_row_message("m", 1, 5, "first"), store_row_message("m", 2, 7, "moved"),
    };

    assert_int_equal(
        subject->store->ops->commit(subject->store, rows, sizeof(rows) / sizeof(rows[0])), 0);
    store_expect(subject->store, ES_ROW_SELF, "a", "last");
    store_expect(subject->store, ES_ROW_SELF, "b", NULL);
    store_expect(subject->store, ES_ROW_SELF, "c", "back again");
    store_expect(subject->store, ES_ROW_MESSAGE, "m", "moved");
}

static void nothing_may_be_committed(void **state)
{
    struct subject *subject = *state;

    assert_int_equal(subject->store->ops->commit(subject->store, NULL, 0), 0);
    store_put(subject->store, store_row_erased(ES_ROW_GAP, "never there"));
    store_expect(subject->store, ES_ROW_GAP, "never there", NULL);
}

static void a_commit_keeps_no_borrowed_byte(void **state)
{
    struct subject *subject = *state;
    char key[] = "key";
    char body[] = "body";

    store_put(subject->store, store_row(ES_ROW_OUTBOX, key, body));
    memset(key, 'x', sizeof(key) - 1);
    memset(body, 'x', sizeof(body) - 1);
    store_expect(subject->store, ES_ROW_OUTBOX, "key", "body");
}

/* --- All rows of a kind ------------------------------------------------------------------------ */

struct seen {
    char text[512];
    size_t n;
    size_t stop_after; /* 0: never */
};

/* "key=body;" for each row; messages also tell where they stand. */
static int note_row(void *ctx, const struct es_row *row)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);
    char place[64] = "";

    assert_false(row->erase);
    if (row->kind == ES_ROW_MESSAGE)
        snprintf(place, sizeof(place), "@%u/%llu", row->conversation,
                 (unsigned long long)row->order);
    snprintf(seen->text + used, sizeof(seen->text) - used, "%.*s%s=%.*s;", (int)row->key.len,
             (const char *)row->key.ptr, place, (int)row->body.len, (const char *)row->body.ptr);
    seen->n++;
    return seen->n == seen->stop_after ? 7 : 0;
}

static void each_gives_rows_in_key_order(void **state)
{
    struct subject *subject = *state;
    struct seen seen = {.n = 0};
    const struct es_row rows[] = {
        store_row(ES_ROW_INVITE, "b", "2"),     store_row(ES_ROW_INVITE, "\xff", "4"),
        store_row(ES_ROW_INVITE, "a", "0"),     store_row(ES_ROW_INVITE, "ab", "1"),
        store_row(ES_ROW_INVITE, "b\x01", "3"), store_row(ES_ROW_SEEN, "aa", "elsewhere"),
    };

    assert_int_equal(
        subject->store->ops->commit(subject->store, rows, sizeof(rows) / sizeof(rows[0])), 0);
    assert_int_equal(subject->reader->ops->each(subject->reader, ES_ROW_INVITE, note_row, &seen),
                     0);
    assert_string_equal(seen.text, "a=0;ab=1;b=2;b\x01=3;\xff=4;");
}

static void each_stops_when_told(void **state)
{
    struct subject *subject = *state;
    struct seen seen = {.stop_after = 2};
    const struct es_row rows[] = {
        store_row(ES_ROW_SEEN, "a", "1"),
        store_row(ES_ROW_SEEN, "b", "2"),
        store_row(ES_ROW_SEEN, "c", "3"),
    };

    assert_int_equal(subject->store->ops->commit(subject->store, rows, 3), 0);
    assert_int_equal(subject->reader->ops->each(subject->reader, ES_ROW_SEEN, note_row, &seen), 7);
    assert_string_equal(seen.text, "a=1;b=2;");
    seen = (struct seen){.n = 0};
    assert_int_equal(subject->reader->ops->each(subject->reader, ES_ROW_PENDING, note_row, &seen),
                     0);
    assert_int_equal(seen.n, 0);
}

/* Reads inside of a reader's callback. */
static int read_within(void *ctx, const struct es_row *row)
{
    struct subject *subject = ctx;
    struct seen seen = {.n = 0};
    uint8_t buf[16];
    size_t len = 0;

    assert_int_equal(
        subject->reader->ops->get(subject->reader, row->kind, row->key, buf, sizeof(buf), &len), 0);
    assert_int_equal(len, row->body.len);
    assert_memory_equal(buf, row->body.ptr, len);
    assert_int_equal(subject->reader->ops->each(subject->reader, row->kind, note_row, &seen), 0);
    assert_int_equal(seen.n, 2);
    return 0;
}

static void a_callback_may_read(void **state)
{
    struct subject *subject = *state;

    store_put(subject->store, store_row(ES_ROW_CONTACT, "a", "1"));
    store_put(subject->store, store_row(ES_ROW_CONTACT, "b", "2"));
    assert_int_equal(
        subject->reader->ops->each(subject->reader, ES_ROW_CONTACT, read_within, subject), 0);
}

static void a_reader_sees_each_commit(void **state)
{
    struct subject *subject = *state;
    struct es_store_reader *second = subject->store->ops->reader(subject->store);
    uint8_t buf[16];
    size_t len = 0;

    assert_non_null(second);
    for (int i = 0; i < 50; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%d", i);
        store_put(subject->store, store_row(ES_ROW_SELF, "counter", body));
        assert_int_equal(get(subject, ES_ROW_SELF, "counter", buf, sizeof(buf), &len), 0);
        assert_int_equal(len, strlen(body));
        assert_memory_equal(buf, body, len);
        assert_int_equal(
            second->ops->get(second, ES_ROW_SELF, es_slice("counter", 7), buf, sizeof(buf), &len),
            0);
        assert_memory_equal(buf, body, len);
    }
    second->ops->free(second);
}

/* --- Pages ------------------------------------------------------------------------------------- */

static void put_messages(struct subject *subject)
{
    const struct es_row rows[] = {
        store_row_message("held", 1, 0, "h"),
        store_row_message("c", 1, 3, "3"),
        store_row_message("a", 1, 1, "1"),
        store_row_message("b", 1, 2, "2"),
        store_row_message("other", 2, 2, "o"),
        store_row_message("big", 1, UINT64_C(1) << 63, "g"),
        store_row_message("most", 1, UINT64_MAX, "m"),
        store_row_message("d", 1, 4, "4"),
        store_row_message("far", UINT32_MAX, 1, "f"),
    };

    assert_int_equal(
        subject->store->ops->commit(subject->store, rows, sizeof(rows) / sizeof(rows[0])), 0);
}

static void expect_page(struct subject *subject, struct es_page page, const char *text)
{
    struct seen seen = {.n = 0};

    assert_int_equal(subject->reader->ops->page(subject->reader, &page, note_row, &seen), 0);
    assert_string_equal(seen.text, text);
}

static void a_page_is_bounded_and_ordered(void **state)
{
    struct subject *subject = *state;

    put_messages(subject);
    expect_page(subject, (struct es_page){1, 0, UINT64_MAX, false, 3}, "a@1/1=1;b@1/2=2;c@1/3=3;");
    expect_page(subject, (struct es_page){1, 1, 4, false, 256}, "b@1/2=2;c@1/3=3;");
    expect_page(subject, (struct es_page){1, 0, 4, true, 2}, "c@1/3=3;b@1/2=2;");
    expect_page(subject, (struct es_page){1, 3, UINT64_MAX, true, 256},
                "most@1/18446744073709551615=m;big@1/9223372036854775808=g;d@1/4=4;");
    expect_page(subject, (struct es_page){1, UINT64_C(1) << 62, UINT64_MAX - 1, false, 256},
                "big@1/9223372036854775808=g;");
    expect_page(subject, (struct es_page){UINT32_MAX, 0, UINT64_MAX, true, 5},
                "far@4294967295/1=f;");
}

static void a_page_may_be_empty(void **state)
{
    struct subject *subject = *state;

    put_messages(subject);
    expect_page(subject, (struct es_page){1, 0, UINT64_MAX, false, 0}, "");
    expect_page(subject, (struct es_page){1, 2, 3, false, 9}, "");
    expect_page(subject, (struct es_page){1, 3, 2, true, 9}, "");
    expect_page(subject, (struct es_page){1, 0, 0, true, 9}, "");
    expect_page(subject, (struct es_page){1, 0, 1, true, 9}, "");
    expect_page(subject, (struct es_page){1, UINT64_MAX, UINT64_MAX, true, 9}, "");
    expect_page(subject, (struct es_page){3, 0, UINT64_MAX, false, 9}, "");
}

static void a_message_moves_with_its_order(void **state)
{
    struct subject *subject = *state;

    put_messages(subject);
    store_put(subject->store, store_row_message("held", 2, 1, "shown"));
    store_put(subject->store, store_row_erased(ES_ROW_MESSAGE, "other"));
    expect_page(subject, (struct es_page){2, 0, UINT64_MAX, false, 9}, "held@2/1=shown;");
    store_put(subject->store, store_row_message("held", 2, 0, "hidden"));
    expect_page(subject, (struct es_page){2, 0, UINT64_MAX, false, 9}, "");
    store_expect(subject->store, ES_ROW_MESSAGE, "held", "hidden");
}

static void equal_orders_go_by_key(void **state)
{
    struct subject *subject = *state;
    const struct es_row rows[] = {
        store_row_message("y", 1, 5, ""),
        store_row_message("x", 1, 5, ""),
        store_row_message("z", 1, 5, ""),
    };

    assert_int_equal(subject->store->ops->commit(subject->store, rows, 3), 0);
    expect_page(subject, (struct es_page){1, 4, 6, false, 9}, "x@1/5=;y@1/5=;z@1/5=;");
    expect_page(subject, (struct es_page){1, 4, 6, true, 2}, "z@1/5=;y@1/5=;");
}

static void a_page_stops_when_told(void **state)
{
    struct subject *subject = *state;
    struct es_page page = {1, 0, UINT64_MAX, true, 9};
    struct seen seen = {.stop_after = 1};

    put_messages(subject);
    assert_int_equal(subject->reader->ops->page(subject->reader, &page, note_row, &seen), 7);
    assert_int_equal(seen.n, 1);
}

/* --- All stores together ----------------------------------------------------------------------- */

static void random_batches_leave_all_stores_equal(void **state)
{
    struct store_home homes[2];
    struct es_store *stores[3];
    uint64_t seed = 20250101;

    (void)state;
    store_home_init(&homes[0]);
    store_home_init(&homes[1]);
    stores[0] = open_memory(&homes[0]);
    stores[1] = open_vault(&homes[0]);
    stores[2] = open_clear(&homes[1]);
    for (int round = 0; round < 300; round++) {
        struct store_batch batch;

        store_batch_init(&batch, &seed);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(stores[i]->ops->commit(stores[i], batch.rows, batch.n_rows), 0);
        store_batch_done(&batch);
        if (round % 10 == 0) {
            struct es_id digest = store_digest(stores[0]);

            for (size_t i = 1; i < 3; i++)
                assert_memory_equal(store_digest(stores[i]).bytes, digest.bytes,
                                    sizeof(digest.bytes));
        }
    }
    for (size_t i = 0; i < 3; i++)
        stores[i]->ops->free(stores[i]);
    store_home_done(&homes[0]);
    store_home_done(&homes[1]);
}

#define CASE(test, store)                                                                          \
    {                                                                                              \
#store ": " #test, test, set_up_##store, tear_down, NULL                                   \
    }
#define CASES(store)                                                                               \
    CASE(a_row_comes_back_as_it_was_put, store), CASE(a_body_may_hold_any_bytes_or_none, store),   \
        CASE(kinds_are_apart, store), CASE(a_prefix_erases_what_begins_with_it, store),            \
        CASE(a_small_buffer_gets_nothing, store), CASE(the_longest_row_fits, store),               \
        CASE(the_last_of_several_rows_counts, store), CASE(nothing_may_be_committed, store),       \
        CASE(a_commit_keeps_no_borrowed_byte, store), CASE(each_gives_rows_in_key_order, store),   \
        CASE(each_stops_when_told, store), CASE(a_callback_may_read, store),                       \
        CASE(a_reader_sees_each_commit, store), CASE(a_page_is_bounded_and_ordered, store),        \
        CASE(a_page_may_be_empty, store), CASE(a_message_moves_with_its_order, store),             \
        CASE(equal_orders_go_by_key, store), CASE(a_page_stops_when_told, store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASES(memory),
        CASES(vault),
        CASES(clear),
        cmocka_unit_test(random_batches_leave_all_stores_equal),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
