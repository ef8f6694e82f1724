/* SPDX-License-Identifier: ISC */
/* net_outbox.h - reports on their way to the node, packed into datagrams.
 *
 * A ring of datagrams. When half of it waits, the loop takes in no more frames and no more adverts;
 * the other half is for what must not be lost: links and listeners. */
#ifndef ES_DAEMON_NET_OUTBOX_H
#define ES_DAEMON_NET_OUTBOX_H

#include <stdbool.h>

#include "node/wire/network.h"

/* 4 MiB. */
#define ES_NET_DATAGRAMS_MAX 64

struct es_net_datagram {
    size_t len;
    uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
};

struct es_net_outbox {
    struct es_net_datagram *ring;
    size_t first;
    size_t count;
};

enum es_net_flush {
    ES_NET_FLUSHED, /* nothing waits                  */
    ES_NET_WAITING, /* the node does not read now     */
    ES_NET_GONE,    /* the node does not read any more */
};

/* Lives as long as the process. */
bool es_net_outbox_init(struct es_net_outbox *outbox);

/* False when all of the ring waits: the node has not read for long. */
bool es_net_outbox_put(struct es_net_outbox *outbox, const struct es_report *report);

/* Is there room for frames and adverts? */
bool es_net_outbox_room(const struct es_net_outbox *outbox);

/* Writes what the socket takes without waiting. */
enum es_net_flush es_net_outbox_flush(struct es_net_outbox *outbox, int fd);

#endif
