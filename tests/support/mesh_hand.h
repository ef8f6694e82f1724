/* SPDX-License-Identifier: ISC */
/* mesh_hand.h - reports made by hand for one mesh, and a look at what it ordered. */
#ifndef ES_TESTS_MESH_HAND_H
#define ES_TESTS_MESH_HAND_H

#include "tests/support/mesh_rig.h"

/* 32 times this byte. Link keys are ordered as their bytes: 0 is less than ours, 255 greater. */
struct es_dh_public hand_key(uint8_t byte);
#define HAND_LESS 0x00
#define HAND_GREATER 0xff

/* Starts the mesh and answers its first order to listen: ours is port 42001. */
void hand_start(struct rig_node *node);
void hand_listening(struct rig_node *node, uint32_t listener, uint16_t port);
/* The listener ordered last. */
uint32_t hand_listener(const struct rig_node *node);

/* An advert of node `of` (0: of a stranger). */
struct es_report hand_advert(unsigned of, const struct es_dh_public *key, const char *host,
                             uint16_t port);
void hand_sees(struct rig_node *node, unsigned of, uint8_t key, const char *host);
/* Adverts of n strangers with greater keys and ports from 1 on, each at a host of its own. */
void hand_sees_strangers(struct rig_node *node, uint32_t n);

/* Somebody dials us by the listener of the period; number of the link. */
uint32_t hand_up_in(struct rig_node *node, const char *host);
/* A link that we dialled is connected. */
void hand_up_out(struct rig_node *node, uint32_t link);
void hand_down(struct rig_node *node, uint32_t link, enum es_link_end end);
void hand_frame(struct rig_node *node, uint32_t link, struct es_slice bytes);
void hand_hello(struct rig_node *node, uint32_t link, uint64_t mesh_ms);
/* A LINK envelope of the other side of that link; from 0: it proves nothing. */
void hand_proof(const struct rig_node *node, uint32_t link, unsigned from,
                uint8_t ret[static ES_ENVELOPE_BYTES_MIN]);
void hand_link(struct rig_node *node, uint32_t link, unsigned from);
void hand_bye(struct rig_node *node, uint32_t link, enum es_bye_reason reason);
void hand_moved(struct rig_node *node, uint32_t link, uint16_t port, uint8_t key);
/* LINK_UP, HELLO and LINK. */
uint32_t hand_comes(struct rig_node *node, const char *host, unsigned from);
void hand_answers(struct rig_node *node, uint32_t link, unsigned from);
/* Sees the advert of a node with a greater key, dials and is answered: number of the link. */
uint32_t hand_meets(struct rig_node *node, unsigned of, const char *host);
/* ENVELOPES with n envelopes of tag, tag+1 ...; class 512, in time. */
void hand_envelopes(struct rig_node *node, uint32_t link, uint8_t tag, size_t n);
/* Answers every PING with its PONG until then. */
void hand_run_answering(struct rig *rig, struct rig_node *node, uint64_t for_ms);

/* Orders given since rig_forget(). */
size_t hand_count(const struct rig_node *node, enum es_order_kind kind);
/* The last of a kind, n back; NULL. */
const struct es_order *hand_order(const struct rig_node *node, enum es_order_kind kind,
                                  size_t back);
/* Number of the link dialled last. */
uint32_t hand_dialled(const struct rig_node *node);
/* Frames of a kind on a link. */
size_t hand_frames(const struct rig_node *node, uint32_t link, enum es_frame_kind kind);
bool hand_last_frame(const struct rig_node *node, uint32_t link, enum es_frame_kind kind,
                     struct es_frame *ret);
bool hand_said_bye(const struct rig_node *node, uint32_t link, enum es_bye_reason reason);
bool hand_closed(const struct rig_node *node, uint32_t link);

/* Whole, with this byte as tag and content. */
struct es_slice hand_envelope(uint8_t tag, size_t bytes, uint64_t expires_wall_ms);

#endif
