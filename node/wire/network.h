/* SPDX-License-Identifier: ISC */
/* network.h - orders and reports between the node and the network process, as bytes.
 *
 * One SEQPACKET datagram holds any number of records, each: kind u8 | length u32 | body. The node
 * decodes reports as hostile bytes: the network process is the part that strangers attack. Frames
 * borrow from the datagram. */
#ifndef ES_WIRE_NETWORK_H
#define ES_WIRE_NETWORK_H

#include "node/env/link.h"
#include "node/wire/cursor.h"

/* A datagram always has room for one record of any kind. */
#define ES_DATAGRAM_BYTES_MAX (ES_FRAME_BYTES_MAX + 1024)

/* Append one record. Sets writer->failed, and appends nothing, when it does not fit, when a frame is
 * too long or a string is no UTF-8. */
void es_order_write(struct es_writer *writer, const struct es_order *order);
void es_report_write(struct es_writer *writer, const struct es_report *report);

/* The next record of a datagram. False at its end and, with reader->failed set, when malformed. */
bool es_order_next(struct es_reader *reader, struct es_order *ret);
bool es_report_next(struct es_reader *reader, struct es_report *ret);

#endif
