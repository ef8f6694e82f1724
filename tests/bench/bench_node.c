/* SPDX-License-Identifier: ISC */
/* bench_node.c - two loops in one. */
#include "tests/bench/bench_node.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/wire/endpoint.h"

#define SETUP_S_MAX 60

static void draw(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

static const struct es_entropy entropy = {.random = draw};

void bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* --- What the parts report ------------------------------------------------------------------------ */

static void on_order(void *ctx, const struct es_order *order)
{
    struct bench_node *bench = ctx;

    es_network_order(bench->network, order);
}

static void on_event(void *ctx, const struct es_event *event)
{
    struct bench_node *bench = ctx;

    if (event->kind == ES_EV_ANSWER) {
        bench->answered++;
        if (event->err != ES_OK)
            bench->failed = event->err;
        if (event->text.len > 0 && event->text.len < sizeof(bench->link))
            memcpy(bench->link, event->text.ptr, event->text.len);
    }
    bench->delivered += event->kind == ES_EV_DELIVERED;
    bench->shown += event->kind == ES_EV_MESSAGE;
    if (event->kind == ES_EV_ACCEPTED)
        bench->contact = event->contact;
    if (event->kind == ES_EV_PRESENT)
        bench->present = true;
    if (event->kind == ES_EV_LISTENING && event->order == 0)
        bench->port = (uint16_t)event->until_ms;
}

static void on_restored(void *ctx)
{
    (void)ctx;
    bench_fail("a commit failed");
}

static void on_started(void *ctx)
{
    struct bench_node *bench = ctx;

    es_node_network_started(bench->node);
}

static void on_report(void *ctx, const struct es_report *report)
{
    struct bench_node *bench = ctx;

    es_node_report(bench->node, report);
}

/* --- Making and ending ---------------------------------------------------------------------------- */

static void command(struct bench_node *bench, const struct es_command *command)
{
    uint64_t before = bench->answered;

    es_node_command(bench->node, command);
    while (bench->answered == before)
        bench_nodes_turn(bench, 1, 100);
    if (bench->failed != ES_OK)
        bench_fail(es_err_text(bench->failed));
}

void bench_node_init(struct bench_node *bench, const char *folder, const char *name,
                     enum es_store_at_rest at_rest, const char *net)
{
    const struct es_node_calls node_calls = {
        .ctx = bench, .order = on_order, .event = on_event, .restored = on_restored};
    const struct es_network_calls network_calls = {
        .ctx = bench, .started = on_started, .report = on_report};
    struct es_store_sqlite_options options = {
        .mode = ES_STORE_CREATE, .at_rest = at_rest, .entropy = &entropy};
    enum es_err err;

    memset(bench, 0, sizeof(*bench));
    snprintf(bench->database, sizeof(bench->database), "%s/%s.db", folder, name);
    snprintf(bench->key, sizeof(bench->key), "%s/%s.key", folder, name);
    options.path = bench->database;
    options.secret.key_file = bench->key;
    if (es_store_sqlite_open(&options, &bench->store) != ES_STORE_OK)
        bench_fail("no store");
    bench->settings = es_settings_default();
    bench->settings.method = ES_DISCOVERY_OFF;
    bench->settings.work_bits = 8;
    bench->lasting = (struct es_lasting){.host = "127.0.0.1"};
    bench->lasting.port = (uint16_t)(20000 + randombytes_uniform(20000));
    bench->settings.lasting = &bench->lasting;
    bench->settings.n_lasting = 1;
    bench->network = es_network_new(net, &network_calls);
    bench->node = es_node_new(bench->store, &bench->settings, &node_calls, &err);
    if (bench->network == NULL || bench->node == NULL)
        bench_fail("no node");
    command(bench, &(struct es_command){.kind = ES_CMD_INIT, .name = es_slice(name, strlen(name))});
}

void bench_node_done(struct bench_node *bench)
{
    es_network_free(bench->network);
    es_node_free(bench->node);
    bench->store->ops->free(bench->store);
}

/* --- The loop ------------------------------------------------------------------------------------- */

static void dispatch(struct bench_node *bench, const struct pollfd *fds)
{
    if (fds[0].revents)
        es_node_results(bench->node);
    if (fds[1].revents)
        es_network_dispatch(bench->network, fds[1].revents, es_node_now_ms());
}

void bench_nodes_turn(struct bench_node *nodes, size_t n, int wait_ms)
{
    struct pollfd fds[4];
    uint64_t now_ms;

    for (size_t i = 0; i < n; i++) {
        es_network_turn(nodes[i].network, es_node_now_ms());
        es_node_turn(nodes[i].node);
        es_network_flush(nodes[i].network);
        fds[2 * i] = (struct pollfd){.fd = es_node_fd(nodes[i].node), .events = POLLIN};
        fds[2 * i + 1] = es_network_pollfd(nodes[i].network);
    }
    now_ms = es_node_now_ms();
    for (size_t i = 0; i < n; i++) {
        uint64_t at_ms = es_node_wake_at(nodes[i].node);

        if (at_ms <= now_ms)
            wait_ms = 0;
        else if (at_ms - now_ms < (uint64_t)wait_ms)
            wait_ms = (int)(at_ms - now_ms);
    }
    if (poll(fds, 2 * n, wait_ms) < 0 && errno != EINTR)
        bench_fail("poll");
    for (size_t i = 0; i < n; i++)
        dispatch(&nodes[i], &fds[2 * i]);
}

void bench_nodes_befriend(struct bench_node nodes[static 2])
{
    time_t until = time(NULL) + SETUP_S_MAX;
    char endpoint[ES_ENDPOINT_TEXT_BYTES_MAX];
    struct es_endpoint at = {.host = "127.0.0.1"};
    struct es_dh_public key;

    while (nodes[0].port == 0 && time(NULL) < until)
        bench_nodes_turn(nodes, 2, 100);
    at.port = nodes[0].port;
    key = es_mesh_lasting_key(es_core_mesh(es_node_core(nodes[0].node)));
    es_endpoint_format(&at, &key, endpoint);
    command(&nodes[0],
            &(struct es_command){.kind = ES_CMD_INVITE,
                                 .invite = {.uses = 1,
                                            .for_ms = 600000,
                                            .endpoint = es_slice(endpoint, strlen(endpoint))}});
    command(&nodes[1], &(struct es_command){.kind = ES_CMD_ADD,
                                            .who = es_slice(nodes[0].link, strlen(nodes[0].link))});
    while (!(nodes[0].present && nodes[1].present) && time(NULL) < until)
        bench_nodes_turn(nodes, 2, 100);
    if (!nodes[0].present || !nodes[1].present)
        bench_fail("the two nodes do not find each other on loopback");
}
