/* SPDX-License-Identifier: ISC */
/* period.h - the rotation period: listener, link key, names, nonce and advert change together; and
 * the lasting listeners, which do not (docs/protocol.md, section 8.3). */
#ifndef ES_MESH_PERIOD_H
#define ES_MESH_PERIOD_H

#include "node/core/context.h"

struct es_mesh;

struct es_mesh_listener {
    uint32_t number; /* 0: none */
    uint16_t port;
    struct es_dh_public key;
    uint64_t since_ms; /* current: stands; former: replaced */
    uint64_t until_ms; /* opening: answer awaited; former: closed at the latest */
};

struct es_mesh_lasting {
    uint32_t number; /* 0: to be opened at retry_ms */
    uint16_t port;   /* 0: does not stand */
    uint64_t retry_ms;
    uint8_t failures;
};

/* A listener is closed two periods after it was replaced: more are there only when somebody began
 * periods by hand; then the oldest is closed early. */
#define ES_FORMER_LISTENERS_MAX 4

struct es_mesh_period {
    uint32_t last_listener; /* number */
    struct es_mesh_listener opening, current;
    struct es_mesh_listener former[ES_FORMER_LISTENERS_MAX];
    uint64_t rotate_ms; /* when the next period begins; ES_NEVER while its listener opens */
    uint8_t failures;
    bool drop_strangers; /* once more when the new listener stands */

    uint8_t nonce[ES_ADVERT_NONCE_BYTES];
    char instance[ES_INSTANCE_CHARS + 1];
    char host[ES_INSTANCE_CHARS + 1];

    struct es_dh_secret lasting_secret;
    struct es_dh_public lasting_key;
    struct es_mesh_lasting *lasting; /* settings.n_lasting of them */
};

bool es_mesh_period_init(struct es_mesh *mesh, const struct es_arena *arena);
void es_mesh_period_start(struct es_mesh *mesh, struct es_context *context,
                          const struct es_key *lasting_secret);
void es_mesh_period_listening(struct es_mesh *mesh, struct es_context *context, uint32_t listener,
                              uint16_t port);
/* Begins the next period, unless its listener is being opened already. */
void es_mesh_period_next(struct es_mesh *mesh, struct es_context *context);
void es_mesh_period_publish(struct es_mesh *mesh, struct es_context *context);
void es_mesh_period_timer(struct es_mesh *mesh, struct es_context *context);
/* Closes former listeners that nobody uses any more. */
void es_mesh_period_sweep(struct es_mesh *mesh, struct es_context *context);
uint64_t es_mesh_period_wake(const struct es_mesh *mesh);

/* The key of a listener of ours that stands or is being opened; NULL: no such listener. */
const struct es_dh_public *es_mesh_listener_key(const struct es_mesh *mesh, uint32_t listener);
bool es_mesh_is_own_key(const struct es_mesh *mesh, const struct es_dh_public *key);
/* Of two nodes the one with the smaller link key dials. */
bool es_mesh_dials_first(const struct es_mesh *mesh, const struct es_dh_public *key);
/* Tells our present address on a link that came in by a former listener. */
void es_mesh_period_tell(struct es_mesh *mesh, struct es_context *context, uint32_t link,
                         uint32_t listener);

#endif
