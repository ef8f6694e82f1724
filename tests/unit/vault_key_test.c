/* SPDX-License-Identifier: ISC */
/* vault_key_test.c - locking and unlocking a vault: each way to fail has its own error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/store_home.h"
#include "tests/support/store_rows.h"

static void make(const struct es_store_sqlite_options *options)
{
    struct es_store *store = store_must_open(options);

    store_put(store, store_row(ES_ROW_SELF, "k", "v"));
    store->ops->free(store);
}

/* Opening fails with this error and leaves nothing locked; ES_STORE_OK: the row is there. */
static void expect(const struct es_store_sqlite_options *options, enum es_store_err expected)
{
    struct es_store *store = NULL;
    enum es_store_err err = es_store_sqlite_open(options, &store);

    assert_string_equal(es_store_err_text(err), es_store_err_text(expected));
    if (expected != ES_STORE_OK) {
        assert_null(store);
        return;
    }
    store_expect(store, ES_ROW_SELF, "k", "v");
    store->ops->free(store);
}

/* --- Passphrase -------------------------------------------------------------------------------- */

static void a_passphrase_opens_what_it_locked(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options right =
        store_home_passphrase(home, ES_STORE_OPEN, "open sesame");
    struct es_store_sqlite_options wrong =
        store_home_passphrase(home, ES_STORE_OPEN, "open barley");
    struct es_store_sqlite_options none = store_home_passphrase(home, ES_STORE_OPEN, "");
    enum es_vault_lock lock;

    right.mode = ES_STORE_CREATE;
    make(&right);
    right.mode = ES_STORE_OPEN;
    expect(&right, ES_STORE_OK);
    expect(&wrong, ES_STORE_WRONG_PASSPHRASE);
    expect(&none, ES_STORE_LOCKED);
    assert_int_equal(es_store_sqlite_probe(home->path, &lock), ES_STORE_OK);
    assert_int_equal(lock, ES_VAULT_LOCK_PASSPHRASE);
    assert_int_not_equal(access(home->key_file, F_OK), 0);
}

static void the_cost_is_kept_with_the_file(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_passphrase(home, ES_STORE_CREATE, "x");

    make(&options);
    options.mode = ES_STORE_OPEN;
    options.secret.cost = (struct es_vault_cost){3, 1 << 20};
    expect(&options, ES_STORE_OK);
}

static void the_cost_is_moderate_unless_told(void **state)
{
    struct es_vault_secret secret = {.passphrase = es_slice("x", 1)};
    struct es_vault_header header;
    struct es_key key = {{0}};
    enum es_store_err err = es_vault_key_wrap(&key, &secret, &store_entropy, &header);

    (void)state;
    if (err == ES_STORE_MEMORY)
        skip();
    assert_int_equal(err, ES_STORE_OK);
    assert_int_equal(header.cost.ops, 3);
    assert_int_equal(header.cost.memory_bytes, 256 << 20);
}

/* --- Key file ---------------------------------------------------------------------------------- */

static void a_key_file_is_made_once(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    enum es_vault_lock lock;
    struct stat status;
    uint8_t *first;
    uint8_t *second;
    size_t len;

    make(&options);
    assert_int_equal(stat(home->key_file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    first = store_read_file(home->key_file, &len);
    assert_int_equal(len, ES_KEY_BYTES);
    assert_int_equal(es_store_sqlite_probe(home->path, &lock), ES_STORE_OK);
    assert_int_equal(lock, ES_VAULT_LOCK_KEY_FILE);

    assert_int_equal(unlink(home->path), 0);
    make(&options); /* a second database under the same key file */
    second = store_read_file(home->key_file, &len);
    assert_memory_equal(first, second, ES_KEY_BYTES);
    options.mode = ES_STORE_OPEN;
    expect(&options, ES_STORE_OK);
    free(first);
    free(second);
}

static void a_key_file_must_be_private(void **state)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0660, 0700, 0400, 0601};
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);

    make(&options);
    options.mode = ES_STORE_OPEN;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(home->key_file, modes[i]), 0);
        expect(&options, ES_STORE_KEY_FILE_MODE);
    }
    assert_int_equal(chmod(home->key_file, 0600), 0);
    expect(&options, ES_STORE_OK);
}

static void a_key_file_must_be_a_plain_file(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    char elsewhere[200];

    make(&options);
    options.mode = ES_STORE_OPEN;
    snprintf(elsewhere, sizeof(elsewhere), "%s.elsewhere", home->key_file);
    assert_int_equal(rename(home->key_file, elsewhere), 0);
    expect(&options, ES_STORE_NO_KEY_FILE);
    assert_int_equal(symlink(elsewhere, home->key_file), 0);
    expect(&options, ES_STORE_KEY_FILE_MODE);
    assert_int_equal(unlink(home->key_file), 0);
    assert_int_equal(mkfifo(home->key_file, 0600), 0);
    expect(&options, ES_STORE_KEY_FILE_MODE);
    options.secret.key_file = NULL;
    expect(&options, ES_STORE_NO_KEY_FILE);
}

static void another_key_file_does_not_fit(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    uint8_t bytes[ES_KEY_BYTES + 1] = {1, 2, 3};

    make(&options);
    options.mode = ES_STORE_OPEN;
    store_write_file(home->key_file, es_slice(bytes, ES_KEY_BYTES));
    expect(&options, ES_STORE_WRONG_KEY_FILE);
    store_write_file(home->key_file, es_slice(bytes, ES_KEY_BYTES + 1));
    expect(&options, ES_STORE_WRONG_KEY_FILE);
    store_write_file(home->key_file, es_slice(bytes, 0));
    expect(&options, ES_STORE_WRONG_KEY_FILE);
}

/* --- Header ------------------------------------------------------------------------------------ */

static void a_header_is_read_as_it_was_written(void **state)
{
    struct es_vault_header header = {
        .lock = ES_VAULT_LOCK_PASSPHRASE, .cost = {4, 1 << 30}, .salt = {1}, .id = {{2}}};
    struct es_vault_header found;
    uint8_t block[ES_VAULT_HEADER_BYTES];

    (void)state;
    memset(header.wrapped, 3, sizeof(header.wrapped));
    es_vault_header_encode(&header, block);
    assert_int_equal(es_vault_header_decode(ES_SLICE_OF(block), &found), ES_STORE_OK);
    assert_int_equal(found.lock, header.lock);
    assert_int_equal(found.cost.ops, header.cost.ops);
    assert_int_equal(found.cost.memory_bytes, header.cost.memory_bytes);
    assert_memory_equal(found.salt, header.salt, sizeof(header.salt));
    assert_memory_equal(found.id.bytes, header.id.bytes, sizeof(header.id.bytes));
    assert_memory_equal(found.wrapped, header.wrapped, sizeof(header.wrapped));
}

static void a_cost_that_cannot_be_paid_is_refused(void **state)
{
    static const struct es_vault_cost costs[] = {
        {0, 1 << 20}, {17, 1 << 20}, {UINT64_MAX, 1 << 20}, {1, (UINT64_C(1) << 30) + 1}};
    uint8_t block[ES_VAULT_HEADER_BYTES];
    struct es_vault_header found;

    (void)state;
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        struct es_vault_header header = {.lock = ES_VAULT_LOCK_PASSPHRASE, .cost = costs[i]};

        es_vault_header_encode(&header, block);
        assert_int_equal(es_vault_header_decode(ES_SLICE_OF(block), &found), ES_STORE_DAMAGED);
    }
}

/* The bytes of the header that mean something, each turned once. */
static void each_damage_of_the_header_is_told(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_passphrase(home, ES_STORE_CREATE, "x");
    size_t used = ES_VAULT_BOUND_BYTES + ES_VAULT_WRAPPED_BYTES + 32;
    uint8_t *bytes;
    size_t len;

    make(&options);
    options.mode = ES_STORE_OPEN;
    bytes = store_read_file(home->path, &len);
    for (size_t i = 0; i < used; i++) {
        enum es_store_err expected = i < 8    ? ES_STORE_FOREIGN
                                     : i < 12 ? ES_STORE_NEWER
                                              : ES_STORE_DAMAGED;

        bytes[i] ^= 0x80;
        store_write_file(home->path, es_slice(bytes, len));
        expect(&options, expected);
        bytes[i] ^= 0x80;
    }
    for (size_t cut = 0; cut < used; cut += 7) {
        store_write_file(home->path, es_slice(bytes, cut));
        expect(&options, cut < 8 ? ES_STORE_FOREIGN : ES_STORE_DAMAGED);
    }
    store_write_file(home->path, es_slice(bytes, len));
    expect(&options, ES_STORE_OK);
    free(bytes);
}

/* Whoever makes Argon2id cheaper in the header and mends its checksum gains nothing. */
static void the_wrapped_key_is_tied_to_its_header(void **state)
{
    const struct store_home *home = *state;
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    uint8_t block[ES_VAULT_HEADER_BYTES];
    struct es_vault_header header;
    uint8_t *bytes;
    size_t len;

    make(&options);
    options.mode = ES_STORE_OPEN;
    bytes = store_read_file(home->path, &len);
    assert_int_equal(es_vault_header_decode(es_slice(bytes, len), &header), ES_STORE_OK);
    header.id.bytes[0] ^= 1;
    es_vault_header_encode(&header, block);
    memcpy(bytes, block, sizeof(block));
    store_write_file(home->path, es_slice(bytes, len));
    expect(&options, ES_STORE_WRONG_KEY_FILE);
    free(bytes);
}

static void every_error_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < ES_STORE_ERR_END; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(es_store_err_text((enum es_store_err)i),
                                    es_store_err_text((enum es_store_err)j));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_passphrase_opens_what_it_locked, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(the_cost_is_kept_with_the_file, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test(the_cost_is_moderate_unless_told),
        cmocka_unit_test_setup_teardown(a_key_file_is_made_once, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_key_file_must_be_private, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(a_key_file_must_be_a_plain_file, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(another_key_file_does_not_fit, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test(a_header_is_read_as_it_was_written),
        cmocka_unit_test(a_cost_that_cannot_be_paid_is_refused),
        cmocka_unit_test_setup_teardown(each_damage_of_the_header_is_told, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test_setup_teardown(the_wrapped_key_is_tied_to_its_header, store_home_set_up,
                                        store_home_tear_down),
        cmocka_unit_test(every_error_has_a_text_of_its_own),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
