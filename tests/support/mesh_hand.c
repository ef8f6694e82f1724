/* SPDX-License-Identifier: ISC */
/* mesh_hand.c - one mesh whose network process is the test. */
#include "tests/support/mesh_hand.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"

#define DAY_MS (24ull * 60 * 60 * 1000)

/* --- Reports ------------------------------------------------------------------------------------ */

struct es_dh_public hand_key(uint8_t byte)
{
    struct es_dh_public key;

    memset(key.bytes, byte, sizeof(key.bytes));
    return key;
}

void hand_listening(struct rig_node *node, uint32_t listener, uint16_t port)
{
    rig_report(node,
               &(struct es_report){.kind = ES_REPORT_LISTENING, .listening = {listener, port}});
}

uint32_t hand_listener(const struct rig_node *node)
{
    const struct es_order *order = hand_order(node, ES_ORDER_LISTEN, 0);

    assert(order != NULL);
    return order->listen.listener;
}

void hand_start(struct rig_node *node)
{
    rig_start(node);
    hand_listening(node, hand_listener(node), 42001);
}

struct es_report hand_advert(unsigned of, const struct es_dh_public *key, const char *host,
                             uint16_t port)
{
    struct es_report report = {.kind = ES_REPORT_ADVERT_SEEN};

    report.seen.at.port = port;
    assert(strlen(host) < ES_HOST_BYTES_MAX);
    memcpy(report.seen.at.host, host, strlen(host));
    report.seen.advert.link_key = *key;
    report.seen.advert.beacon[0] = (uint8_t)of;
    return report;
}

void hand_sees(struct rig_node *node, unsigned of, uint8_t key, const char *host)
{
    struct es_dh_public link_key = hand_key(key);
    struct es_report report = hand_advert(of, &link_key, host, 42050);

    rig_report(node, &report);
}

void hand_sees_strangers(struct rig_node *node, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct es_dh_public key = hand_key(HAND_GREATER);
        struct es_report report;
        char host[ES_HOST_BYTES_MAX];

        key.bytes[30] = (uint8_t)(i >> 8);
        key.bytes[31] = (uint8_t)i;
        (void)snprintf(host, sizeof(host), "10.1.%u.%u", (uint8_t)(i >> 8), (uint8_t)i);
        report = hand_advert(0, &key, host, (uint16_t)(1 + i % 60000));
        rig_report(node, &report);
    }
}

static struct es_report report_up(uint32_t link, const struct es_dh_public *server,
                                  const char *host)
{
    struct es_report report = {.kind = ES_REPORT_LINK_UP};

    report.up.link = link;
    report.up.server_key = *server;
    memset(report.up.client_key.bytes, 0xc1, sizeof(report.up.client_key.bytes));
    memcpy(report.up.client_key.bytes, &link, sizeof(link));
    memcpy(report.up.host, host, strlen(host));
    return report;
}

uint32_t hand_up_in(struct rig_node *node, const char *host)
{
    const struct es_mesh_listener *listener = &node->mesh->period.current;
    uint32_t link = node->next_inbound++;
    struct es_report report = report_up(link, &listener->key, host);

    report.up.listener = listener->number;
    rig_report(node, &report);
    return link;
}

void hand_up_out(struct rig_node *node, uint32_t link)
{
    const struct es_mesh_link *found = es_mesh_link_find(node->mesh, link);
    struct es_report report;

    assert(found != NULL);
    report = report_up(link, &found->keys.server, found->at.host);
    rig_report(node, &report);
}

void hand_down(struct rig_node *node, uint32_t link, enum es_link_end end)
{
    rig_report(node, &(struct es_report){.kind = ES_REPORT_LINK_DOWN, .down = {link, end}});
}

void hand_frame(struct rig_node *node, uint32_t link, struct es_slice bytes)
{
    rig_report(node, &(struct es_report){.kind = ES_REPORT_FRAME, .frame = {link, bytes}});
}

void hand_hello(struct rig_node *node, uint32_t link, uint64_t mesh_ms)
{
    struct es_hello hello = {.version_min = 1, .version_max = 1};
    uint8_t buf[512];

    hello.bucket = es_expiry_bucket(mesh_ms);
    hand_frame(node, link, es_slice(buf, es_frame_hello(buf, sizeof(buf), &hello)));
}

void hand_proof(const struct rig_node *node, uint32_t link, unsigned from,
                uint8_t ret[static ES_ENVELOPE_BYTES_MIN])
{
    const struct es_mesh_link *found = es_mesh_link_find(node->mesh, link);
    uint8_t *proof = ret + ES_ENVELOPE_HEADER_BYTES;
    static const struct es_tag tag = {{0x11}};

    assert(found != NULL);
    memset(ret, 0, ES_ENVELOPE_BYTES_MIN);
    es_envelope_header(ret, ES_CLASS_512, 1, &tag);
    if (from == 0)
        return;
    proof[0] = found->inbound ? ES_ROLE_DIALLER : ES_ROLE_LISTENER;
    proof[1] = (uint8_t)from;
    proof[2] = (uint8_t)node->number;
    memcpy(proof + 3, &found->keys, sizeof(found->keys));
}

void hand_link(struct rig_node *node, uint32_t link, unsigned from)
{
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    uint8_t buf[1024];

    hand_proof(node, link, from, envelope);
    hand_frame(node, link, es_slice(buf, es_frame_link(buf, sizeof(buf), ES_SLICE_OF(envelope))));
}

void hand_bye(struct rig_node *node, uint32_t link, enum es_bye_reason reason)
{
    uint8_t buf[16];

    hand_frame(node, link, es_slice(buf, es_frame_bye(buf, sizeof(buf), reason)));
}

void hand_moved(struct rig_node *node, uint32_t link, uint16_t port, uint8_t key)
{
    struct es_dh_public link_key = hand_key(key);
    uint8_t buf[64];

    hand_frame(node, link, es_slice(buf, es_frame_moved(buf, sizeof(buf), port, &link_key)));
}

uint32_t hand_comes(struct rig_node *node, const char *host, unsigned from)
{
    uint32_t link = hand_up_in(node, host);

    hand_hello(node, link, node->rig->wall_ms);
    if (es_mesh_link_find(node->mesh, link) != NULL)
        hand_link(node, link, from);
    return link;
}

void hand_answers(struct rig_node *node, uint32_t link, unsigned from)
{
    hand_up_out(node, link);
    hand_hello(node, link, node->rig->wall_ms);
    hand_link(node, link, from);
}

uint32_t hand_meets(struct rig_node *node, unsigned of, const char *host)
{
    uint32_t link;

    hand_sees(node, of, HAND_GREATER, host);
    link = hand_dialled(node);
    hand_answers(node, link, of);
    return link;
}

void hand_envelopes(struct rig_node *node, uint32_t link, uint8_t tag, size_t n)
{
    uint8_t buf[ES_FRAME_BYTES_MAX];
    size_t len = es_frame_envelopes_begin(buf, sizeof(buf));

    for (size_t i = 0; i < n; i++) {
        bool fits = es_frame_envelopes_add(
            buf, sizeof(buf), &len, 0,
            hand_envelope((uint8_t)(tag + i), ES_ENVELOPE_BYTES_MIN, node->rig->wall_ms + DAY_MS));

        assert(fits);
    }
    hand_frame(node, link, es_slice(buf, len));
}

/* Answers the PINGs among the orders from `first` on. */
static void answer_pings(struct rig_node *node, size_t first)
{
    for (size_t i = first; i < node->n_orders; i++) {
        const struct es_order *order = &node->orders[i].order;
        struct es_frame frame;
        uint8_t buf[16];

        if (order->kind == ES_ORDER_FRAME && es_frame_decode(order->frame.bytes, &frame) &&
            frame.kind == ES_FRAME_PING)
            hand_frame(node, order->frame.link,
                       es_slice(buf, es_frame_pong(buf, sizeof(buf), frame.token)));
    }
}

void hand_run_answering(struct rig *rig, struct rig_node *node, uint64_t for_ms)
{
    uint64_t until_ms = rig->now_ms + for_ms;

    while (rig->now_ms < until_ms) {
        uint64_t wake_ms = es_mesh_wake_at(node->mesh);
        size_t first = node->n_orders;

        if (wake_ms <= rig->now_ms)
            wake_ms = rig->now_ms + 1;
        rig_run(rig, (wake_ms < until_ms ? wake_ms : until_ms) - rig->now_ms);
        answer_pings(node, first);
    }
}

/* --- Orders ------------------------------------------------------------------------------------- */

size_t hand_count(const struct rig_node *node, enum es_order_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < node->n_orders; i++)
        n += node->orders[i].order.kind == kind;
    return n;
}

const struct es_order *hand_order(const struct rig_node *node, enum es_order_kind kind, size_t back)
{
    for (size_t i = node->n_orders; i-- > 0;) {
        if (node->orders[i].order.kind == kind && back-- == 0)
            return &node->orders[i].order;
    }
    return NULL;
}

uint32_t hand_dialled(const struct rig_node *node)
{
    const struct es_order *order = hand_order(node, ES_ORDER_DIAL, 0);

    assert(order != NULL);
    return order->dial.link;
}

/* The number of frames of a kind on a link; the last one is decoded. */
static size_t look_for(const struct rig_node *node, uint32_t link, enum es_frame_kind kind,
                       struct es_frame *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < node->n_orders; i++) {
        const struct es_order *order = &node->orders[i].order;
        struct es_frame frame;
        bool ok;

        if (order->kind != ES_ORDER_FRAME || order->frame.link != link)
            continue;
        ok = es_frame_decode(order->frame.bytes, &frame);
        assert(ok);
        if (frame.kind == kind) {
            *ret = frame;
            n++;
        }
    }
    return n;
}

size_t hand_frames(const struct rig_node *node, uint32_t link, enum es_frame_kind kind)
{
    struct es_frame frame;

    return look_for(node, link, kind, &frame);
}

bool hand_last_frame(const struct rig_node *node, uint32_t link, enum es_frame_kind kind,
                     struct es_frame *ret)
{
    return look_for(node, link, kind, ret) > 0;
}

bool hand_said_bye(const struct rig_node *node, uint32_t link, enum es_bye_reason reason)
{
    struct es_frame frame;

    return hand_last_frame(node, link, ES_FRAME_BYE, &frame) && frame.bye == reason;
}

bool hand_closed(const struct rig_node *node, uint32_t link)
{
    for (size_t i = 0; i < node->n_orders; i++) {
        if (node->orders[i].order.kind == ES_ORDER_CLOSE && node->orders[i].order.close == link)
            return true;
    }
    return false;
}

struct es_slice hand_envelope(uint8_t tag, size_t bytes, uint64_t expires_wall_ms)
{
    static uint8_t envelope[ES_ENVELOPE_BYTES_MAX];
    enum es_envelope_class cls = ES_CLASS_512;
    struct es_tag whole;

    while (es_class_bytes(cls) != bytes)
        cls++;
    memset(envelope, tag, sizeof(envelope));
    memset(whole.bytes, tag, sizeof(whole.bytes));
    es_envelope_header(envelope, cls, es_expiry_bucket(expires_wall_ms), &whole);
    return es_slice(envelope, bytes);
}
