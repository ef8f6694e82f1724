/* SPDX-License-Identifier: ISC */
/* utf8.c - well-formed UTF-8 by the table of RFC 3629, section 4, and what of it must not be shown. */
#include "node/wire/utf8.h"

/* Bytes of the character that begins with lead, and the range of its second byte: this is where
 * overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4) are told apart. */
struct form {
    uint8_t lead_min, lead_max;
    uint8_t len;
    uint8_t second_min, second_max;
};

static const struct form forms[] = {
    {0x01, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* Length of the character at the begin of text; 0 when it is none. */
static size_t char_bytes(struct es_slice text)
{
    const struct form *form = NULL;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && form == NULL; i++) {
        if (text.ptr[0] >= forms[i].lead_min && text.ptr[0] <= forms[i].lead_max)
            form = &forms[i];
    }
    if (form == NULL || form->len > text.len)
        return 0;
    if (form->len > 1 && (text.ptr[1] < form->second_min || text.ptr[1] > form->second_max))
        return 0;
    for (size_t i = 2; i < form->len; i++) {
        if ((text.ptr[i] & 0xc0) != 0x80)
            return 0;
    }
    return form->len;
}

bool es_utf8_valid(struct es_slice text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = char_bytes(es_slice(text.ptr + at, text.len - at));

        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

/* --- What may be shown ------------------------------------------------------------------------ */

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

bool es_utf8_shown(enum es_text_kind kind, struct es_slice text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t c;
        size_t n = es_utf8_next((const char *)text.ptr + at, text.len - at, &c);

        if (n == 0 || es_char_hidden(kind, c))
            return false;
        at += n;
    }
    return true;
}
