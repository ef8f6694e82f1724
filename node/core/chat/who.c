/* SPDX-License-Identifier: ISC */
/* who.c - whom a person means: petname, address, beginning of an address, name of a request. */
#include <string.h>

#include "node/core/chat/parts.h"

#define PREFIX_CHARS (sizeof("earshot:") - 1)
/* Fewer characters would make a mistyped one likely to hit somebody. */
#define BEGINNING_CHARS_MIN 8

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool begins(const char *address, struct es_slice text)
{
    if (text.len > strlen(address))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (lower((uint8_t)address[i]) != lower(text.ptr[i]))
            return false;
    return true;
}

/* Does text begin this address, with or without "earshot:"? */
static bool means_address(const struct es_sign_public *key, struct es_slice who)
{
    char address[ES_ADDRESS_CHARS + 1];

    es_address_format(key, address);
    if (es_address_has_scheme(who))
        return who.len >= PREFIX_CHARS + BEGINNING_CHARS_MIN && begins(address, who);
    return who.len >= BEGINNING_CHARS_MIN && begins(address + PREFIX_CHARS, who);
}

bool es_who_means(const struct es_contact *contact, struct es_slice who)
{
    if (strlen(contact->petname) == who.len && memcmp(contact->petname, who.ptr, who.len) == 0)
        return true;
    return contact->has_address && means_address(&contact->key.address, who);
}

/* A name holds no newline, so a newline ends each of them. */
static void add_candidate(char *candidates, size_t cap, const char *name)
{
    size_t len = candidates == NULL ? 0 : strlen(candidates);
    size_t name_len = strlen(name);

    if (candidates == NULL || len + name_len + 2 > cap)
        return;
    memcpy(candidates + len, name, name_len);
    memcpy(candidates + len + name_len, "\n", 2);
}

/* A whole address that is nobody's may be mistyped: say so instead of "unknown". */
static enum es_err unknown(struct es_slice who)
{
    struct es_sign_public address;
    enum es_address_error err = es_address_parse(who, &address);

    return err == ES_ADDRESS_CHECKSUM ? ES_E_CHECKSUM : ES_E_UNKNOWN;
}

enum es_err es_who_contact(const struct es_chat *chat, struct es_slice who, struct es_contact **ret,
                           char *candidates, size_t cap)
{
    size_t n = 0;

    if (candidates != NULL && cap > 0)
        candidates[0] = '\0';
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        /* Who calls themselves like the beginning of another's address does not get their messages. */
        if (!es_who_means(contact, who))
            continue;
        if (n++ == 0)
            *ret = contact;
        add_candidate(candidates, cap, contact->petname);
    }
    if (n > 1)
        return ES_E_AMBIGUOUS;
    return n == 1 ? ES_OK : unknown(who);
}

enum es_err es_who_request(const struct es_chat *chat, struct es_slice who, struct es_asked **ret,
                           char *candidates, size_t cap)
{
    char address[ES_ADDRESS_CHARS + 1];
    size_t n = 0;

    if (candidates != NULL && cap > 0)
        candidates[0] = '\0';
    for (struct es_asked *asked = chat->asked; asked != NULL; asked = asked->next) {
        bool named = strlen(asked->name) == who.len && who.len > 0 &&
                     memcmp(asked->name, who.ptr, who.len) == 0;

        if (!named && !means_address(&asked->from.address, who))
            continue;
        if (n++ == 0)
            *ret = asked;
        es_address_format(&asked->from.address, address);
        add_candidate(candidates, cap, address); /* they may all claim one name */
    }
    if (n > 1)
        return ES_E_AMBIGUOUS;
    return n == 1 ? ES_OK : ES_E_NO_REQUEST;
}
