/* SPDX-License-Identifier: ISC */
/* rpc_fuzz.c - whatever a client says, it gets lines of JSON-RPC back, each an answer or an error, and
 * the node goes on. The node is whole, but for a network: its database is in memory. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/daemon/daemon.h"
#include "node/daemon/identity.h"
#include "node/daemon/rpc.h"
#include "node/store/memory.h"

#define TURNS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct es_config config;
static struct es_daemon node;

static void on_order(void *ctx, const struct es_order *order)
{
    (void)ctx;
    (void)order;
}

static void on_event(void *ctx, const struct es_event *event)
{
    es_rpc_event(ctx, event);
}

static void on_restored(void *ctx)
{
    es_rpc_restored(ctx);
}

static void on_started(void *ctx)
{
    (void)ctx;
}

static void on_report(void *ctx, const struct es_report *report)
{
    (void)ctx;
    (void)report;
}

static void on_line(void *ctx, uint64_t client, const char *line, size_t len)
{
    es_rpc_line(ctx, client, line, len);
}

static void on_closed(void *ctx, uint64_t client)
{
    struct es_daemon *daemon = ctx;

    es_calls_remove_client(&daemon->calls, client);
    es_stream_forget(daemon->stream, client);
}

static bool waits(void *ctx, uint64_t client)
{
    struct es_daemon *daemon = ctx;

    return es_calls_has_client(&daemon->calls, client);
}

/* --- A node --------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/earshot-fuzz-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void remove_folder(void)
{
    unlink(address.sun_path);
    rmdir(folder);
}

static void make_identity(struct es_store *store)
{
    FILE *out = fopen("/dev/null", "w");

    assert(out != NULL && es_identity_make(store, &config.settings, "Ada", out) == 0);
    fclose(out);
}

static void start(void)
{
    const struct es_node_calls node_calls = {
        .ctx = &node, .order = on_order, .event = on_event, .restored = on_restored};
    const struct es_network_calls network_calls = {
        .ctx = &node, .started = on_started, .report = on_report};
    const struct es_server_calls server_calls = {
        .ctx = &node, .line = on_line, .closed = on_closed, .waits = waits};
    struct es_store *store = es_store_memory_new();
    enum es_err err;
    char byte;

    assert(store != NULL && mkdtemp(folder) != NULL);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
    atexit(remove_folder);
    assert(es_config_read("/nonexistent", &config, &byte, 1));
    make_identity(store);
    node = (struct es_daemon){.options = {.data = folder, .ready_fd = -1}, .config = &config};
    node.history = es_history_new(store);
    node.network = es_network_new("/nonexistent", &network_calls);
    node.node = es_node_new(store, &config.settings, &node_calls, &err);
    node.server = es_server_new(address.sun_path, &server_calls);
    assert(es_calls_init(&node.calls) && node.history != NULL && node.network != NULL);
    assert(node.node != NULL && node.server != NULL);
    node.stream = es_stream_new(node.server);
    assert(node.stream != NULL);
}

static void turn(void)
{
    struct pollfd fds[ES_SERVER_CLIENTS_MAX + 1];
    size_t n;

    es_node_turn(node.node);
    es_node_results(node.node);
    es_rpc_pages(&node);
    n = es_server_pollfds(node.server, fds);
    (void)poll(fds, (nfds_t)n, 0);
    es_server_dispatch(node.server, fds, n);
    es_stream_pump(node.stream);
}

/* --- A client ------------------------------------------------------------------------------------- */

static void check_line(const char *line, size_t len)
{
    json_t *object = json_loadb(line, len, 0, NULL);
    const json_t *error = json_object_get(object, "error");

    assert(json_is_object(object));
    assert(strcmp(json_string_value(json_object_get(object, "jsonrpc")), "2.0") == 0);
    assert(error != NULL || json_object_get(object, "result") != NULL ||
           json_object_get(object, "method") != NULL);
    assert(error == NULL || json_string_length(json_object_get(error, "message")) > 0);
    json_decref(object);
}

/* The lines that came back; of a line that is not whole yet the rest comes in another turn. */
static void check_answers(int fd)
{
    static char in[1u << 21];
    ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT | MSG_PEEK);
    size_t at = 0;

    for (char *end; n > 0 && (end = memchr(in + at, '\n', (size_t)n - at)) != NULL;) {
        check_line(in + at, (size_t)(end - in) - at);
        at = (size_t)(end - in) + 1;
    }
    if (at > 0)
        assert(recv(fd, in, at, MSG_DONTWAIT) == (ssize_t)at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0;
    int fd;

    if (node.server == NULL)
        start();
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    for (int turns = 0; turns < TURNS_MAX && (at < size || turns < 4); turns++) {
        ssize_t n = send(fd, data + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);

        at = n < 0 ? at : at + (size_t)n;
        turn();
        check_answers(fd);
    }
    shutdown(fd, SHUT_WR);
    turn();
    check_answers(fd);
    close(fd);
    turn();
    node.stopping = false; /* `stop` is a wish that only the loop grants */
    return 0;
}
