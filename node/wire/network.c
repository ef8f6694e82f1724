/* SPDX-License-Identifier: ISC */
/* network.c - encoding of orders and reports (node/wire/network.h).
 *
 * The two ends are one release of one program, so this encoding is no part of the protocol and has
 * no version. It is decoded as strictly as if it were. */
#include "node/wire/network.h"

#include <string.h>

#include "node/wire/utf8.h"

#define RECORD_HEADER_BYTES 5

_Static_assert(RECORD_HEADER_BYTES + 4 + ES_FRAME_BYTES_MAX <= ES_DATAGRAM_BYTES_MAX,
               "any frame fits an empty datagram");

/* --- Common to both directions ------------------------------------------------------------------ */

/* u8 length and text, to a zero-terminated array of cap bytes. */
static void read_text(struct es_reader *reader, char *ret, size_t cap)
{
    struct es_slice text = es_read_short(reader, cap - 1);

    if (!es_utf8_valid(text))
        reader->failed = true;
    else
        memcpy(ret, text.ptr, text.len);
}

static void write_text(struct es_writer *writer, const char *text, size_t cap)
{
    const char *end = memchr(text, '\0', cap);
    struct es_slice bytes = es_slice(text, end != NULL ? (size_t)(end - text) : cap);

    if (end == NULL || !es_utf8_valid(bytes))
        writer->failed = true;
    es_write_short(writer, bytes);
}

/* u8 that must lie in min..max. */
static uint8_t read_enum(struct es_reader *reader, uint8_t min, uint8_t max)
{
    uint8_t value = es_read_u8(reader);

    if (value < min || value > max)
        reader->failed = true;
    return value;
}

static void read_key(struct es_reader *reader, struct es_dh_public *ret)
{
    es_read_bytes(reader, ret->bytes, sizeof(ret->bytes));
}

static void write_key(struct es_writer *writer, const struct es_dh_public *key)
{
    es_write_bytes(writer, key->bytes, sizeof(key->bytes));
}

static void read_endpoint(struct es_reader *reader, struct es_endpoint *ret)
{
    read_text(reader, ret->host, sizeof(ret->host));
    ret->port = es_read_u16(reader);
}

static void write_endpoint(struct es_writer *writer, const struct es_endpoint *endpoint)
{
    write_text(writer, endpoint->host, sizeof(endpoint->host));
    es_write_u16(writer, endpoint->port);
}

static void read_frame_bytes(struct es_reader *reader, struct es_slice *ret)
{
    *ret = es_read_rest(reader);
    if (ret->len > ES_FRAME_BYTES_MAX)
        reader->failed = true;
}

static void write_frame_bytes(struct es_writer *writer, struct es_slice bytes)
{
    if (bytes.len > ES_FRAME_BYTES_MAX)
        writer->failed = true;
    es_write_bytes(writer, bytes.ptr, bytes.len);
}

static void read_advert(struct es_reader *reader, struct es_advert *ret)
{
    es_read_bytes(reader, ret->nonce, sizeof(ret->nonce));
    read_key(reader, &ret->link_key);
    es_read_bytes(reader, ret->beacon, sizeof(ret->beacon));
    es_read_bytes(reader, ret->signature, sizeof(ret->signature));
    ret->visible = read_enum(reader, 0, 1) == 1;
    if (!ret->visible)
        return;
    read_key(reader, &ret->introduction);
    read_text(reader, ret->name, sizeof(ret->name));
}

static void write_advert(struct es_writer *writer, const struct es_advert *advert)
{
    es_write_bytes(writer, advert->nonce, sizeof(advert->nonce));
    write_key(writer, &advert->link_key);
    es_write_bytes(writer, advert->beacon, sizeof(advert->beacon));
    es_write_bytes(writer, advert->signature, sizeof(advert->signature));
    es_write_u8(writer, advert->visible);
    if (!advert->visible)
        return;
    write_key(writer, &advert->introduction);
    write_text(writer, advert->name, sizeof(advert->name));
}

/* Reads a record's header; false at the end of the datagram or on failure. */
static bool read_header(struct es_reader *reader, uint8_t *ret_kind, struct es_reader *ret_body)
{
    if (reader->failed || es_reader_left(reader) == 0)
        return false;
    *ret_kind = es_read_u8(reader);
    *ret_body = es_reader(es_read_slice(reader, es_read_u32(reader)));
    return !reader->failed;
}

/* A record being written: a writer of its own that knows where the record began. */
static struct es_writer begin_record(const struct es_writer *writer, uint8_t kind)
{
    struct es_writer record = *writer;

    record.start = writer->at;
    es_write_u8(&record, kind);
    es_write_u32(&record, 0); /* the body's length, known at the end */
    return record;
}

static void end_record(struct es_writer *writer, const struct es_writer *record)
{
    if (record->failed) {
        writer->failed = true;
        return;
    }
    struct es_writer length = es_writer(record->start + 1, 4);

    es_write_u32(&length, (uint32_t)(es_writer_len(record) - RECORD_HEADER_BYTES));
    writer->at = record->at;
}

/* --- Orders ------------------------------------------------------------------------------------- */

static void write_listen(struct es_writer *writer, const struct es_order *order)
{
    es_write_u32(writer, order->listen.listener);
    es_write_bytes(writer, order->listen.secret.bytes, sizeof(order->listen.secret.bytes));
    es_write_u16(writer, order->listen.port_min);
    es_write_u16(writer, order->listen.port_max);
    write_text(writer, order->listen.host, sizeof(order->listen.host));
}

static void read_listen(struct es_reader *reader, struct es_order *ret)
{
    ret->listen.listener = es_read_u32(reader);
    es_read_bytes(reader, ret->listen.secret.bytes, sizeof(ret->listen.secret.bytes));
    ret->listen.port_min = es_read_u16(reader);
    ret->listen.port_max = es_read_u16(reader);
    read_text(reader, ret->listen.host, sizeof(ret->listen.host));
}

static void write_publication(struct es_writer *writer, const struct es_publication *publication)
{
    write_text(writer, publication->instance, sizeof(publication->instance));
    write_text(writer, publication->host, sizeof(publication->host));
    es_write_u16(writer, publication->port);
    write_advert(writer, &publication->advert);
}

static void read_publication(struct es_reader *reader, struct es_publication *ret)
{
    read_text(reader, ret->instance, sizeof(ret->instance));
    read_text(reader, ret->host, sizeof(ret->host));
    ret->port = es_read_u16(reader);
    read_advert(reader, &ret->advert);
}

static void write_order_body(struct es_writer *writer, const struct es_order *order)
{
    switch (order->kind) {
    case ES_ORDER_SETUP:
        es_write_u8(writer, (uint8_t)order->setup.method);
        write_text(writer, order->setup.interfaces, sizeof(order->setup.interfaces));
        return;
    case ES_ORDER_LISTEN:
        write_listen(writer, order);
        return;
    case ES_ORDER_UNLISTEN:
        es_write_u32(writer, order->unlisten);
        return;
    case ES_ORDER_DIAL:
        es_write_u32(writer, order->dial.link);
        write_endpoint(writer, &order->dial.to);
        write_key(writer, &order->dial.server_key);
        return;
    case ES_ORDER_CLOSE:
        es_write_u32(writer, order->close);
        return;
    case ES_ORDER_FRAME:
        es_write_u32(writer, order->frame.link);
        write_frame_bytes(writer, order->frame.bytes);
        return;
    case ES_ORDER_BAN:
        es_write_u32(writer, order->ban.for_ms);
        write_text(writer, order->ban.host, sizeof(order->ban.host));
        return;
    case ES_ORDER_ADVERTISE:
        write_publication(writer, &order->advertise);
        return;
    case ES_ORDER_WITHDRAW:
        return;
    }
}

static void read_order_body(struct es_reader *reader, struct es_order *ret)
{
    switch (ret->kind) {
    case ES_ORDER_SETUP:
        ret->setup.method =
            (enum es_discovery_method)read_enum(reader, ES_DISCOVERY_OFF, ES_DISCOVERY_AUTO);
        read_text(reader, ret->setup.interfaces, sizeof(ret->setup.interfaces));
        return;
    case ES_ORDER_LISTEN:
        read_listen(reader, ret);
        return;
    case ES_ORDER_UNLISTEN:
        ret->unlisten = es_read_u32(reader);
        return;
    case ES_ORDER_DIAL:
        ret->dial.link = es_read_u32(reader);
        read_endpoint(reader, &ret->dial.to);
        read_key(reader, &ret->dial.server_key);
        return;
    case ES_ORDER_CLOSE:
        ret->close = es_read_u32(reader);
        return;
    case ES_ORDER_FRAME:
        ret->frame.link = es_read_u32(reader);
        read_frame_bytes(reader, &ret->frame.bytes);
        return;
    case ES_ORDER_BAN:
        ret->ban.for_ms = es_read_u32(reader);
        read_text(reader, ret->ban.host, sizeof(ret->ban.host));
        return;
    case ES_ORDER_ADVERTISE:
        read_publication(reader, &ret->advertise);
        return;
    case ES_ORDER_WITHDRAW:
        return;
    }
    reader->failed = true; /* an unknown kind */
}

void es_order_write(struct es_writer *writer, const struct es_order *order)
{
    struct es_writer record = begin_record(writer, (uint8_t)order->kind);

    write_order_body(&record, order);
    end_record(writer, &record);
}

bool es_order_next(struct es_reader *reader, struct es_order *ret)
{
    struct es_reader body;
    uint8_t kind;

    if (!read_header(reader, &kind, &body))
        return false;
    memset(ret, 0, sizeof(*ret));
    ret->kind = (enum es_order_kind)kind;
    read_order_body(&body, ret);
    if (es_reader_done(&body))
        return true;
    reader->failed = true;
    es_wipe(ret, sizeof(*ret)); /* it may hold a listener's secret */
    return false;
}

/* --- Reports ------------------------------------------------------------------------------------ */

static void write_up(struct es_writer *writer, const struct es_report *report)
{
    es_write_u32(writer, report->up.link);
    es_write_u32(writer, report->up.listener);
    write_key(writer, &report->up.server_key);
    write_key(writer, &report->up.client_key);
    write_text(writer, report->up.host, sizeof(report->up.host));
}

static void read_up(struct es_reader *reader, struct es_report *ret)
{
    ret->up.link = es_read_u32(reader);
    ret->up.listener = es_read_u32(reader);
    read_key(reader, &ret->up.server_key);
    read_key(reader, &ret->up.client_key);
    read_text(reader, ret->up.host, sizeof(ret->up.host));
}

static void write_discovery(struct es_writer *writer, const struct es_discovery_state *state)
{
    es_write_u8(writer, (uint8_t)state->method);
    es_write_u16(writer, state->interfaces);
    es_write_u8(writer, state->published);
    es_write_u8(writer, state->own_heard);
    write_text(writer, state->interface_names, sizeof(state->interface_names));
    write_text(writer, state->problem, sizeof(state->problem));
}

static void read_discovery(struct es_reader *reader, struct es_discovery_state *ret)
{
    ret->method =
        (enum es_discovery_method)read_enum(reader, ES_DISCOVERY_OFF, ES_DISCOVERY_AVAHI_DAEMON);
    ret->interfaces = es_read_u16(reader);
    ret->published = read_enum(reader, 0, 1) == 1;
    ret->own_heard = read_enum(reader, 0, 1) == 1;
    read_text(reader, ret->interface_names, sizeof(ret->interface_names));
    read_text(reader, ret->problem, sizeof(ret->problem));
}

static void write_counts(struct es_writer *writer, const struct es_net_counts *counts)
{
    es_write_u64(writer, counts->denied);
    es_write_u64(writer, counts->failed);
    es_write_u64(writer, counts->oversized);
    es_write_u64(writer, counts->adverts);
}

static void read_counts(struct es_reader *reader, struct es_net_counts *ret)
{
    ret->denied = es_read_u64(reader);
    ret->failed = es_read_u64(reader);
    ret->oversized = es_read_u64(reader);
    ret->adverts = es_read_u64(reader);
}

static void write_report_body(struct es_writer *writer, const struct es_report *report)
{
    switch (report->kind) {
    case ES_REPORT_LISTENING:
        es_write_u32(writer, report->listening.listener);
        es_write_u16(writer, report->listening.port);
        return;
    case ES_REPORT_LINK_UP:
        write_up(writer, report);
        return;
    case ES_REPORT_LINK_DOWN:
        es_write_u32(writer, report->down.link);
        es_write_u8(writer, (uint8_t)report->down.end);
        return;
    case ES_REPORT_FRAME:
        es_write_u32(writer, report->frame.link);
        write_frame_bytes(writer, report->frame.bytes);
        return;
    case ES_REPORT_ADVERT_SEEN:
        write_endpoint(writer, &report->seen.at);
        write_advert(writer, &report->seen.advert);
        return;
    case ES_REPORT_ADVERT_GONE:
        write_key(writer, &report->gone.link_key);
        return;
    case ES_REPORT_DISCOVERY:
        write_discovery(writer, &report->discovery);
        return;
    case ES_REPORT_COUNTS:
        write_counts(writer, &report->counts);
        return;
    }
}

static void read_report_body(struct es_reader *reader, struct es_report *ret)
{
    switch (ret->kind) {
    case ES_REPORT_LISTENING:
        ret->listening.listener = es_read_u32(reader);
        ret->listening.port = es_read_u16(reader);
        return;
    case ES_REPORT_LINK_UP:
        read_up(reader, ret);
        return;
    case ES_REPORT_LINK_DOWN:
        ret->down.link = es_read_u32(reader);
        ret->down.end = (enum es_link_end)read_enum(reader, ES_LINK_CLOSED, ES_LINK_MALFORMED);
        return;
    case ES_REPORT_FRAME:
        ret->frame.link = es_read_u32(reader);
        read_frame_bytes(reader, &ret->frame.bytes);
        return;
    case ES_REPORT_ADVERT_SEEN:
        read_endpoint(reader, &ret->seen.at);
        read_advert(reader, &ret->seen.advert);
        return;
    case ES_REPORT_ADVERT_GONE:
        read_key(reader, &ret->gone.link_key);
        return;
    case ES_REPORT_DISCOVERY:
        read_discovery(reader, &ret->discovery);
        return;
    case ES_REPORT_COUNTS:
        read_counts(reader, &ret->counts);
        return;
    }
    reader->failed = true; /* an unknown kind */
}

void es_report_write(struct es_writer *writer, const struct es_report *report)
{
    struct es_writer record = begin_record(writer, (uint8_t)report->kind);

    write_report_body(&record, report);
    end_record(writer, &record);
}

bool es_report_next(struct es_reader *reader, struct es_report *ret)
{
    struct es_reader body;
    uint8_t kind;

    if (!read_header(reader, &kind, &body))
        return false;
    memset(ret, 0, sizeof(*ret));
    ret->kind = (enum es_report_kind)kind;
    read_report_body(&body, ret);
    if (es_reader_done(&body))
        return true;
    reader->failed = true;
    memset(ret, 0, sizeof(*ret));
    return false;
}
