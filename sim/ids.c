/* SPDX-License-Identifier: ISC */
/* ids.c - reading, printing and finding the names of single faults and texts. */
#include "sim/ids.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define ES_SIM_ID_NAME(kind, name) [ES_SIM_ID_##kind] = (name),
    ES_SIM_ID_KINDS(ES_SIM_ID_NAME)
#undef ES_SIM_ID_NAME
};

const char *es_sim_id_kind_name(enum es_sim_id_kind kind)
{
    return names[kind];
}

/* Digits and nothing before them. */
static bool read_number(const char **io_at, uint32_t *ret)
{
    unsigned long long value;
    char *end;

    if (!isdigit((unsigned char)**io_at))
        return false;
    errno = 0;
    value = strtoull(*io_at, &end, 10);
    *io_at = end;
    *ret = (uint32_t)value;
    return errno == 0 && value <= UINT32_MAX;
}

bool es_sim_id_parse(const char *text, struct es_sim_id *ret)
{
    size_t len = strcspn(text, "/"), kind = 0;
    const char *at = text + len + 1;

    while (kind < ES_SIM_ID_KIND_END &&
           (strlen(names[kind]) != len || memcmp(names[kind], text, len) != 0))
        kind++;
    if (kind == ES_SIM_ID_KIND_END || text[len] == '\0')
        return false;
    *ret = (struct es_sim_id){.kind = (enum es_sim_id_kind)kind};
    if (!read_number(&at, &ret->node))
        return false;
    if (ret->kind == ES_SIM_ID_NODE)
        return *at == '\0';
    if (*at++ != '/' || !read_number(&at, &ret->first))
        return false;
    ret->last = ret->first;
    if (*at == '-' && (at++, !read_number(&at, &ret->last)))
        return false;
    return *at == '\0' && ret->last >= ret->first;
}

void es_sim_id_format(const struct es_sim_id *id, char ret[static ES_SIM_ID_BYTES])
{
    if (id->kind == ES_SIM_ID_NODE)
        snprintf(ret, ES_SIM_ID_BYTES, "%s/%u", names[id->kind], id->node);
    else if (id->first == id->last)
        snprintf(ret, ES_SIM_ID_BYTES, "%s/%u/%u", names[id->kind], id->node, id->first);
    else
        snprintf(ret, ES_SIM_ID_BYTES, "%s/%u/%u-%u", names[id->kind], id->node, id->first,
                 id->last);
}

bool es_sim_ids_contain(const struct es_sim_ids *ids, enum es_sim_id_kind kind, uint32_t node,
                        uint32_t n)
{
    for (uint32_t i = 0; i < ids->n; i++)
        if (ids->all[i].kind == kind && ids->all[i].node == node && ids->all[i].first <= n &&
            n <= ids->all[i].last)
            return true;
    return false;
}

bool es_sim_ids_add(struct es_sim_ids *ids, const struct es_sim_id *id)
{
    struct es_sim_id *last = ids->n > 0 ? &ids->all[ids->n - 1] : NULL;

    ids->given = true;
    if (last != NULL && last->kind == id->kind && last->node == id->node &&
        last->last + 1 == id->first) {
        last->last = id->last;
        return true;
    }
    if (ids->n == ES_SIM_IDS_MAX)
        return false;
    ids->all[ids->n++] = *id;
    return true;
}
