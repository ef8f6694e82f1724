/* SPDX-License-Identifier: ISC */
/* daemon.h - earshotd as a whole: one loop over node, network process and control socket. */
#ifndef ES_DAEMON_H
#define ES_DAEMON_H

#include "node/daemon/calls.h"
#include "node/daemon/config.h"
#include "node/daemon/history.h"
#include "node/daemon/network.h"
#include "node/daemon/node.h"
#include "node/daemon/server.h"
#include "node/daemon/stream.h"

struct es_daemon_options {
    const char *socket; /* path of the control socket */
    const char *data;   /* folder of the database      */
    const char *net;    /* path of earshot-net         */
    bool passphrase;    /* how the database is locked  */
    int ready_fd;       /* -1: none                     */
};

struct es_daemon {
    struct es_daemon_options options;
    const struct es_config *config;
    struct es_store *store;
    struct es_history *history;
    struct es_node *node;
    struct es_network *network;
    struct es_server *server;
    struct es_stream *stream;
    struct es_calls calls;
    uint16_t lasting_ports[ES_CONFIG_LASTING_MAX]; /* 0: could not listen */
    bool stopping;
};

/* Runs until it is told to stop. The store is borrowed. 0, or 1 after printing why. */
int es_daemon_run(struct es_store *store, const struct es_config *config,
                  const struct es_daemon_options *options);

/* One JSON line on stderr: {"error":CODE,"message":...,"hint":...}. hint may be NULL. */
void es_daemon_error(const char *code, const char *message, const char *hint);

#endif
