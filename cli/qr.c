/* SPDX-License-Identifier: ISC */
/* qr.c - libqrencode's modules as text and pictures. */
#include "cli/qr.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Modules around the code that stay light, as its standard asks. */
#define QUIET 4

/* Pixels of a module in a .pbm, each way: then a byte holds the row of one module. */
#define PBM_SCALE 8

int es_qr_init(struct es_qr *qr, const char *text)
{
    char *capitals = strdup(text);

    if (capitals == NULL)
        return -ENOMEM;
    for (char *c = capitals; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    QRcode *code = QRcode_encodeString(capitals, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    int rc = code != NULL ? 0 : errno == ERANGE ? -E2BIG : -ENOMEM;

    free(capitals);
    if (rc != 0)
        return rc;
    size_t n = (size_t)code->width * (size_t)code->width;

    qr->width = code->width;
    qr->modules = malloc(n);
    for (size_t i = 0; qr->modules != NULL && i < n; i++)
        qr->modules[i] = code->data[i] & 1;
    QRcode_free(code);
    return qr->modules != NULL ? 0 : -ENOMEM;
}

void es_qr_done(struct es_qr *qr)
{
    free(qr->modules);
    qr->modules = NULL;
}

/* x and y count from the corner of the quiet zone. */
static bool is_dark(const struct es_qr *qr, int x, int y)
{
    x -= QUIET;
    y -= QUIET;
    if (x < 0 || y < 0 || x >= qr->width || y >= qr->width)
        return false;
    return qr->modules[y * qr->width + x] == 1;
}

/* One character shows two modules, one above the other; its ink is the light ones. */
static const char *half_blocks(bool upper_dark, bool lower_dark)
{
    if (upper_dark)
        return lower_dark ? " " : "\u2584";
    return lower_dark ? "\u2580" : "\u2588";
}

void es_qr_print(const struct es_qr *qr, struct es_out *out)
{
    int size = qr->width + 2 * QUIET;

    for (int y = 0; y < size; y += 2) {
        /* White ink on black: of the 256 fixed colours, which no theme changes. */
        if (out->colour)
            fputs("\x1b[38;5;231;48;5;16m", out->file);
        for (int x = 0; x < size; x++)
            fputs(half_blocks(is_dark(qr, x, y), is_dark(qr, x, y + 1)), out->file);
        es_out_style(out, ES_STYLE_PLAIN);
        es_out_end(out);
    }
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text);
    size_t ending_len = strlen(ending);

    return len > ending_len && strcasecmp(text + len - ending_len, ending) == 0;
}

bool es_qr_file_known(const char *path)
{
    return ends_with(path, ".svg") || ends_with(path, ".pbm");
}

static void write_svg(const struct es_qr *qr, FILE *file)
{
    int size = qr->width + 2 * QUIET;

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "shape-rendering=\"crispEdges\">\n"
            "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>\n"
            "<path d=\"",
            size, size, size, size);
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            if (is_dark(qr, x, y))
                fprintf(file, "M%d %dh1v1h-1z", x, y);
        }
    }
    fputs("\"/>\n</svg>\n", file);
}

static void write_pbm(const struct es_qr *qr, FILE *file)
{
    int size = qr->width + 2 * QUIET;

    fprintf(file, "P4\n%d %d\n", size * PBM_SCALE, size * PBM_SCALE);
    for (int row = 0; row < size * PBM_SCALE; row++) {
        for (int x = 0; x < size; x++)
            fputc(is_dark(qr, x, row / PBM_SCALE) ? 0xff : 0x00, file);
    }
}

int es_qr_write(const struct es_qr *qr, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    int rc = 0;

    if (file == NULL) {
        rc = -errno;
        if (fd >= 0)
            close(fd);
        return rc;
    }
    if (ends_with(path, ".svg"))
        write_svg(qr, file);
    else
        write_pbm(qr, file);
    if (ferror(file))
        rc = -EIO;
    if (fclose(file) != 0 && rc == 0)
        rc = -errno;
    return rc;
}
