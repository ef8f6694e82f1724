/* SPDX-License-Identifier: ISC */
/* vectors.c - one file of golden vectors in memory, read line by line. */
#include "tests/golden/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES_MAX (1024 * 1024)
#define FIELDS_MAX 64
#define NAME_CHARS_MAX 64
#define VALUE_CHARS_MAX 8192
#define BYTES_MAX (4 * 32768) /* each time that a value is asked for */

struct field {
    char key[NAME_CHARS_MAX];
    char value[VALUE_CHARS_MAX];
};

static struct {
    const char *path;
    char text[FILE_BYTES_MAX];
    const char *at;
    char name[NAME_CHARS_MAX];
    struct field fields[FIELDS_MAX];
    size_t n_fields;
    /* What vector_bytes() gave out for this vector. */
    uint8_t bytes[BYTES_MAX];
    size_t used;
} file;

void vectors_open(const char *path)
{
    FILE *stream = fopen(path, "r");

    if (stream == NULL)
        fail_msg("%s: cannot open", path);
    size_t len = fread(file.text, 1, sizeof(file.text) - 1, stream);
    bool whole = feof(stream) != 0;

    fclose(stream);
    if (!whole)
        fail_msg("%s: cannot read, or too long", path);
    file.text[len] = '\0';
    file.path = path;
    file.at = file.text;
    file.name[0] = '\0';
}

static void copy_text(char *ret, size_t cap, const char *text, size_t len)
{
    if (len >= cap)
        fail_msg("%s: [%s]: too long: %.40s", file.path, file.name, text);
    memcpy(ret, text, len);
    ret[len] = '\0';
}

/* Copies the next line without its comment; false at the end of the file. */
static bool next_line(char *ret, size_t cap)
{
    if (*file.at == '\0')
        return false;
    size_t len = strcspn(file.at, "\n");
    size_t kept = strcspn(file.at, "#\n");

    while (kept > 0 && file.at[kept - 1] == ' ')
        kept--;
    copy_text(ret, cap, file.at, kept);
    file.at += len + (file.at[len] == '\n');
    return true;
}

static void add_field(const char *line)
{
    struct field *field = &file.fields[file.n_fields];
    const char *equals = strstr(line, " =");

    if (equals == NULL || file.n_fields == FIELDS_MAX)
        fail_msg("%s: [%s]: not a field, or one too many: %s", file.path, file.name, line);
    copy_text(field->key, sizeof(field->key), line, (size_t)(equals - line));
    copy_text(field->value, sizeof(field->value), equals + 2, strlen(equals + 2));
    file.n_fields++;
}

static void continue_field(const char *line)
{
    if (file.n_fields == 0)
        fail_msg("%s: [%s]: nothing to continue", file.path, file.name);
    struct field *field = &file.fields[file.n_fields - 1];
    size_t len = strlen(field->value);

    copy_text(field->value + len, sizeof(field->value) - len, line, strlen(line));
}

/* Skips to the "[name]" of a vector. */
static bool find_name(void)
{
    static char line[VALUE_CHARS_MAX];

    while (next_line(line, sizeof(line))) {
        if (line[0] == '\0')
            continue;
        if (line[0] != '[' || line[strlen(line) - 1] != ']')
            fail_msg("%s: expected [name]: %s", file.path, line);
        copy_text(file.name, sizeof(file.name), line + 1, strlen(line) - 2);
        return true;
    }
    return false;
}

bool vectors_next(void)
{
    static char line[VALUE_CHARS_MAX];

    file.n_fields = 0;
    file.used = 0;
    if (!find_name())
        return false;
    while (*file.at != '[' && next_line(line, sizeof(line))) {
        if (line[0] == ' ')
            continue_field(line);
        else if (line[0] != '\0')
            add_field(line);
    }
    return true;
}

const char *vector_name(void)
{
    return file.name;
}

static const char *find(const char *key)
{
    for (size_t i = 0; i < file.n_fields; i++) {
        if (strcmp(file.fields[i].key, key) == 0)
            return file.fields[i].value;
    }
    return NULL;
}

static const char *value_of(const char *key)
{
    const char *value = find(key);

    if (value == NULL)
        fail_msg("%s: [%s]: no %s", file.path, file.name, key);
    return value;
}

bool vector_has(const char *key)
{
    return find(key) != NULL;
}

static void put_byte(uint8_t byte, unsigned long times)
{
    if (times > sizeof(file.bytes) - file.used)
        fail_msg("%s: [%s]: too many bytes", file.path, file.name);
    memset(file.bytes + file.used, byte, times);
    file.used += times;
}

/* Reads one hex byte, with its "*times" if there is one; returns what follows. */
static const char *put_hex(const char *at, const char *key)
{
    unsigned byte;
    char *end = NULL;

    if (sscanf(at, "%2x", &byte) != 1 || strspn(at, "0123456789abcdef") < 2)
        fail_msg("%s: [%s]: %s: no hex: %s", file.path, file.name, key, at);
    at += 2;
    if (*at != '*') {
        put_byte((uint8_t)byte, 1);
        return at;
    }
    put_byte((uint8_t)byte, strtoul(at + 1, &end, 10));
    return end;
}

struct es_slice vector_bytes(const char *key)
{
    const char *at = value_of(key);
    size_t start = file.used;

    for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
        if (*at != '"') {
            at = put_hex(at, key);
            continue;
        }
        for (at++; *at != '"'; at++) {
            if (*at == '\0')
                fail_msg("%s: [%s]: %s: no closing quote", file.path, file.name, key);
            put_byte((uint8_t)*at, 1);
        }
        at++;
    }
    return es_slice(file.bytes + start, file.used - start);
}

void vector_array(const char *key, void *ret, size_t len)
{
    struct es_slice bytes = vector_bytes(key);

    if (bytes.len != len)
        fail_msg("%s: [%s]: %s has %zu bytes, not %zu", file.path, file.name, key, bytes.len, len);
    memcpy(ret, bytes.ptr, len);
}

size_t vector_numbers(const char *key, uint64_t *ret, size_t cap)
{
    const char *at = value_of(key);
    size_t n = 0;

    for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
        char *end;

        if (n == cap)
            fail_msg("%s: [%s]: %s: too many numbers", file.path, file.name, key);
        ret[n++] = strtoull(at, &end, 10);
        if (end == at)
            fail_msg("%s: [%s]: %s: no number: %s", file.path, file.name, key, at);
        at = end;
    }
    return n;
}

uint64_t vector_number(const char *key)
{
    uint64_t number = 0;

    if (vector_numbers(key, &number, 1) != 1)
        fail_msg("%s: [%s]: %s: no number", file.path, file.name, key);
    return number;
}

bool vector_is(const char *key, const char *word)
{
    const char *value = value_of(key);

    return strcmp(value + strspn(value, " "), word) == 0;
}

static void print_hex(const char *what, const uint8_t *bytes, size_t len)
{
    print_message("# %s:", what);
    for (size_t i = 0; i < len; i++)
        print_message("%s%02x", i % 32 == 0 ? "\n#   " : "", bytes[i]);
    print_message("\n");
}

void assert_vector(const char *key, const void *bytes, size_t len)
{
    struct es_slice expected = vector_bytes(key);

    if (expected.len == len && memcmp(expected.ptr, bytes, len) == 0)
        return;
    print_hex("expected", expected.ptr, expected.len);
    print_hex("made", bytes, len);
    fail_msg("%s: [%s]: %s differs", file.path, file.name, key);
}
