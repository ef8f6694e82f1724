/* SPDX-License-Identifier: ISC */
/* utf8.c - well-formed UTF-8 by the table of RFC 3629, section 4. */
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
