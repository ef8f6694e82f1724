/* SPDX-License-Identifier: ISC */
/* sanitize.c - which characters are hidden, and how they are shown instead. */
#include "cli/sanitize.h"

#include <stdio.h>
#include <string.h>

#include "node/wire/utf8.h"

struct range {
    uint32_t first, last;
};

/* What moves cursors, ends lines or reorders what stands beside it, in any text. */
static const struct range steering[] = {
    {0x00, 0x1f},       /* C0                                                       */
    {0x7f, 0x9f},       /* DEL and C1: some terminals obey U+009B as they do ESC [  */
    {0x2028, 0x202e},   /* line and paragraph separator, bidi embeddings, overrides */
    {0x2066, 0x2069},   /* bidi isolates                                            */
    {0x206a, 0x206f},   /* deprecated format controls                               */
    {0xfff9, 0xfffb},   /* interlinear annotation                                   */
    {0xe0000, 0xe007f}, /* tags: a whole second text that nobody sees               */
};

/* What has no width, or the width of a blank, and so makes two names look the same. */
static const struct range invisible[] = {
    {0xa0, 0xa0},       /* no-break space                                   */
    {0xad, 0xad},       /* soft hyphen                                      */
    {0x034f, 0x034f},   /* combining grapheme joiner                        */
    {0x061c, 0x061c},   /* Arabic letter mark                               */
    {0x115f, 0x1160},   /* Hangul fillers                                   */
    {0x1680, 0x1680},   /* Ogham space                                      */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels                            */
    {0x180b, 0x180f},   /* Mongolian variation selectors, vowel separator   */
    {0x2000, 0x200f},   /* spaces, zero-width characters, direction marks   */
    {0x202f, 0x202f},   /* narrow no-break space                            */
    {0x205f, 0x2065},   /* mathematical space, word joiner, invisible signs */
    {0x2800, 0x2800},   /* Braille blank                                    */
    {0x3000, 0x3000},   /* ideographic space                                */
    {0x3164, 0x3164},   /* Hangul filler                                    */
    {0xfe00, 0xfe0f},   /* variation selectors                              */
    {0xfeff, 0xfeff},   /* zero-width no-break space                        */
    {0xffa0, 0xffa0},   /* halfwidth Hangul filler                          */
    {0x1bca0, 0x1bca3}, /* shorthand format controls                        */
    {0x1d173, 0x1d17a}, /* musical format controls                          */
    {0xe0080, 0xe0fff}, /* default ignorable, variation selectors           */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool in_ranges(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

bool es_char_hidden(enum es_text_kind kind, uint32_t c)
{
    if (in_ranges(steering, COUNT(steering), c))
        return true;
    return kind == ES_TEXT_NAME && in_ranges(invisible, COUNT(invisible), c);
}

static size_t bytes_by_lead(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xe0)
        return 2;
    return lead < 0xf0 ? 3 : 4;
}

size_t es_utf8_next(const char *text, size_t len, uint32_t *ret)
{
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const uint8_t *bytes = (const uint8_t *)text;

    if (len == 0)
        return 0;
    size_t n = bytes_by_lead(bytes[0]);

    /* U+0000 is well-formed, although no C string holds it. */
    if (n > len || (bytes[0] != 0 && !es_utf8_valid(es_slice(bytes, n))))
        return 0;
    uint32_t c = bytes[0] & lead_mask[n];

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (bytes[i] & 0x3f);
    *ret = c;
    return n;
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
        } else if (es_char_hidden(kind, c)) {
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
        if (shown_len == 0 || es_char_hidden(ES_TEXT_NAME, c)) {
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
