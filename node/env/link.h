/* SPDX-License-Identifier: ISC */
/* link.h - what the node needs of the network: listeners, links, frames.
 *
 * The node gives orders, the network process answers with reports; both cross a SEQPACKET pair in
 * the encoding of node/wire/network.h. Everything a report says is a claim of the transport: who is
 * at the other end of a link is proved by LINK envelopes, not here.
 *
 * Adapters: node/link (ZeroMQ, in earshot-net) and the simulator's links. */
#ifndef ES_ENV_LINK_H
#define ES_ENV_LINK_H

#include "node/crypto/types.h"
#include "node/env/discovery.h"
#include "node/wire/slice.h"

/* Links that the node dials have numbers that the node chose, below ES_LINK_INBOUND; inbound ones
 * are numbered by the network process from ES_LINK_INBOUND on. No number is used twice between two
 * starts of the network process. */
#define ES_LINK_INBOUND 0x80000000u

enum es_order_kind {
    ES_ORDER_SETUP = 1,     /* first of all: how to discover, which interfaces                   */
    ES_ORDER_LISTEN = 2,    /* open a listener; answered by LISTENING                            */
    ES_ORDER_UNLISTEN = 3,  /* close it and every link that came in by it                        */
    ES_ORDER_DIAL = 4,      /* answered by LINK_UP or LINK_DOWN                                  */
    ES_ORDER_CLOSE = 5,     /* close a link after what was sent on it; answered by LINK_DOWN      */
    ES_ORDER_FRAME = 6,     /* send; silently dropped when the link is gone (LINK_DOWN says so)   */
    ES_ORDER_BAN = 7,       /* refuse connections from a host for a time                         */
    ES_ORDER_ADVERTISE = 8, /* replaces what was published before                                */
    ES_ORDER_WITHDRAW = 9,  /* publish nothing                                                   */
};

struct es_order {
    enum es_order_kind kind;
    union {
        struct {
            enum es_discovery_method method;
            char interfaces[256]; /* names separated by commas; empty: all with multicast */
        } setup;
        struct {
            uint32_t listener;
            struct es_dh_secret secret; /* CURVE server key */
            /* The first free port from a random one on in port_min..port_max. */
            uint16_t port_min, port_max;
            char host[ES_HOST_BYTES_MAX]; /* empty: every address */
        } listen;
        uint32_t unlisten;
        struct {
            uint32_t link;
            struct es_endpoint to;
            struct es_dh_public server_key;
        } dial;
        uint32_t close;
        struct {
            uint32_t link;
            struct es_slice bytes; /* at most ES_FRAME_BYTES_MAX */
        } frame;
        struct {
            char host[ES_HOST_BYTES_MAX];
            uint32_t for_ms;
        } ban;
        struct es_publication advertise;
    };
};

enum es_link_end {
    ES_LINK_CLOSED = 1,      /* by the other side, or ordered          */
    ES_LINK_UNREACHABLE = 2, /* no connection within ES_DIAL_MS         */
    ES_LINK_REFUSED = 3,     /* wrong key, banned or no place           */
    ES_LINK_OVERFLOW = 4,    /* the peer does not read: its queue is full */
    ES_LINK_MALFORMED = 5,   /* a multipart message or too long a frame */
};

/* A dialled connection that has not completed its handshake by then is given up. */
#define ES_DIAL_MS 3000

enum es_report_kind {
    ES_REPORT_LISTENING = 1,
    ES_REPORT_LINK_UP = 2,
    ES_REPORT_LINK_DOWN = 3,
    ES_REPORT_FRAME = 4,
    ES_REPORT_ADVERT_SEEN = 5,
    ES_REPORT_ADVERT_GONE = 6,
    ES_REPORT_DISCOVERY = 7,
    ES_REPORT_COUNTS = 8,
};

/* What the network process refused by itself since its last report. */
struct es_net_counts {
    uint64_t denied;    /* connections over a limit or banned            */
    uint64_t failed;    /* connections that did not complete a handshake */
    uint64_t oversized; /* multipart messages and frames that are too long */
    uint64_t adverts;   /* malformed adverts                             */
};

struct es_report {
    enum es_report_kind kind;
    union {
        struct {
            uint32_t listener;
            uint16_t port; /* 0: could not listen */
        } listening;
        struct {
            uint32_t link;
            uint32_t listener; /* inbound: the listener it came in by   */
            /* The CURVE keys of this connection. */
            struct es_dh_public server_key, client_key;
            char host[ES_HOST_BYTES_MAX]; /* of the other side */
        } up;
        struct {
            uint32_t link;
            enum es_link_end end;
        } down;
        struct {
            uint32_t link;
            struct es_slice bytes; /* untrusted */
        } frame;
        struct {
            struct es_endpoint at;
            struct es_advert advert; /* untrusted, well-formed */
        } seen;
        struct {
            struct es_dh_public link_key; /* every address of this advert */
        } gone;
        struct es_discovery_state discovery;
        struct es_net_counts counts;
    };
};

#endif
