/* SPDX-License-Identifier: ISC */
/* server_test.c - the control socket: lines in, lines out, and clients that behave badly. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/daemon/server.h"
#include "node/daemon/stream.h"

#define TURNS_MAX 1000

struct world {
    char folder[64], path[96];
    struct es_server *server;
    int lines, long_lines, closed;
    uint64_t client; /* of the last line */
    char last[256];
    size_t answer_bytes; /* of what every line is answered with; 0: nothing */
    bool waits;
};

/* --- A world ------------------------------------------------------------------------------------- */

static void on_line(void *ctx, uint64_t client, const char *line, size_t len)
{
    struct world *world = ctx;

    world->client = client;
    world->lines++;
    world->long_lines += line == NULL;
    if (line != NULL && len < sizeof(world->last)) {
        memcpy(world->last, line, len);
        world->last[len] = '\0';
    }
    if (world->answer_bytes > 0) {
        char *text = malloc(world->answer_bytes);

        assert_non_null(text);
        memset(text, 'x', world->answer_bytes);
        assert_true(es_server_answer(world->server, client,
                                     json_pack("[s#]", text, (int)world->answer_bytes)));
        free(text);
    }
}

static void on_closed(void *ctx, uint64_t client)
{
    struct world *world = ctx;

    (void)client;
    world->closed++;
}

static bool waits(void *ctx, uint64_t client)
{
    const struct world *world = ctx;

    (void)client;
    return world->waits;
}

static struct es_server_calls calls_of(struct world *world)
{
    return (struct es_server_calls){
        .ctx = world, .line = on_line, .closed = on_closed, .waits = waits};
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct es_server_calls calls = calls_of(world);

    assert_non_null(world);
    memcpy(world->folder, "/tmp/earshot-server-XXXXXX", strlen("/tmp/earshot-server-XXXXXX") + 1);
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof(world->path), "%s/control.sock", world->folder);
    world->server = es_server_new(world->path, &calls);
    assert_non_null(world->server);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    es_server_free(world->server);
    assert_int_equal(rmdir(world->folder), 0); /* the socket is gone */
    free(world);
    return 0;
}

/* Everything that can be done now. */
static void serve(struct world *world)
{
    struct pollfd fds[ES_SERVER_CLIENTS_MAX + 1];

    for (int i = 0; i < TURNS_MAX; i++) {
        size_t n = es_server_pollfds(world->server, fds);

        if (poll(fds, n, 0) <= 0)
            return;
        es_server_dispatch(world->server, fds, n);
    }
    fail_msg("the server has always something to do");
}

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has arrived; -1 at the end of the connection. */
static ssize_t hear(int fd, char *ret, size_t cap)
{
    ssize_t n = recv(fd, ret, cap, MSG_DONTWAIT);

    return n == 0 ? -1 : n < 0 ? 0 : n;
}

static size_t drain(struct world *world, int fd)
{
    static char buf[1 << 16];
    size_t total = 0;
    ssize_t n;

    while ((n = hear(fd, buf, sizeof(buf))) > 0) {
        total += (size_t)n;
        serve(world);
    }
    return total;
}

static bool is_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* --- Lines ---------------------------------------------------------------------------------------- */

static void lines_arrive_in_pieces_and_in_heaps(void **state)
{
    struct world *world = *state;
    int fd = dial(world->path);

    say(fd, "{\"a\"");
    serve(world);
    assert_int_equal(world->lines, 0);
    say(fd, ":1}\n{\"b\":2}\n{\"c\"");
    serve(world);
    assert_int_equal(world->lines, 2);
    assert_string_equal(world->last, "{\"b\":2}");
    say(fd, ":3}\n\n");
    serve(world);
    assert_int_equal(world->lines, 4);
    assert_string_equal(world->last, "");
    close(fd);
    serve(world);
    assert_int_equal(world->closed, 1);
}

static void a_line_has_at_most_64_kib(void **state)
{
    static char text[ES_CONTROL_LINE_BYTES_MAX + 1];
    struct world *world = *state;
    int fd = dial(world->path), other = dial(world->path);

    memset(text, 'x', sizeof(text) - 1);
    text[ES_CONTROL_LINE_BYTES_MAX - 1] = '\n';
    for (int i = 0; i < 2; i++) { /* a whole one, then one without an end */
        for (size_t at = 0; at < ES_CONTROL_LINE_BYTES_MAX; at += 4096) {
            assert_int_equal(send(fd, text + at, 4096, MSG_NOSIGNAL), 4096);
            serve(world);
        }
        assert_int_equal(world->lines, i + 1);
        assert_int_equal(world->long_lines, i);
        text[ES_CONTROL_LINE_BYTES_MAX - 1] = 'x';
    }
    assert_true(is_closed(fd));
    say(other, "still here\n");
    serve(world);
    assert_string_equal(world->last, "still here");
    close(fd);
    close(other);
}

static void zero_bytes_are_part_of_a_line(void **state)
{
    struct world *world = *state;
    int fd = dial(world->path);

    assert_int_equal(send(fd, "a\0b\n", 4, 0), 4);
    serve(world);
    assert_int_equal(world->lines, 1);
    assert_memory_equal(world->last, "a\0b", 4);
    close(fd);
}

/* --- Clients that have said everything ------------------------------------------------------------- */

static void a_half_closed_client_gets_its_answers(void **state)
{
    struct world *world = *state;
    struct pollfd fds[ES_SERVER_CLIENTS_MAX + 1];
    int fd = dial(world->path);
    char buf[64] = "";

    world->waits = true;
    say(fd, "a question\n");
    shutdown(fd, SHUT_WR);
    serve(world);
    assert_int_equal(world->lines, 1);
    assert_int_equal(world->closed, 0);
    assert_true(es_server_answer(world->server, world->client, json_pack("[s]", "an answer")));
    world->waits = false;
    es_server_dispatch(world->server, fds, es_server_pollfds(world->server, fds));
    assert_int_equal(world->closed, 1);
    assert_true(hear(fd, buf, sizeof(buf) - 1) > 0);
    assert_string_equal(buf, "[\"an answer\"]\n");
    assert_true(is_closed(fd));
    close(fd);
}

static void a_half_closed_client_without_questions_is_closed(void **state)
{
    struct world *world = *state;
    int fd = dial(world->path);

    say(fd, "no end");
    shutdown(fd, SHUT_WR);
    serve(world);
    assert_int_equal(world->lines, 0);
    assert_int_equal(world->closed, 1);
    assert_true(is_closed(fd));
    close(fd);
}

static void answers_for_a_client_that_is_gone_find_nobody(void **state)
{
    struct world *world = *state;
    int fd = dial(world->path);

    world->waits = true;
    say(fd, "a question\n");
    serve(world);
    close(fd);
    serve(world);
    assert_int_equal(world->closed, 1);
    assert_false(es_server_answer(world->server, world->client, json_pack("[s]", "too late")));
    assert_false(es_server_event(world->server, world->client, "late", 4));
    fd = dial(world->path);
    serve(world);
    assert_false(es_server_answer(world->server, world->client, json_pack("[s]", "too late")));
    assert_true(hear(fd, world->last, sizeof(world->last)) == 0);
    close(fd);
}

/* --- Clients that do not read ----------------------------------------------------------------------- */

static void a_client_that_does_not_read_is_not_read(void **state)
{
    struct world *world = *state;
    int fd = dial(world->path);
    int most;

    world->answer_bytes = 64 << 10;
    for (int i = 0; i < 100; i++)
        say(fd, "?\n");
    serve(world);
    most = world->lines;
    assert_true(most < 32); /* 1 MiB, what the socket holds, and one more */
    assert_true(es_server_busy(world->server));
    assert_true(drain(world, fd) > 99u * (64 << 10));
    assert_int_equal(world->lines, 100);
    assert_false(es_server_busy(world->server));
    close(fd);
    serve(world);
    assert_int_equal(world->closed, 1);
}

static void a_client_that_vanishes_with_its_output_is_forgotten(void **state)
{
    struct world *world = *state;
    int fd = dial(world->path);

    world->answer_bytes = 2 << 20;
    say(fd, "?\n?\n?\n");
    serve(world);
    close(fd);
    serve(world);
    assert_int_equal(world->closed, 1);
    assert_false(es_server_busy(world->server));
}

static void the_65th_client_is_told_so(void **state)
{
    struct world *world = *state;
    int fds[ES_SERVER_CLIENTS_MAX], late;
    char buf[512] = "";

    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++) {
        fds[i] = dial(world->path);
        serve(world);
    }
    late = dial(world->path);
    serve(world);
    assert_true(hear(late, buf, sizeof(buf) - 1) > 0);
    assert_non_null(strstr(buf, "\"busy\""));
    assert_true(is_closed(late));
    close(late);
    close(fds[7]);
    serve(world);
    fds[7] = dial(world->path);
    say(fds[7], "there is a place again\n");
    serve(world);
    assert_int_equal(world->lines, 1);
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        close(fds[i]);
}

/* --- Events --------------------------------------------------------------------------------------- */

static uint64_t client_of(struct world *world, int fd)
{
    say(fd, "who am I\n");
    serve(world);
    return world->client;
}

static void put_events(struct es_stream *stream, size_t n, size_t bytes)
{
    char *text = malloc(bytes);

    assert_non_null(text);
    memset(text, 'x', bytes);
    for (size_t i = 0; i < n; i++)
        es_stream_put(stream,
                      json_pack("{s:s, s:s#}", "event", "message", "text", text, (int)bytes));
    free(text);
}

/* Reads events until there are no more; gives the last number and how many were missed. */
static uint64_t read_events(struct world *world, struct es_stream *stream, int fd, size_t *ret_n,
                            uint64_t *ret_missed)
{
    FILE *lines = fdopen(dup(fd), "r");
    uint64_t last = 0;
    char *line = NULL;
    size_t cap = 0;

    assert_non_null(lines);
    *ret_n = 0;
    *ret_missed = 0;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        json_t *object, *params;

        serve(world);
        es_stream_pump(stream);
        serve(world);
        if (last == es_stream_last(stream) || (poll(&ready, 1, 0) == 0 && last == 0))
            break;
        assert_true(getline(&line, &cap, lines) > 0);
        object = json_loads(line, 0, NULL);
        params = json_object_get(object, "params");
        if (strcmp(json_string_value(json_object_get(params, "event")), "lagged") == 0)
            *ret_missed += (uint64_t)json_integer_value(json_object_get(params, "missed"));
        else
            ++*ret_n;
        assert_true((uint64_t)json_integer_value(json_object_get(params, "seq")) > last);
        last = (uint64_t)json_integer_value(json_object_get(params, "seq"));
        json_decref(object);
    }
    free(line);
    fclose(lines);
    return last;
}

static void a_slow_listener_gets_everything_later(void **state)
{
    struct world *world = *state;
    struct es_stream *stream = es_stream_new(world->server);
    int fd = dial(world->path);
    uint64_t missed;
    size_t n;

    assert_non_null(stream);
    es_stream_listen(stream, client_of(world, fd), UINT64_MAX);
    put_events(stream, 3000, 2000);
    assert_int_equal(read_events(world, stream, fd, &n, &missed), 3000);
    assert_int_equal(n, 3000);
    assert_int_equal(missed, 0);
    es_stream_free(stream);
    close(fd);
}

static void an_overtaken_listener_is_told_what_it_missed(void **state)
{
    struct world *world = *state;
    struct es_stream *stream = es_stream_new(world->server);
    int fd = dial(world->path);
    uint64_t missed;
    size_t n;

    assert_non_null(stream);
    es_stream_listen(stream, client_of(world, fd), UINT64_MAX);
    put_events(stream, 3 * ES_STREAM_EVENTS_MAX, 1000);
    assert_int_equal(read_events(world, stream, fd, &n, &missed), 3 * ES_STREAM_EVENTS_MAX);
    assert_true(missed > 0);
    assert_int_equal(n + missed, 3 * ES_STREAM_EVENTS_MAX);
    es_stream_free(stream);
    close(fd);
}

static void listening_begins_where_it_is_asked_to(void **state)
{
    static const struct {
        uint64_t since;
        size_t n;
        uint64_t missed;
    } cases[] = {{0, ES_STREAM_EVENTS_MAX, 4},
                 {3, ES_STREAM_EVENTS_MAX, 1},
                 {4, ES_STREAM_EVENTS_MAX, 0},
                 {5, ES_STREAM_EVENTS_MAX - 1, 0},
                 {ES_STREAM_EVENTS_MAX + 3, 1, 0},
                 {ES_STREAM_EVENTS_MAX + 4, 0, 0},
                 {1u << 30, 0, 0},
                 {UINT64_MAX, 0, 0}};
    struct world *world = *state;
    struct es_stream *stream = es_stream_new(world->server);

    assert_non_null(stream);
    put_events(stream, ES_STREAM_EVENTS_MAX + 4, 10);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial(world->path);
        uint64_t client = client_of(world, fd), missed;
        size_t n;

        es_stream_listen(stream, client, cases[i].since);
        assert_true(es_stream_listens(stream, client));
        read_events(world, stream, fd, &n, &missed);
        assert_int_equal(n, cases[i].n);
        assert_int_equal(missed, cases[i].missed);
        es_stream_forget(stream, client);
        assert_false(es_stream_listens(stream, client));
        close(fd);
        serve(world);
    }
    es_stream_free(stream);
}

/* --- The place ------------------------------------------------------------------------------------ */

static void the_socket_is_ours_alone(void **state)
{
    struct world *world = *state;
    struct stat st;

    assert_int_equal(stat(world->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void only_a_socket_that_is_left_over_is_replaced(void **state)
{
    struct world *world = *state;
    struct es_server_calls calls = calls_of(world);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct es_server *second;
    char path[96];
    int fd;

    assert_null(es_server_new(world->path, &calls));
    assert_int_equal(errno, EADDRINUSE);
    snprintf(path, sizeof(path), "%s/file", world->folder);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    assert_null(es_server_new(path, &calls));
    assert_int_equal(errno, EEXIST);
    assert_int_equal(unlink(path), 0);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    second = es_server_new(path, &calls);
    assert_non_null(second);
    es_server_free(second);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_path_may_be_longer_than_107_bytes(void **state)
{
    struct world *world = *state;
    struct es_server_calls calls = calls_of(world);
    struct es_server *server;
    char folder[256], path[300];
    struct stat st;

    snprintf(folder, sizeof(folder), "%s/%0120d", world->folder, 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof(path), "%s/control.sock", folder);
    server = es_server_new(path, &calls);
    assert_non_null(server);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_null(es_server_new(path, &calls));
    assert_int_equal(errno, EADDRINUSE);
    es_server_free(server);
    assert_int_equal(rmdir(folder), 0);
    snprintf(path, sizeof(path), "%s/absent/%0120d", world->folder, 0);
    assert_null(es_server_new(path, &calls));
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lines_arrive_in_pieces_and_in_heaps),
        TEST(a_line_has_at_most_64_kib),
        TEST(zero_bytes_are_part_of_a_line),
        TEST(a_half_closed_client_gets_its_answers),
        TEST(a_half_closed_client_without_questions_is_closed),
        TEST(answers_for_a_client_that_is_gone_find_nobody),
        TEST(a_client_that_does_not_read_is_not_read),
        TEST(a_client_that_vanishes_with_its_output_is_forgotten),
        TEST(the_65th_client_is_told_so),
        TEST(a_slow_listener_gets_everything_later),
        TEST(an_overtaken_listener_is_told_what_it_missed),
        TEST(listening_begins_where_it_is_asked_to),
        TEST(the_socket_is_ours_alone),
        TEST(only_a_socket_that_is_left_over_is_replaced),
        TEST(a_path_may_be_longer_than_107_bytes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
