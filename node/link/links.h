/* SPDX-License-Identifier: ISC */
/* links.h - what the files of this folder share: the table of links and how a link ends.
 *
 * A link that is over stays in memory until the end of the turn, an inbound one until nothing more
 * can arrive from it, so that what its peer still sends is known and dropped. */
#ifndef ES_LINK_LINKS_H
#define ES_LINK_LINKS_H

#include <zmq.h>

#include "node/link/connection.h"
#include "node/link/queue.h"
#include "node/link/socket.h"
#include "node/link/zmq_link.h"

/* Every listener is in this ZAP domain: without one, ZeroMQ admits whoever has a key. */
#define ES_ZAP_DOMAIN "earshot"

/* ZeroMQ tells the end of a connection a moment before it passes on the last frames of it: so long
 * they are waited for; on a listener that is never read dry, so long at most. */
#define ES_SETTLE_MS 50
#define ES_SETTLE_MS_MAX 1000

/* ZeroMQ does not say when one of a listener's peers can take more. Mostly its descriptor speaks
 * then; if something else has taken that in, the next attempt comes so soon. */
#define ES_RETRY_MS 5

/* Messages read from one socket in one turn: a listener speaks for many links. */
#define ES_LISTENER_BATCH 64
#define ES_DIAL_BATCH 16

/* ZeroMQ's own routing ids: a zero and a counter. A peer that brings its own is refused. */
#define ES_ROUTING_ID_BYTES 5

enum es_link_phase {
    ES_PHASE_DIALLING,
    ES_PHASE_OPEN,
    ES_PHASE_CLOSING, /* by order: sends what is queued, hears nothing                    */
    ES_PHASE_LEAVING, /* the connection has ended; what came before is still reported     */
    ES_PHASE_OVER,    /* LINK_DOWN is reported; what still comes is dropped               */
};

struct es_link {
    uint32_t number;
    enum es_link_phase phase;
    uint64_t deadline_ms; /* of the phase; UINT64_MAX: none */
    uint64_t left_ms;     /* when the connection ended */
    struct es_queue queue;
    struct es_connection *connection; /* NULL: not yet, or no more */
    struct es_dh_public server_key;
    struct es_dh_public client_key;
    char host[ES_HOST_BYTES_MAX];
    /* Inbound: */
    struct es_listener *listener; /* NULL: dialled */
    uint32_t routing_number;      /* what tells its routing id from others */
    /* Dialled: */
    struct es_socket socket;
    struct es_socket monitor;
    TAILQ_ENTRY(es_link) next;
};

struct es_listener {
    uint32_t number;
    struct es_socket socket;
    struct es_socket monitor;
    struct es_dh_public server_key;
    void *by_routing_number; /* tsearch() tree */
    TAILQ_ENTRY(es_listener) next;
};

struct es_links {
    struct es_entropy entropy;
    struct es_links_user user;
    struct es_sockets sockets;
    struct es_socket zap;
    struct es_admission admission;
    struct es_connections connections;
    TAILQ_HEAD(, es_listener) listeners;
    TAILQ_HEAD(es_link_list, es_link) all;
    struct es_link_list buried; /* freed at the end of the turn */
    void *by_number;            /* tsearch() tree of links that are not over */
    uint32_t next_inbound;
    size_t queued_bytes;
    uint64_t next_deadline_ms;
    uint64_t now_ms;
    bool reading;
    bool touched; /* there is more to do at once: sockets were used between two turns */
    bool retry;   /* a queue of an inbound link is to be tried again after ES_RETRY_MS */
    struct es_net_counts counts;
};

/* --- link.c: the life of a link --------------------------------------------------------------- */

/* NULL when there is no memory or the number is taken. Its other fields are the caller's to set. */
struct es_link *es_link_new(struct es_links *links, uint32_t number, enum es_link_phase phase);
struct es_link *es_link_find(const struct es_links *links, uint32_t number);
void es_link_set_deadline(struct es_links *links, struct es_link *link, uint64_t deadline_ms);

void es_link_report_up(struct es_links *links, struct es_link *link);

/* A whole message has come: reports it, or ends the link when it is no single frame. */
void es_link_heard(struct es_links *links, struct es_link *link, zmq_msg_t *message);

void es_link_send(struct es_links *links, struct es_link *link, struct es_slice bytes);
/* Hands to ZeroMQ what it takes. */
void es_link_pump(struct es_links *links, struct es_link *link);
void es_link_close(struct es_links *links, struct es_link *link);

/* The connection has ended. */
void es_link_left(struct es_links *links, struct es_link *link);
/* Reports LINK_DOWN; the link still holds what it held. */
void es_link_report_down(struct es_links *links, struct es_link *link, enum es_link_end end);
/* Reports LINK_DOWN and lets go of everything that it holds. */
void es_link_over(struct es_links *links, struct es_link *link, enum es_link_end end);
void es_link_deadline(struct es_links *links, struct es_link *link);
/* Ends it without a report. */
void es_link_bury(struct es_links *links, struct es_link *link);
void es_links_free_buried(struct es_links *links);

/* ZeroMQ closed the connection, whatever stands on it. */
void es_links_disconnected(struct es_links *links, struct es_connection *connection);

/* Order of the trees: their keys are the numbers themselves. */
int es_number_compare(const void *a, const void *b);

/* A single part, not empty, not too long. */
bool es_message_is_frame(zmq_msg_t *message);
/* The rest of a message that is not wanted is read without being kept. */
void es_drain_message(struct es_socket *socket);

/* --- listener.c ------------------------------------------------------------------------------- */

bool es_listener_order(struct es_links *links, const struct es_order *order);
bool es_listener_unlisten(struct es_links *links, uint32_t number);
void es_listener_close(struct es_links *links, struct es_listener *listener, int linger_ms);
void es_listener_monitor(struct es_links *links, struct es_listener *listener);
void es_listener_read(struct es_links *links, struct es_listener *listener);
void es_listener_forget(struct es_listener *listener, struct es_link *link);

/* --- dial.c ----------------------------------------------------------------------------------- */

bool es_dial_order(struct es_links *links, const struct es_order *order);
void es_dial_monitor(struct es_links *links, struct es_link *link);
void es_dial_read(struct es_links *links, struct es_link *link);

/* --- zap.c ------------------------------------------------------------------------------------ */

/* To be opened before any listener. */
int es_zap_open(struct es_links *links);
void es_zap_run(struct es_links *links);

#endif
