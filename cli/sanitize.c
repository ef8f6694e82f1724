/* SPDX-License-Identifier: ISC */
/* sanitize.c - which characters are hidden, and how they are shown instead. */
#include "cli/sanitize.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* Marks on one letter: no script stacks more, and a hundred of them cover the lines above. */
#define MARKS_MAX 8

/* *io_marks: how many characters without a width came last. */
static bool is_escaped(enum es_text_kind kind, uint32_t c, size_t *io_marks)
{
    *io_marks = c != 0 && wcwidth((wchar_t)c) == 0 ? *io_marks + 1 : 0;
    return *io_marks > MARKS_MAX || es_char_hidden(kind, c);
}

/* The longest escape, for one of 4 bytes, is as long as "\U000e0001". */
#define ESCAPE_CAP 16

static size_t escape(uint32_t c, char ret[static ESCAPE_CAP])
{
    switch (c) {
    case '\n':
        return (size_t)snprintf(ret, ESCAPE_CAP, "\\n");
    case '\r':
        return (size_t)snprintf(ret, ESCAPE_CAP, "\\r");
    case '\t':
        return (size_t)snprintf(ret, ESCAPE_CAP, "\\t");
    default:
        break;
    }
    if (c < 0x80)
        return (size_t)snprintf(ret, ESCAPE_CAP, "\\x%02x", (unsigned)c);
    if (c <= 0xffff)
        return (size_t)snprintf(ret, ESCAPE_CAP, "\\u%04x", (unsigned)c);
    return (size_t)snprintf(ret, ESCAPE_CAP, "\\U%08x", (unsigned)c);
}

size_t es_sanitize(enum es_text_kind kind, const char *text, size_t len, char *ret)
{
    size_t out = 0;
    size_t marks = 0;

    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        char escaped[ESCAPE_CAP];
        size_t n = es_utf8_next(text + at, len - at, &c);
        const char *shown = text + at;
        size_t shown_len = n;

        if (n == 0) {
            shown = escaped;
            shown_len = (size_t)snprintf(escaped, sizeof(escaped), "\\x%02x", (uint8_t)text[at]);
            n = 1;
        } else if (is_escaped(kind, c, &marks)) {
            shown = escaped;
            shown_len = escape(c, escaped);
        }
        memcpy(ret + out, shown, shown_len);
        out += shown_len;
        at += n;
    }
    ret[out] = '\0';
    return out;
}

static size_t escape_json(uint32_t c, char ret[static ESCAPE_CAP])
{
    if (c <= 0xffff)
        return (size_t)snprintf(ret, ESCAPE_CAP, "\\u%04x", (unsigned)c);
    c -= 0x10000;
    return (size_t)snprintf(ret, ESCAPE_CAP, "\\u%04x\\u%04x", (unsigned)(0xd800 | c >> 10),
                            (unsigned)(0xdc00 | (c & 0x3ff)));
}

size_t es_sanitize_json(const char *json, size_t len, char *ret)
{
    size_t out = 0;
    size_t marks = 0;

    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        char escaped[ESCAPE_CAP];
        size_t n = es_utf8_next(json + at, len - at, &c);
        const char *shown = json + at;
        size_t shown_len = n;

        if (n == 0) {
            /* Not reached with what a JSON library wrote; U+FFFD rather than a broken byte. */
            c = 0xfffd;
            n = 1;
            shown_len = 0;
        }
        /* A name may stand in any string: what is hidden in names is written out everywhere. */
        if (is_escaped(ES_TEXT_NAME, c, &marks) || shown_len == 0) {
            shown = escaped;
            shown_len = escape_json(c, escaped);
        }
        memcpy(ret + out, shown, shown_len);
        out += shown_len;
        at += n;
    }
    ret[out] = '\0';
    return out;
}
