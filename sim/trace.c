/* SPDX-License-Identifier: ISC */
/* trace.c - names for orders, reports and events. */
#include "sim/trace.h"

#include <assert.h>
#include <stdio.h>

#include "node/wire/frame.h"
#include "sim/record.h"

static const char *const order_names[] = {
    [ES_ORDER_SETUP] = "setup",       [ES_ORDER_LISTEN] = "listen",
    [ES_ORDER_UNLISTEN] = "unlisten", [ES_ORDER_DIAL] = "dial",
    [ES_ORDER_CLOSE] = "close",       [ES_ORDER_FRAME] = "send",
    [ES_ORDER_BAN] = "ban",           [ES_ORDER_ADVERTISE] = "advertise",
    [ES_ORDER_WITHDRAW] = "withdraw",
};

static const char *const report_names[] = {
    [ES_REPORT_LISTENING] = "listening", [ES_REPORT_LINK_UP] = "link up",
    [ES_REPORT_LINK_DOWN] = "link down", [ES_REPORT_FRAME] = "frame",
    [ES_REPORT_ADVERT_SEEN] = "seen",    [ES_REPORT_ADVERT_GONE] = "gone",
    [ES_REPORT_DISCOVERY] = "discovery", [ES_REPORT_COUNTS] = "counts",
};

static const char *const event_names[] = {
    [ES_EV_ANSWER] = "ANSWER",
    [ES_EV_MESSAGE] = "MESSAGE",
    [ES_EV_DELIVERED] = "DELIVERED",
    [ES_EV_READ] = "READ",
    [ES_EV_FAILED] = "FAILED",
    [ES_EV_REQUEST] = "REQUEST",
    [ES_EV_ACCEPTED] = "ACCEPTED",
    [ES_EV_PRESENT] = "PRESENT",
    [ES_EV_GONE] = "GONE",
    [ES_EV_RENEWED] = "RENEWED",
    [ES_EV_KEY_CHANGED] = "KEY CHANGED",
    [ES_EV_CONFLICT] = "CONFLICT",
    [ES_EV_VISIBLE] = "VISIBLE",
    [ES_EV_PONG] = "PONG",
    [ES_EV_LISTENING] = "LISTENING",
};

const char *es_sim_trace_frame_name(struct es_slice bytes)
{
    static const char *const names[] = {
        [ES_FRAME_HELLO] = "HELLO", [ES_FRAME_LINK] = "LINK",   [ES_FRAME_ENVELOPES] = "ENVELOPES",
        [ES_FRAME_ACK] = "ACK",     [ES_FRAME_MOVED] = "MOVED", [ES_FRAME_PING] = "PING",
        [ES_FRAME_PONG] = "PONG",   [ES_FRAME_BYE] = "BYE",
    };

    if (bytes.len == 0 || bytes.ptr[0] == 0 || bytes.ptr[0] > ES_FRAME_BYE)
        return "?";
    return names[bytes.ptr[0]];
}

/* A column of its own for each node shows at a glance who acts. */
static void begin(const struct es_sim_world *world, const struct es_sim_node *node)
{
    printf("%10.3f %*s%u: ", (double)world->now_ms / 1000, (int)(2 * node->number), "",
           node->number);
}

void es_sim_trace_order(const struct es_sim_world *world, const struct es_sim_node *node,
                        const struct es_order *order)
{
    if (!world->options.trace)
        return;
    begin(world, node);
    printf("%s", order_names[order->kind]);
    if (order->kind == ES_ORDER_FRAME)
        printf(" %s, %zu bytes, link %x", es_sim_trace_frame_name(order->frame.bytes),
               order->frame.bytes.len, order->frame.link);
    else if (order->kind == ES_ORDER_DIAL)
        printf(" %s:%u, link %x", order->dial.to.host, order->dial.to.port, order->dial.link);
    else if (order->kind == ES_ORDER_CLOSE)
        printf(" link %x", order->close);
    putchar('\n');
}

void es_sim_trace_report(const struct es_sim_world *world, const struct es_sim_node *node,
                         const struct es_report *report)
{
    if (!world->options.trace)
        return;
    begin(world, node);
    printf("<- %s", report_names[report->kind]);
    if (report->kind == ES_REPORT_FRAME)
        printf(" %s, link %x", es_sim_trace_frame_name(report->frame.bytes), report->frame.link);
    else if (report->kind == ES_REPORT_LINK_UP)
        printf(" %x, %s", report->up.link, report->up.host);
    else if (report->kind == ES_REPORT_LINK_DOWN)
        printf(" %x", report->down.link);
    else if (report->kind == ES_REPORT_ADVERT_SEEN)
        printf(" %s:%u", report->seen.at.host, report->seen.at.port);
    putchar('\n');
}

/* Events and notes are kept even when nobody watches: the last ones explain a failure. */
static void mark(struct es_sim_world *world, const struct es_sim_node *node, const char *what)
{
    char *at = world->marks[world->n_marks++ % ES_SIM_MARKS];
    int len = snprintf(at, ES_SIM_MARK_BYTES, "%10.3f %u: %s", (double)world->now_ms / 1000,
                       node->number, what);

    assert(len > 0); /* a long one is cut */
    es_sim_record_mark(world, node, what);
    if (world->options.trace) {
        begin(world, node);
        puts(what);
    }
}

void es_sim_trace_event(struct es_sim_world *world, const struct es_sim_node *node,
                        const struct es_event *event)
{
    char text[ES_SIM_MARK_BYTES];

    snprintf(text, sizeof(text), "** %s %s, contact %u, message %x.%llu", event_names[event->kind],
             es_err_code(event->err), event->contact, event->message.incarnation,
             (unsigned long long)event->message.sequence);
    mark(world, node, text);
}

void es_sim_trace_note(struct es_sim_world *world, const struct es_sim_node *node, const char *note)
{
    mark(world, node, note);
}
