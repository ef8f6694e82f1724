/* SPDX-License-Identifier: ISC */
/* config.h - earshot.conf: every key has a default, an unknown key or a bad value is an error that
 * names its line. */
#ifndef ES_DAEMON_CONFIG_H
#define ES_DAEMON_CONFIG_H

#include "node/core/core.h"

#define ES_CONFIG_LASTING_MAX 4
#define ES_CONFIG_PEERS_MAX 64

struct es_config {
    struct es_settings settings;      /* lasting and peers point into this struct */
    char name[ES_NAME_BYTES_MAX + 1]; /* empty: as it is */
    struct es_lasting lasting[ES_CONFIG_LASTING_MAX];
    size_t n_lasting;
    struct es_known_peer peers[ES_CONFIG_PEERS_MAX];
    size_t n_peers;
};

/* A missing file is as good as an empty one. False with a sentence in ret_error. */
bool es_config_read(const char *path, struct es_config *ret, char *ret_error, size_t cap);

#endif
