/* SPDX-License-Identifier: ISC */
/* identity.c - one command, one commit. */
#include "node/daemon/identity.h"

#include <poll.h>
#include <string.h>

#include "node/daemon/daemon.h"
#include "node/daemon/json.h"

struct making {
    bool answered;
    enum es_err err;
};

static void ignore_order(void *ctx, const struct es_order *order)
{
    (void)ctx;
    (void)order;
}

static void take_event(void *ctx, const struct es_event *event)
{
    struct making *making = ctx;

    if (event->kind != ES_EV_ANSWER)
        return;
    making->answered = true;
    making->err = event->err;
}

static void restored(void *ctx)
{
    struct making *making = ctx;

    making->answered = true;
    making->err = ES_E_STORE;
}

static void tell(const struct es_node *node, enum es_err err)
{
    if (node != NULL && es_node_disk_full(node))
        es_daemon_error("disk-full", "the disk is full", "free some space; nothing was changed");
    else
        es_daemon_error(es_err_code(err), es_err_text(err), NULL);
}

static void run(struct es_node *node, struct making *making, const char *name)
{
    struct es_command init = {.kind = ES_CMD_INIT, .name = es_slice(name, strlen(name))};

    es_node_command(node, &init);
    while (!making->answered && !es_node_broken(node)) {
        struct pollfd ready = {.fd = es_node_fd(node), .events = POLLIN};

        es_node_turn(node);
        poll(&ready, 1, 1000);
        es_node_results(node);
    }
    if (!making->answered)
        making->err = ES_E_STORE;
}

int es_identity_make(struct es_store *store, const struct es_settings *settings, const char *name,
                     FILE *out)
{
    struct making making = {0};
    const struct es_node_calls calls = {
        .ctx = &making, .order = ignore_order, .event = take_event, .restored = restored};
    struct es_node *node = es_node_new(store, settings, &calls, &making.err);

    if (node != NULL)
        run(node, &making, name);
    if (making.err != ES_OK) {
        tell(node, making.err);
    } else {
        json_t *self = es_json_self(es_node_core(node));

        json_dumpf(self, out, JSON_COMPACT);
        fputc('\n', out);
        json_decref(self);
    }
    es_node_free(node);
    return making.err == ES_OK ? 0 : 1;
}
