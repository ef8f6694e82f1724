/* SPDX-License-Identifier: ISC */
/* browse.c - which adverts are on the network, in a table of bounded size. */
#include "discovery/browse.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "discovery/beacon.h"
#include "node/wire/base32.h"

/* TXT records beyond what an advert of this or a later version needs are not even looked at. */
#define TXT_BYTES_READ_MAX 1300

static struct es_instance *find(struct es_browse *browse, AvahiIfIndex interface,
                                AvahiProtocol protocol, const char *name)
{
    for (size_t i = 0; i < browse->n; i++) {
        struct es_instance *row = &browse->rows[i];
        if (row->interface == interface && row->protocol == protocol && !strcmp(row->name, name))
            return row;
    }
    return NULL;
}

static void set_state(struct es_browse *browse, struct es_instance *row,
                      enum es_instance_state state)
{
    browse->n_waiting -= row->state == ES_INSTANCE_WAITING;
    browse->n_resolving -= row->state == ES_INSTANCE_RESOLVING;
    browse->n_waiting += state == ES_INSTANCE_WAITING;
    browse->n_resolving += state == ES_INSTANCE_RESOLVING;
    row->state = state;
    row->resolver = NULL;
}

/* The last row takes the place of the one that leaves. */
static void drop(struct es_browse *browse, struct es_instance *row)
{
    set_state(browse, row, ES_INSTANCE_REFUSED);
    *row = browse->rows[--browse->n];
}

static bool advertised(const struct es_browse *browse, const struct es_dh_public *link_key)
{
    for (size_t i = 0; i < browse->n; i++) {
        const struct es_instance *row = &browse->rows[i];
        if (row->state == ES_INSTANCE_RESOLVED &&
            es_bytes_equal(&row->link_key, link_key, sizeof(*link_key)))
            return true;
    }
    return false;
}

static void drop_resolved(struct es_browse *browse, struct es_instance *row)
{
    const struct es_dh_public link_key = row->link_key;

    drop(browse, row);
    if (!advertised(browse, &link_key))
        browse->callbacks.gone(browse->callbacks.ctx, &link_key);
}

/* ES_INSTANCE_CHARS characters as es_instance_name() makes them: there is one form of each name. */
static bool is_instance_name(const char *name)
{
    uint8_t bytes[10];
    char again[ES_INSTANCE_CHARS + 1];

    if (!es_base32_decode(name, strlen(name), bytes, sizeof(bytes)))
        return false;
    es_instance_name(bytes, again);
    return strcmp(name, again) == 0;
}

void es_browse_added(struct es_browse *browse, AvahiIfIndex interface, AvahiProtocol protocol,
                     const char *name)
{
    if (!is_instance_name(name)) {
        browse->refused++;
        return;
    }
    struct es_instance *row = find(browse, interface, protocol, name);
    if (row) {
        row->stale = false;
        return;
    }
    if (browse->n == ES_INSTANCES_MAX) {
        browse->refused++;
        browse->full = true;
        return;
    }
    row = &browse->rows[browse->n++];
    *row = (struct es_instance){.interface = interface, .protocol = protocol};
    memcpy(row->name, name, sizeof(row->name));
    browse->n_waiting++;
}

void es_browse_removed(struct es_browse *browse, const struct es_resolving *resolving,
                       AvahiIfIndex interface, AvahiProtocol protocol, const char *name)
{
    struct es_instance *row = find(browse, interface, protocol, name);

    if (!row)
        return;
    if (row->resolver)
        resolving->cancel(row->resolver);
    if (row->state == ES_INSTANCE_RESOLVED)
        drop_resolved(browse, row);
    else
        drop(browse, row);
}

/* The row that waits for this result, or NULL. */
static struct es_instance *find_resolving(struct es_browse *browse, AvahiIfIndex interface,
                                          AvahiProtocol protocol, const char *name)
{
    struct es_instance *row = find(browse, interface, protocol, name);
    return row && row->state == ES_INSTANCE_RESOLVING ? row : NULL;
}

static bool decode_txt(AvahiStringList *txt, struct es_advert *ret)
{
    uint8_t bytes[TXT_BYTES_READ_MAX];
    const size_t len = avahi_string_list_serialize(txt, NULL, 0);

    if (len > sizeof(bytes))
        return false;
    (void)avahi_string_list_serialize(txt, bytes, sizeof(bytes));
    return es_advert_decode(es_slice(bytes, len), ret);
}

/* False for what does not lie on a network of this interface. */
static bool make_endpoint(const struct es_interfaces *interfaces, AvahiIfIndex interface,
                          const AvahiAddress *address, uint16_t port, struct es_endpoint *ret)
{
    const sa_family_t family = (sa_family_t)avahi_proto_to_af(address->proto);
    const uint8_t *bytes = (const uint8_t *)&address->data;
    const struct es_interface_address *own =
        es_interfaces_reach(interfaces, interface, family, bytes);
    char text[INET6_ADDRSTRLEN];

    if (!own || port == 0 || !inet_ntop(family, bytes, text, sizeof(text)))
        return false;
    const bool scoped = family == AF_INET6 && es_address_link_local(family, bytes);
    memset(ret, 0, sizeof(*ret));
    (void)snprintf(ret->host, sizeof(ret->host), "%s%s%s", text, scoped ? "%" : "",
                   scoped ? own->name : "");
    ret->port = port;
    return true;
}

void es_browse_resolved(struct es_browse *browse, AvahiIfIndex interface, AvahiProtocol protocol,
                        const char *name, const AvahiAddress *address, uint16_t port,
                        AvahiStringList *txt)
{
    struct es_instance *row = find_resolving(browse, interface, protocol, name);
    struct es_endpoint at;
    struct es_advert advert;

    if (!row)
        return;
    if (!decode_txt(txt, &advert) ||
        !make_endpoint(browse->interfaces, interface, address, port, &at)) {
        browse->refused++;
        set_state(browse, row, ES_INSTANCE_REFUSED);
        return;
    }
    if (es_bytes_equal(&advert.link_key, &browse->own, sizeof(browse->own))) {
        browse->own_heard = true;
        set_state(browse, row, ES_INSTANCE_REFUSED);
        return;
    }
    set_state(browse, row, ES_INSTANCE_RESOLVED);
    row->link_key = advert.link_key;
    browse->callbacks.seen(browse->callbacks.ctx, &at, &advert);
}

static void try_again(struct es_browse *browse, struct es_instance *row)
{
    set_state(browse, row,
              row->tries < ES_RESOLVE_TRIES ? ES_INSTANCE_WAITING : ES_INSTANCE_REFUSED);
}

void es_browse_unresolved(struct es_browse *browse, AvahiIfIndex interface, AvahiProtocol protocol,
                          const char *name)
{
    struct es_instance *row = find_resolving(browse, interface, protocol, name);

    if (row)
        try_again(browse, row);
}

static void make_room(struct es_browse *browse, const struct es_resolving *resolving,
                      uint64_t now_ms)
{
    for (size_t i = 0; i < browse->n; i++) {
        struct es_instance *row = &browse->rows[i];
        if (row->state != ES_INSTANCE_RESOLVING || now_ms - row->since_ms < ES_RESOLVE_MS_CROWDED)
            continue;
        resolving->cancel(row->resolver);
        try_again(browse, row);
    }
}

/* The first row that waits on the way down from a start; the caller knows that there is one. */
static struct es_instance *next_waiting(struct es_browse *browse, size_t start)
{
    size_t i = start;

    while (browse->rows[i].state != ES_INSTANCE_WAITING)
        i = (i > 0 ? i : browse->n) - 1;
    return &browse->rows[i];
}

void es_browse_continue(struct es_browse *browse, const struct es_resolving *resolving,
                        uint64_t now_ms)
{
    if (browse->n_waiting > 0 && browse->n_resolving == ES_RESOLVERS_MAX)
        make_room(browse, resolving, now_ms);
    while (browse->n_waiting > 0 && browse->n_resolving < ES_RESOLVERS_MAX) {
        uint32_t random;
        browse->entropy.random(browse->entropy.ctx, &random, sizeof(random));
        const size_t start = (random & 1 ? random >> 1 : browse->n - 1) % browse->n;
        struct es_instance *row = next_waiting(browse, start);
        void *resolver = resolving->resolve(resolving->ctx, row);
        if (!resolver)
            return;
        set_state(browse, row, ES_INSTANCE_RESOLVING);
        row->resolver = resolver;
        row->since_ms = now_ms;
        row->tries++;
    }
}

void es_browse_reconsider(struct es_browse *browse)
{
    for (size_t i = 0; i < browse->n; i++) {
        struct es_instance *row = &browse->rows[i];
        if (row->state != ES_INSTANCE_REFUSED)
            continue;
        row->tries = 0;
        set_state(browse, row, ES_INSTANCE_WAITING);
    }
}

void es_browse_suspend(struct es_browse *browse, const struct es_resolving *resolving)
{
    browse->full = false;
    for (size_t i = 0; i < browse->n;) {
        struct es_instance *row = &browse->rows[i];
        if (row->resolver)
            resolving->cancel(row->resolver);
        row->stale = true;
        if (row->state == ES_INSTANCE_RESOLVED)
            i++;
        else
            drop(browse, row);
    }
}

void es_browse_sweep(struct es_browse *browse)
{
    for (size_t i = 0; i < browse->n;) {
        if (browse->rows[i].stale)
            drop_resolved(browse, &browse->rows[i]);
        else
            i++;
    }
}
