/* SPDX-License-Identifier: ISC */
/* scan.c - looks for given tokens in files: captures, images, cores. A line of the file of tokens is
 * "hex 00ff..." or "text anything". */
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/audit/encodings.h"
#include "sim/audit/tokens.h"
#include "sim/commands/commands.h"
#include "sim/memory.h"
#include "sim/property.h"

struct looked_at {
    const char *path;
    const struct es_sim_tokens *tokens;
    uint64_t hits;
    bool json;
};

/* Decodes in place. */
static bool read_token(struct es_sim_tokens *tokens, uint32_t line, char *text, size_t len)
{
    if (strncmp(text, "hex ", 4) == 0) {
        if (sodium_hex2bin((uint8_t *)text, len, text + 4, len - 4, NULL, &len, NULL) != 0)
            return false;
    } else if (strncmp(text, "text ", 5) == 0) {
        text += 5;
        len -= 5;
    } else {
        return false;
    }
    return es_sim_tokens_add(tokens, ES_SIM_TOKEN_GIVEN, line, es_slice(text, len)) != UINT32_MAX;
}

static bool read_tokens(const char *path, struct es_sim_tokens *tokens)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t cap = 0;
    uint32_t line = 0;
    ssize_t len;
    bool ok = file != NULL;

    if (!ok)
        fprintf(stderr, "earshot-sim: %s: %s\n", path, strerror(errno));
    while (ok && (len = getline(&text, &cap, file)) > 0) {
        line++;
        if (text[len - 1] == '\n')
            text[--len] = '\0';
        ok = read_token(tokens, line, text, (size_t)len);
        if (!ok)
            fprintf(
                stderr,
                "earshot-sim: %s:%u: wanted \"hex DIGITS\" or \"text TEXT\", %d bytes or more\n",
                path, line, ES_SIM_TOKEN_BYTES_MIN);
    }
    free(text);
    if (file != NULL)
        fclose(file);
    return ok;
}

static void show(void *ctx, const struct es_sim_hit *hit)
{
    struct looked_at *file = ctx;
    const char *encoding = es_sim_encoding_name(hit->encoding);
    uint32_t line = file->tokens->of[hit->token].owner;
    json_t *json;

    file->hits++;
    if (!file->json) {
        printf("%s: token of line %u, %s, XOR %u, at %zu\n", file->path, line, encoding, hit->mask,
               hit->at);
        return;
    }
    json = json_pack("{ss sI ss si sI}", "file", file->path, "line", (json_int_t)line, "encoding",
                     encoding, "xor", (int)hit->mask, "at", (json_int_t)hit->at);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

static bool scan_file(struct looked_at *look, uint64_t *io_bytes)
{
    FILE *file = fopen(look->path, "re");
    uint8_t *bytes = NULL;
    size_t len = 0, cap = 0, n;

    if (file == NULL) {
        fprintf(stderr, "earshot-sim: %s: %s\n", look->path, strerror(errno));
        return false;
    }
    do {
        cap = 2 * cap + 65536;
        bytes = es_sim_resize(bytes, cap);
        n = fread(bytes + len, 1, cap - len, file);
        len += n;
    } while (len == cap);
    es_sim_scan_run(look->tokens->scan, es_slice(bytes, len), show, look);
    *io_bytes += len;
    free(bytes);
    fclose(file);
    return true;
}

static int run(const struct es_sim_args *args)
{
    struct es_sim_tokens *tokens = es_sim_tokens_new();
    struct looked_at look = {.tokens = tokens, .json = args->json};
    uint64_t bytes = 0;
    bool ok = read_tokens(args->operands[0], tokens);

    for (size_t i = 1; ok && i < args->n_operands; i++) {
        look.path = args->operands[i];
        ok = scan_file(&look, &bytes);
    }
    if (ok)
        fprintf(stderr, "%zu tokens, %zu patterns, %llu bytes, %llu hits (by chance %.1e)\n",
                tokens->n, es_sim_scan_patterns(tokens->scan), (unsigned long long)bytes,
                (unsigned long long)look.hits, es_sim_scan_chance(tokens->scan, (double)bytes));
    es_sim_tokens_free(tokens);
    if (!ok)
        return ES_SIM_COULD_NOT_RUN;
    return look.hits > 0 ? ES_SIM_NOT_PRIVATE : ES_SIM_HELD;
}

const struct es_sim_command es_sim_scan_files = {
    .name = "scan",
    .operands = "TOKENS FILE...",
    .n_operands = 2,
    .more = true,
    .takes = "J",
    .help = "Looks for tokens in files, in every encoding. A line of TOKENS is \"hex DIGITS\" or\n"
            "\"text TEXT\". Exit code 3: something was found.",
    .run = run,
};
