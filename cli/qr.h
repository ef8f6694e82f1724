/* SPDX-License-Identifier: ISC */
/* qr.h - a text as a QR code: on the terminal in half blocks, or in a picture. */
#ifndef ES_CLI_QR_H
#define ES_CLI_QR_H

#include <stdbool.h>

#include "cli/render.h"

struct es_qr {
    int width;              /* modules, without the quiet zone */
    unsigned char *modules; /* width * width, 1: dark */
};

/* Letters become capitals: addresses and links mean the same, and the code is a size smaller.
 * 0; -E2BIG when the text is too long; -ENOMEM. */
int es_qr_init(struct es_qr *qr, const char *text);
void es_qr_done(struct es_qr *qr);

/* With colours: dark on light, whatever the terminal's are. Without: for light on dark. */
void es_qr_print(const struct es_qr *qr, struct es_out *out);

/* By its ending a name is that of an .svg or .pbm picture; others are not written. */
bool es_qr_file_known(const char *path);

/* A file that its owner alone can read: who has an invite can use it. 0 or a negative errno. */
int es_qr_write(const struct es_qr *qr, const char *path);

#endif
