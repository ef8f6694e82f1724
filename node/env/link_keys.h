/* SPDX-License-Identifier: ISC */
/* link_keys.h - what tells one connection from every other: its CURVE keys and the roles in it. */
#ifndef ES_ENV_LINK_KEYS_H
#define ES_ENV_LINK_KEYS_H

#include "node/crypto/types.h"

enum es_link_role {
    ES_ROLE_DIALLER = 0,
    ES_ROLE_LISTENER = 1,
};

struct es_link_keys {
    struct es_dh_public server;
    struct es_dh_public client;
};

#endif
