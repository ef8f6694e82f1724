/* SPDX-License-Identifier: ISC */
/* net_outbox.c - a ring of datagrams, the last of which is being filled. */
#include "node/daemon/net_outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

bool es_net_outbox_init(struct es_net_outbox *outbox)
{
    *outbox = (struct es_net_outbox){0};
    outbox->ring = calloc(ES_NET_DATAGRAMS_MAX, sizeof(*outbox->ring));
    return outbox->ring != NULL;
}

static struct es_net_datagram *at(const struct es_net_outbox *outbox, size_t index)
{
    return &outbox->ring[(outbox->first + index) % ES_NET_DATAGRAMS_MAX];
}

static bool append(struct es_net_datagram *datagram, const struct es_report *report)
{
    struct es_writer writer =
        es_writer(datagram->bytes + datagram->len, sizeof(datagram->bytes) - datagram->len);

    es_report_write(&writer, report);
    if (writer.failed)
        return false;
    datagram->len += es_writer_len(&writer);
    return true;
}

bool es_net_outbox_put(struct es_net_outbox *outbox, const struct es_report *report)
{
    struct es_net_datagram *fresh;

    if (outbox->count > 0 && append(at(outbox, outbox->count - 1), report))
        return true;
    if (outbox->count == ES_NET_DATAGRAMS_MAX)
        return false;
    fresh = at(outbox, outbox->count);
    fresh->len = 0;
    outbox->count++;
    return append(fresh, report);
}

bool es_net_outbox_room(const struct es_net_outbox *outbox)
{
    return outbox->count < ES_NET_DATAGRAMS_MAX / 2;
}

enum es_net_flush es_net_outbox_flush(struct es_net_outbox *outbox, int fd)
{
    while (outbox->count > 0) {
        const struct es_net_datagram *oldest = at(outbox, 0);

        if (send(fd, oldest->bytes, oldest->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            if (errno == EINTR)
                continue;
            return errno == EAGAIN ? ES_NET_WAITING : ES_NET_GONE;
        }
        outbox->first = (outbox->first + 1) % ES_NET_DATAGRAMS_MAX;
        outbox->count--;
    }
    return ES_NET_FLUSHED;
}
