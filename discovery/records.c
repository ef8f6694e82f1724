/* SPDX-License-Identifier: ISC */
/* records.c - PTR, SRV, TXT and address records of a publication. */
#include "discovery/records.h"

#include <stdio.h>
#include <string.h>

#include <avahi-common/defs.h>
#include <avahi-core/rr.h>

#define TYPE_NAME ES_SERVICE_TYPE "." ES_DOMAIN

struct record_list {
    struct es_record *records;
    size_t n;
};

/* NULL when the list is full. */
static struct es_record *append(struct record_list *list, const char *name, uint16_t type)
{
    if (list->n == ES_RECORDS_MAX)
        return NULL;
    struct es_record *record = &list->records[list->n++];
    *record = (struct es_record){
        .type = type,
        .interface = AVAHI_IF_UNSPEC,
        .protocol = AVAHI_PROTO_UNSPEC,
        .unique = type != AVAHI_DNS_TYPE_PTR,
    };
    (void)snprintf(record->name, sizeof(record->name), "%s", name);
    return record;
}

/* A name in wire form: labels with their lengths, and the root. */
static size_t write_name(uint8_t *buf, const char *name)
{
    size_t len = 0;

    while (*name != '\0') {
        const size_t label = strcspn(name, ".");
        buf[len++] = (uint8_t)label;
        memcpy(buf + len, name, label);
        len += label;
        name += label + (name[label] == '.');
    }
    buf[len++] = 0;
    return len;
}

static void append_service(struct record_list *list, const struct es_publication *publication,
                           AvahiIfIndex interface)
{
    char instance[sizeof(list->records->name)], host[sizeof(list->records->name)];
    const size_t first = list->n;

    if (list->n + 3 > ES_RECORDS_MAX)
        return;
    (void)snprintf(instance, sizeof(instance), "%s." TYPE_NAME, publication->instance);
    (void)snprintf(host, sizeof(host), "%s." ES_DOMAIN, publication->host);

    struct es_record *ptr = append(list, TYPE_NAME, AVAHI_DNS_TYPE_PTR);
    ptr->data_len = write_name(ptr->data, instance);

    /* Priority and weight stay zero. */
    struct es_record *srv = append(list, instance, AVAHI_DNS_TYPE_SRV);
    srv->data[4] = (uint8_t)(publication->port >> 8);
    srv->data[5] = (uint8_t)publication->port;
    srv->data_len = 6 + write_name(srv->data + 6, host);

    struct es_record *txt = append(list, instance, AVAHI_DNS_TYPE_TXT);
    txt->data_len = es_advert_encode(txt->data, sizeof(txt->data), &publication->advert);

    for (size_t i = first; i < list->n; i++)
        list->records[i].interface = interface;
}

static void append_address(struct record_list *list, const char *host,
                           const struct es_interface_address *address)
{
    if (!address)
        return;
    const bool v4 = address->family == AF_INET;
    struct es_record *record = append(list, host, v4 ? AVAHI_DNS_TYPE_A : AVAHI_DNS_TYPE_AAAA);
    if (!record)
        return;
    record->interface = address->index;
    record->protocol = v4 ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
    record->data_len = v4 ? 4 : 16;
    memcpy(record->data, address->bytes, record->data_len);
}

size_t es_records_make(const struct es_publication *publication,
                       const struct es_interfaces *interfaces, bool per_interface,
                       struct es_record ret[static ES_RECORDS_MAX])
{
    struct record_list list = {.records = ret};
    char host[sizeof(ret->name)];

    if (interfaces->n == 0)
        return 0;
    (void)snprintf(host, sizeof(host), "%s." ES_DOMAIN, publication->host);
    if (!per_interface)
        append_service(&list, publication, AVAHI_IF_UNSPEC);
    for (size_t i = 0; i < interfaces->n; i++) {
        const int index = interfaces->list[i].index;
        if (!es_interfaces_first(interfaces, i))
            continue;
        if (per_interface)
            append_service(&list, publication, index);
        append_address(&list, host, es_interfaces_best(interfaces, index, AF_INET));
        append_address(&list, host, es_interfaces_best(interfaces, index, AF_INET6));
    }
    return list.n;
}
