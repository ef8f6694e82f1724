/* SPDX-License-Identifier: ISC */
/* zap.c - ZeroMQ asks here whether a client whose handshake is good may come in (its RFC 27).
 *
 * Any key may: keys are thrown away, and who somebody is shows inside the link. What counts is the
 * address and how much has come from there. */
#include "node/link/links.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT "inproc://zeromq.zap.01"
#define PART_BYTES_MAX 256

/* version, request id, domain, address, routing id, mechanism, credentials */
enum {
    PART_ID = 1,
    PART_DOMAIN = 2,
    PART_ADDRESS = 3,
    PART_MECHANISM = 5,
    PART_KEY = 6,
    PARTS = 7
};

struct request {
    char parts[PARTS][PART_BYTES_MAX];
    size_t lens[PARTS];
    size_t count; /* PARTS + 1: more than a request has */
};

int es_zap_open(struct es_links *links)
{
    int rc = es_socket_open(&links->sockets, &links->zap, ES_SOCKET_ZAP, NULL, ZMQ_REP);

    if (rc == 0 && zmq_bind(links->zap.zmq, ENDPOINT) != 0)
        rc = -zmq_errno();
    return rc;
}

static bool read_request(struct es_socket *zap, struct request *ret)
{
    int more = 1;
    size_t len = sizeof(more);

    *ret = (struct request){0};
    for (size_t i = 0; more != 0; i++) {
        char part[PART_BYTES_MAX];
        int part_len = zmq_recv(zap->zmq, part, sizeof(part) - 1, ZMQ_DONTWAIT);

        if (part_len < 0)
            return false;
        if (i < PARTS && part_len < (int)sizeof(part)) {
            memcpy(ret->parts[i], part, (size_t)part_len);
            ret->lens[i] = (size_t)part_len;
        }
        ret->count = i < PARTS ? i + 1 : PARTS + 1;
        if (zmq_getsockopt(zap->zmq, ZMQ_RCVMORE, &more, &len) != 0)
            return false;
    }
    return true;
}

static bool admits(struct es_links *links, const struct request *request)
{
    struct es_address address;
    struct es_source *source;

    if (request->count != PARTS || strcmp(request->parts[PART_DOMAIN], ES_ZAP_DOMAIN) != 0 ||
        strcmp(request->parts[PART_MECHANISM], "CURVE") != 0 ||
        request->lens[PART_KEY] != ES_KEY_BYTES ||
        !es_address_parse(request->parts[PART_ADDRESS], &address))
        return false;
    source = es_admission_source(&links->admission, &address, links->now_ms);
    if (source == NULL)
        return false;
    if (es_source_handshake(source, links->now_ms) && links->connections.open_count < ES_LINKS_MAX)
        return true;
    source->refused_count++;
    return false;
}

static void answer(struct es_links *links, const struct request *request)
{
    char user_id[2 * ES_KEY_BYTES + 1] = "";
    bool admitted = admits(links, request);
    const char *status = admitted ? "200" : "400";
    void *zmq = links->zap.zmq;

    if (admitted)
        sodium_bin2hex(user_id, sizeof(user_id), (const uint8_t *)request->parts[PART_KEY],
                       ES_KEY_BYTES);
    else
        links->counts.denied++;
    (void)zmq_send(zmq, "1.0", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(zmq, request->parts[PART_ID], request->lens[PART_ID],
                   ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(zmq, status, 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(zmq, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(zmq, user_id, strlen(user_id), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(zmq, "", 0, ZMQ_DONTWAIT);
}

void es_zap_run(struct es_links *links)
{
    struct request request;

    while (read_request(&links->zap, &request))
        answer(links, &request);
}
