/* SPDX-License-Identifier: ISC */
/* rpc_test.c - the whole daemon in a thread, without a network, spoken to over its socket: what is no
 * request, what a request may hold, and answers while the database fails. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/core/chat/rows.h"
#include "node/core/e2ee/identity.h"
#include "node/daemon/daemon.h"
#include "node/daemon/identity.h"
#include "tests/support/faulty_store.h"

#define LIMIT_MS 20000

struct world {
    struct faulty_store *store;
    struct es_config config;
    char folder[64], socket[96];
    int ready[2];
    pthread_t thread;
    int result;
    bool joined;
    int fd;
    FILE *lines;
};

/* --- A world ------------------------------------------------------------------------------------- */

static void *run(void *ctx)
{
    struct world *world = ctx;
    const struct es_daemon_options options = {.socket = world->socket,
                                              .data = world->folder,
                                              .net = "/nonexistent/earshot-net",
                                              .ready_fd = world->ready[1]};

    world->result = es_daemon_run(faulty_store_of(world->store), &world->config, &options);
    return NULL;
}

static int dial(const struct world *world)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, world->socket, strlen(world->socket) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

#define MESSAGES 100000
#define MESSAGES_PER_COMMIT 1000

/* Messages of the first contact that will be, orders 1..MESSAGES. */
static void put_messages(struct es_store *store)
{
    static struct es_row rows[MESSAGES_PER_COMMIT];
    static uint8_t keys[MESSAGES_PER_COMMIT][8], bodies[MESSAGES_PER_COMMIT][256];

    for (uint64_t order = 1; order <= MESSAGES; order++) {
        size_t i = (order - 1) % MESSAGES_PER_COMMIT;
        const struct es_message message = {.contact = 1,
                                           .own = true,
                                           .id = {.incarnation = 1, .sequence = order},
                                           .sent_wall_ms = order,
                                           .received_wall_ms = order,
                                           .order = order,
                                           .text = es_slice("text", 4)};

        for (int k = 0; k < 8; k++)
            keys[i][k] = (uint8_t)(order >> (56 - 8 * k));
        rows[i] = (struct es_row){
            .kind = ES_ROW_MESSAGE,
            .key = es_slice(keys[i], 8),
            .body = es_slice(bodies[i], es_body_message(&message, bodies[i], sizeof(bodies[i]))),
            .conversation = 1,
            .order = order};
        if (i + 1 == MESSAGES_PER_COMMIT)
            assert_int_equal(store->ops->commit(store, rows, MESSAGES_PER_COMMIT), 0);
    }
}

static int set_up_with(void **state, bool history)
{
    struct world *world = calloc(1, sizeof(*world));
    FILE *out = fopen("/dev/null", "w");
    char byte;

    assert_true(world != NULL && out != NULL);
    world->store = faulty_store_new();
    assert_true(es_config_read("/nonexistent", &world->config, &byte, 1));
    world->config.settings.work_bits = 4; /* hundreds of requests are made here */
    assert_int_equal(
        es_identity_make(faulty_store_of(world->store), &world->config.settings, "Ada", out), 0);
    if (history)
        put_messages(faulty_store_of(world->store));
    fclose(out);
    memcpy(world->folder, "/tmp/earshot-rpc-XXXXXX", strlen("/tmp/earshot-rpc-XXXXXX") + 1);
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->socket, sizeof(world->socket), "%s/control.sock", world->folder);
    assert_int_equal(pipe(world->ready), 0);
    assert_int_equal(pthread_create(&world->thread, NULL, run, world), 0);
    assert_int_equal(read(world->ready[0], &byte, 1), 1);
    close(world->ready[0]);
    world->fd = dial(world);
    world->lines = fdopen(dup(world->fd), "r");
    assert_non_null(world->lines);
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, false);
}

static int set_up_with_history(void **state)
{
    return set_up_with(state, true);
}

static void say(const struct world *world, const char *line)
{
    assert_int_equal(send(world->fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
    assert_int_equal(send(world->fd, "\n", 1, MSG_NOSIGNAL), 1);
}

/* The next line as an object. */
static json_t *hear(struct world *world)
{
    struct pollfd ready = {.fd = world->fd, .events = POLLIN};
    char *line = NULL;
    size_t cap = 0;
    json_t *object;

    assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
    assert_true(getline(&line, &cap, world->lines) > 0);
    object = json_loads(line, 0, NULL);
    assert_non_null(object);
    free(line);
    return object;
}

/* The object is freed by the next call. */
static json_t *ask(struct world *world, const char *line)
{
    static json_t *last;

    json_decref(last);
    last = NULL;
    say(world, line);
    last = hear(world);
    return last;
}

static json_t *call(struct world *world, const char *method, const char *params)
{
    char line[1024];

    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
             method, params);
    return ask(world, line);
}

static json_t *result_of(struct world *world, const char *method, const char *params)
{
    json_t *answer = call(world, method, params);
    json_t *result = json_object_get(answer, "result");

    if (result == NULL)
        fail_msg("%s: %s", method, json_dumps(answer, 0));
    return result;
}

static void expect_error(json_t *answer, int number, const char *code)
{
    const json_t *error = json_object_get(answer, "error");
    const json_t *data = json_object_get(error, "data");

    if (!json_is_string(json_object_get(data, "code")))
        fail_msg("no error: %s", json_dumps(answer, 0));
    assert_int_equal(json_integer_value(json_object_get(error, "code")), number);
    assert_string_equal(json_string_value(json_object_get(data, "code")), code);
    assert_true(json_string_length(json_object_get(error, "message")) > 0);
    assert_non_null(json_object_get(data, "hint"));
}

static void stop(struct world *world)
{
    if (!world->joined)
        assert_int_equal(pthread_join(world->thread, NULL), 0);
    world->joined = true;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    if (!world->joined)
        result_of(world, "stop", "{}");
    stop(world);
    fclose(world->lines);
    close(world->fd);
    assert_int_equal(rmdir(world->folder), 0);
    faulty_store_free(world->store);
    free(world);
    return 0;
}

/* --- Requests ------------------------------------------------------------------------------------- */

static void what_is_no_request_is_refused(void **state)
{
    static const struct {
        const char *line;
        int number;
    } bad[] = {
        {"", -32700},
        {"hello", -32700},
        {"42", -32700},
        {"{\"a\":1,\"a\":2}", -32700},
        {"{\"a\":\"\\u0000\"}", -32700},
        {"{\"a\":\"\xff\"}", -32700},
        {"{} {}", -32700},
        {"[]", -32600},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\"}]", -32600},
        {"{}", -32600},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"id\"}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"id\"}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"id\"}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\",\"params\":[]}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}", -32601},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_error(ask(world, bad[i].line), bad[i].number, "usage");
    assert_int_equal(send(world->fd, "{\"a\0\":1}\n", 9, 0), 9);
    json_decref(hear(world));
    result_of(world, "id", "{}");
}

static void deep_json_is_refused(void **state)
{
    static char line[60001];
    struct world *world = *state;

    memset(line, '[', sizeof(line) - 1);
    expect_error(ask(world, line), -32700, "usage");
    for (size_t i = 0; i + 5 < sizeof(line); i += 5)
        memcpy(line + i, "{\"a\":", 5);
    expect_error(ask(world, line), -32700, "usage");
}

static void an_id_is_any_string_or_number(void **state)
{
    static const char *const ids[] = {"\"one\"", "\"\"", "0", "-7", "9007199254740993", "1.5"};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char line[128];
        json_t *expected = json_loads(ids[i], JSON_DECODE_ANY, NULL);

        snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"id\"}", ids[i]);
        assert_true(json_equal(json_object_get(ask(world, line), "id"), expected));
        json_decref(expected);
    }
}

static void a_notification_is_done_without_an_answer(void **state)
{
    struct world *world = *state;

    say(world, "{\"jsonrpc\":\"2.0\",\"method\":\"name\",\"params\":{\"name\":\"Eve\"}}");
    say(world, "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}");
    say(world, "{\"jsonrpc\":\"2.0\",\"method\":\"name\",\"params\":{}}");
    result_of(world, "name", "{\"name\":\"Ada\"}"); /* the next line is its answer */
    say(world, "{\"jsonrpc\":\"2.0\",\"method\":\"name\",\"params\":{\"name\":\"Eve\"}}");
    result_of(world, "visible", "{\"for_ms\":0}"); /* is done after it */
    assert_string_equal(json_string_value(json_object_get(result_of(world, "id", "{}"), "name")),
                        "Eve");
}

static void parameters_are_checked(void **state)
{
    static const struct {
        const char *method, *params;
    } bad[] = {
        {"name", "{}"},
        {"name", "{\"name\":null}"},
        {"name", "{\"name\":7}"},
        {"visible", "{}"},
        {"visible", "{\"for_ms\":null}"},
        {"visible", "{\"for_ms\":-1}"},
        {"visible", "{\"for_ms\":1.5}"},
        {"visible", "{\"for_ms\":\"1h\"}"},
        {"visible", "{\"for_ms\":86400001}"},
        {"invite", "{\"uses\":0}"},
        {"send", "{\"conversation\":\"Bob\"}"},
        {"send", "{\"conversation\":\"Bob\",\"text\":\"x\",\"wait\":\"carried?\"}"},
        {"send", "{\"conversation\":\"Bob\",\"text\":\"x\",\"wait_ms\":-1}"},
        {"contacts", "{\"after\":\"x\"}"},
        {"listen", "{\"since\":-1}"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_error(call(world, bad[i].method, bad[i].params), -32602, "usage");
    expect_error(call(world, "connect", "{\"endpoint\":\"x\"}"), 1, "bad-endpoint");
    expect_error(call(world, "send", "{\"conversation\":\"Bob\",\"text\":\"x\"}"), 1, "unknown");
    expect_error(call(world, "name", "{\"name\":\"#x\"}"), 1, "bad-name");
    assert_true(json_is_string(
        json_object_get(result_of(world, "visible", "{\"for_ms\":86400000}"), "visible_until")));
}

static void a_node_without_a_network_can_be_asked_everything(void **state)
{
    static const char *const methods[] = {"id",   "status", "nearby", "contacts",     "requests",
                                          "mesh", "stats",  "doctor", "conversations"};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        result_of(world, methods[i], "{}");
    assert_int_equal(
        json_integer_value(json_object_get(result_of(world, "nearby", "{}"), "listening_ms")), 0);
}

/* --- Lists ---------------------------------------------------------------------------------------- */

static void add_stranger(struct world *world, int number)
{
    unsigned char seed[crypto_sign_SEEDBYTES] = {0}, secret[crypto_sign_SECRETKEYBYTES];
    char params[256], text[ES_ADDRESS_CHARS + 1];
    struct es_sign_public address;

    memcpy(seed, &number, sizeof(number));
    crypto_sign_seed_keypair(address.bytes, secret, seed);
    es_address_format(&address, text);
    snprintf(params, sizeof(params), "{\"who\":\"%s\",\"petname\":\"p%d\"}", text, number);
    result_of(world, "add", params);
}

/* Every page of a list, joined as a client does it; no page is longer than it may be. */
static size_t count_rows(struct world *world, const char *method, const char *field)
{
    json_t *seen = json_object();
    char params[64] = "{}";
    json_int_t next = 0;
    size_t n;

    do {
        json_t *page = result_of(world, method, params);
        const json_t *rows = json_object_get(page, "rows");
        const json_t *row;
        size_t i;

        assert_in_range(json_array_size(rows), 1, ES_CONTROL_PAGE_ROWS_MAX);
        json_array_foreach(rows, i, row)
        {
            json_object_set_new(seen, json_string_value(json_object_get(row, field)), json_true());
        }
        next = json_integer_value(json_object_get(page, "next"));
        snprintf(params, sizeof(params), "{\"after\":%lld}", (long long)next);
    } while (next != 0);
    n = json_object_size(seen);
    json_decref(seen);
    return n;
}

static void long_lists_come_in_pages(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < ES_CONTACTS_MAX; i++)
        add_stranger(world, i);
    assert_int_equal(count_rows(world, "contacts", "address"), ES_CONTACTS_MAX);
    assert_int_equal(count_rows(world, "conversations", "conversation"), ES_CONTACTS_MAX);
}

/* From both ends, while the node writes: a page holds no transaction that would be in its way. */
static void a_long_history_comes_in_pages(void **state)
{
    static const char *const cursors[] = {"before", "after"};
    struct world *world = *state;

    add_stranger(world, 1);
    for (size_t way = 0; way < 2; way++) {
        json_int_t next = way == 0 ? INT64_MAX : 0, n = 0;

        do {
            char params[128];
            const json_t *rows;
            json_t *page;

            snprintf(params, sizeof(params), "{\"conversation\":\"p1\",\"limit\":256,\"%s\":%lld}",
                     cursors[way], (long long)next);
            page = result_of(world, "log", params);
            rows = json_object_get(page, "rows");
            for (size_t i = 0; i < json_array_size(rows); i++) {
                json_int_t order =
                    json_integer_value(json_object_get(json_array_get(rows, i), "order"));
                json_int_t first = MESSAGES - n - (json_int_t)json_array_size(rows) + 1;

                assert_int_equal(order, way == 0 ? first + (json_int_t)i : n + (json_int_t)i + 1);
            }
            n += (json_int_t)json_array_size(rows);
            next = json_integer_value(json_object_get(page, "next"));
            if (n % 25600 == 0)
                result_of(world, "name", "{\"name\":\"Eve\"}");
        } while (next != 0);
        assert_int_equal(n, MESSAGES);
    }
}

/* --- Failure --------------------------------------------------------------------------------------- */

static void a_full_disk_refuses_and_can_be_read(void **state)
{
    struct world *world = *state;
    bool done = false;

    faulty_store_fail(world->store, -ENOSPC, 0, -1);
    expect_error(call(world, "name", "{\"name\":\"Eve\"}"), 1, "disk-full");
    expect_error(call(world, "name", "{\"name\":\"Eve\"}"), 1, "disk-full");
    assert_string_equal(json_string_value(json_object_get(result_of(world, "id", "{}"), "name")),
                        "Ada");
    result_of(world, "contacts", "{}");
    result_of(world, "status", "{}");
    faulty_store_fail(world->store, 0, 0, 0);
    for (uint64_t until_ms = es_node_now_ms() + LIMIT_MS; !done;) {
        assert_true(es_node_now_ms() < until_ms);
        done = json_object_get(call(world, "name", "{\"name\":\"Eve\"}"), "result") != NULL;
    }
}

static void a_failed_transaction_is_answered(void **state)
{
    struct world *world = *state;

    faulty_store_fail(world->store, -EIO, 0, 1);
    expect_error(call(world, "name", "{\"name\":\"Eve\"}"), 1, "store");
    assert_string_equal(json_string_value(json_object_get(result_of(world, "id", "{}"), "name")),
                        "Ada");
}

static void it_stops_while_the_disk_is_full(void **state)
{
    struct world *world = *state;
    uint64_t started_ms = es_node_now_ms();

    faulty_store_fail(world->store, -ENOSPC, 0, -1);
    expect_error(call(world, "name", "{\"name\":\"Eve\"}"), 1, "disk-full");
    result_of(world, "stop", "{}");
    stop(world);
    assert_int_equal(world->result, 0);
    assert_true(es_node_now_ms() - started_ms < 2000);
}

static void a_broken_database_ends_it(void **state)
{
    struct world *world = *state;

    faulty_store_fail(world->store, -EIO, 0, -1);
    expect_error(call(world, "name", "{\"name\":\"Eve\"}"), 1, "store");
    stop(world);
    assert_int_equal(world->result, 1);
}

/* --- Waiting ---------------------------------------------------------------------------------------- */

static void a_wait_ends_with_its_time(void **state)
{
    struct world *world = *state;
    json_t *result;

    add_stranger(world, 1);
    result = result_of(world, "send",
                       "{\"conversation\":\"p1\",\"text\":\"x\",\"wait\":\"read\",\"wait_ms\":1}");
    assert_true(json_is_true(json_object_get(result, "timed_out")));
    assert_string_equal(json_string_value(json_object_get(result, "state")), "queued");
}

static void who_waits_when_it_stops_is_told(void **state)
{
    struct world *world = *state;
    json_t *answer;

    add_stranger(world, 1);
    say(world, "{\"jsonrpc\":\"2.0\",\"id\":\"waits\",\"method\":\"send\",\"params\":"
               "{\"conversation\":\"p1\",\"text\":\"x\",\"wait\":\"delivered\"}}");
    say(world, "{\"jsonrpc\":\"2.0\",\"id\":\"stop\",\"method\":\"stop\"}");
    for (int i = 0; i < 2; i++) {
        answer = hear(world);
        if (strcmp(json_string_value(json_object_get(answer, "id")), "waits") == 0)
            assert_true(
                json_is_true(json_object_get(json_object_get(answer, "result"), "timed_out")));
        json_decref(answer);
    }
    stop(world);
    assert_int_equal(world->result, 0);
}

/* Many calls that nobody waits for any more, while others are served. */
static void who_leaves_while_calls_wait_is_forgotten(void **state)
{
    struct world *world = *state;

    add_stranger(world, 1);
    for (int i = 0; i < 100; i++) {
        static const char line[] =
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"send\",\"params\":"
            "{\"conversation\":\"p1\",\"text\":\"x\",\"wait\":\"delivered\"}}\n"
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"log\",\"params\":"
            "{\"conversation\":\"p1\"}}\n";
        int fd = dial(world);

        assert_int_equal(send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL), sizeof(line) - 1);
        close(fd);
    }
    result_of(world, "id", "{}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_request_is_refused),
        TEST(deep_json_is_refused),
        TEST(an_id_is_any_string_or_number),
        TEST(a_notification_is_done_without_an_answer),
        TEST(parameters_are_checked),
        TEST(a_node_without_a_network_can_be_asked_everything),
        TEST(long_lists_come_in_pages),
        cmocka_unit_test_setup_teardown(a_long_history_comes_in_pages, set_up_with_history,
                                        tear_down),
        TEST(a_full_disk_refuses_and_can_be_read),
        TEST(a_failed_transaction_is_answered),
        TEST(it_stops_while_the_disk_is_full),
        TEST(a_broken_database_ends_it),
        TEST(a_wait_ends_with_its_time),
        TEST(who_waits_when_it_stops_is_told),
        TEST(who_leaves_while_calls_wait_is_forgotten),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
