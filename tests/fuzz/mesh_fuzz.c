/* SPDX-License-Identifier: ISC */
/* mesh_fuzz.c - one mesh and whatever a network process, links and the layer above may do to it, in
 * any order: tables keep to their limits, presence is told once, timers come to rest. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"
#include "node/wire/network.h"
#include "tests/support/mesh_hand.h"

#define LIFETIME_MS (24ull * 60 * 60 * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t pick(struct es_reader *in, size_t n)
{
    return (uint8_t)(n == 0 ? 0 : es_read_u8(in) % n);
}

/* A link that exists, most of the time. */
static uint32_t pick_link(struct es_reader *in, const struct rig_node *node)
{
    uint8_t at = es_read_u8(in);

    return at < node->mesh->links.n ? node->mesh->links.numbers[at] : at;
}

static void pick_host(struct es_reader *in, char ret[static ES_HOST_BYTES_MAX])
{
    rig_host(es_read_u8(in), ret);
}

/* --- The network process ---------------------------------------------------------------------------- */

static void connect_link(struct es_reader *in, struct rig_node *node)
{
    const struct es_mesh_link *link = es_mesh_link_find(node->mesh, pick_link(in, node));
    char host[ES_HOST_BYTES_MAX];

    pick_host(in, host);
    if (link != NULL)
        hand_up_out(node, link->number);
    else
        hand_up_in(node, host);
}

static void greet(struct es_reader *in, struct rig_node *node)
{
    uint32_t link = pick_link(in, node);

    hand_hello(node, link, ES_EXPIRY_EPOCH_MS + (uint64_t)es_read_u16(in) * ES_EXPIRY_BUCKET_MS);
    if (es_mesh_link_find(node->mesh, link) != NULL)
        hand_link(node, link, pick(in, RIG_NODES_MAX + 1));
}

static void any_frame(struct es_reader *in, struct rig_node *node)
{
    uint32_t link = pick_link(in, node);

    hand_frame(node, link, es_read_short(in, UINT8_MAX));
}

static void advert(struct es_reader *in, struct rig_node *node)
{
    unsigned of = pick(in, RIG_NODES_MAX + 1);
    uint8_t key = es_read_u8(in);
    char host[ES_HOST_BYTES_MAX];

    pick_host(in, host);
    hand_sees(node, of, key, host);
}

static void advert_gone(struct es_reader *in, struct rig_node *node)
{
    struct es_report report = {.kind = ES_REPORT_ADVERT_GONE};

    report.gone.link_key = hand_key(es_read_u8(in));
    rig_report(node, &report);
}

static void any_reports(struct es_reader *in, struct rig_node *node)
{
    struct es_slice bytes = es_read_short(in, UINT8_MAX);
    struct es_reader records = es_reader(bytes);
    struct es_report report;

    while (es_report_next(&records, &report))
        rig_report(node, &report);
}

/* --- The layer above -------------------------------------------------------------------------------- */

static void send(struct es_reader *in, struct rig_node *node)
{
    struct es_context context = rig_begin(node);
    uint32_t peer = pick(in, RIG_NODES_MAX + 1);
    uint32_t link = pick_link(in, node);
    size_t bytes = es_class_bytes((enum es_envelope_class)pick(in, ES_ENVELOPE_CLASSES));
    struct es_slice envelope = hand_envelope(1, bytes, node->rig->wall_ms + LIFETIME_MS);

    for (uint8_t n = pick(in, 40); n > 0; n--) {
        es_mesh_send(node->mesh, &context, peer, envelope);
        es_mesh_offer(node->mesh, &context, link, envelope);
    }
    rig_end(node, &context);
}

static void connect_address(struct es_reader *in, struct rig_node *node, struct es_context *context)
{
    struct es_endpoint at = {.port = es_read_u8(in)};
    struct es_dh_public key = hand_key(es_read_u8(in));

    pick_host(in, at.host);
    es_mesh_connect(node->mesh, context, &at, &key, pick(in, RIG_NODES_MAX + 1));
}

static void wish(struct es_reader *in, struct rig_node *node)
{
    struct es_context context = rig_begin(node);
    uint8_t peer = (uint8_t)(1 + pick(in, RIG_NODES_MAX));

    switch (es_read_u8(in) % 8) {
    case 0:
        es_mesh_rotate(node->mesh, &context, peer % 2 == 0);
        break;
    case 1:
        es_mesh_republish(node->mesh, &context);
        break;
    case 2:
        node->recognises[peer] = !node->recognises[peer];
        es_mesh_recognise_again(node->mesh, &context);
        break;
    case 3:
        es_mesh_drop_peer(node->mesh, &context, peer);
        break;
    case 4:
        connect_address(in, node, &context);
        break;
    case 5:
        es_mesh_clock(node->mesh, &context, peer, es_read_u64(in));
        break;
    case 6:
        node->takes = !node->takes;
        break;
    case 7:
        es_mesh_stop(node->mesh, &context);
        break;
    }
    rig_end(node, &context);
}

/* --- Everything -------------------------------------------------------------------------------------- */

static void step(struct es_reader *in, struct rig_node *node)
{
    uint32_t link;

    switch (es_read_u8(in) % 14) {
    case 0:
        rig_run(node->rig, es_read_u16(in));
        break;
    case 1:
        hand_listening(node, node->mesh->period.last_listener, es_read_u8(in));
        break;
    case 2:
        connect_link(in, node);
        break;
    case 3:
        greet(in, node);
        break;
    case 4:
        any_frame(in, node);
        break;
    case 5:
        link = pick_link(in, node);
        hand_envelopes(node, link, es_read_u8(in), 1u + pick(in, ES_FRAME_ENVELOPES_MAX));
        break;
    case 6:
        link = pick_link(in, node);
        hand_moved(node, link, (uint16_t)(1 + es_read_u8(in)), es_read_u8(in));
        break;
    case 7:
        link = pick_link(in, node);
        hand_bye(node, link, (enum es_bye_reason)(1 + pick(in, ES_BYE_REFUSED)));
        break;
    case 8:
        link = pick_link(in, node);
        hand_down(node, link, (enum es_link_end)es_read_u8(in));
        break;
    case 9:
        advert(in, node);
        break;
    case 10:
        advert_gone(in, node);
        break;
    case 11:
        any_reports(in, node);
        break;
    case 12:
        send(in, node);
        break;
    case 13:
        wish(in, node);
        break;
    }
}

static void check(struct rig_node *node)
{
    const struct es_mesh *mesh = node->mesh;
    size_t n_kept = 0;

    assert(mesh->links.n <= ES_MESH_LINKS_MAX);
    assert(mesh->neighbours.n <= ES_NEIGHBOURS_MAX);
    for (size_t i = 0; i < mesh->neighbours.n; i++)
        n_kept += mesh->neighbours.at[i]->kept;
    assert(n_kept == mesh->neighbours.n_kept && n_kept <= ES_KNOWN_PEERS_MAX);
    for (unsigned peer = 1; peer <= RIG_NODES_MAX; peer++)
        assert(node->present[peer] == es_mesh_is_present(mesh, peer));
    rig_timer(node);
    assert(es_mesh_wake_at(mesh) > node->rig->now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct es_reader in = es_reader(es_slice(data, size));
    struct rig *rig = rig_new(1, false);
    struct rig_node *node = rig_node(rig, 1);

    node->keeps_no_orders = true;
    node->settings.links_max = 12;
    for (unsigned i = 2; i <= RIG_NODES_MAX; i++)
        node->friends[i] = node->recognises[i] = true;
    rig_start(node);
    while (es_reader_left(&in) > 0) {
        step(&in, node);
        check(node);
        if (!node->mesh->running)
            rig_start(node);
    }
    rig_free(rig);
    return 0;
}
