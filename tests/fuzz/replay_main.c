/* SPDX-License-Identifier: ISC */
/* replay_main.c - feeds a folder of inputs to a fuzz target, as a test with any compiler.
 *
 * Each input runs as it is, cut off at every length, and with each of its bits turned once: what a
 * decoder gets wrong most often is found here without a fuzzer. Long inputs are sampled. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (1024 * 1024)
#define VARIANTS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The target gets a block of exactly the size it is told, so that a sanitizer sees one byte more. */
static void run_exact(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
    size_t cut_step = size / VARIANTS_MAX + 1;
    size_t bit_step = size * 8 / VARIANTS_MAX + 1;

    run_exact(data, size);
    for (size_t cut = 0; cut < size; cut += cut_step)
        run_exact(data, cut);
    for (size_t bit = 0; bit < size * 8; bit += bit_step) {
        uint8_t mask = (uint8_t)(1u << (bit % 8));

        data[bit / 8] ^= mask;
        run_exact(data, size);
        data[bit / 8] ^= mask;
    }
}

/* Returns 0, or a negative errno. */
static int run_file(const char *path)
{
    uint8_t *data = malloc(INPUT_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    int rc = 0;

    if (data == NULL || file == NULL) {
        rc = -errno;
        goto out;
    }
    size_t size = fread(data, 1, INPUT_BYTES_MAX, file);

    if (ferror(file) || !feof(file))
        rc = -EFBIG;
    else
        run_variants(data, size);
out:
    if (file != NULL)
        fclose(file);
    free(data);
    return rc;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **inputs;
    int failures = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int n = scandir(argv[1], &inputs, is_visible, alphasort);

    if (n <= 0) {
        printf("Bail out! no inputs in %s\n", argv[1]);
        return 1;
    }
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        char path[4096];
        int rc = -ENAMETOOLONG;

        if ((size_t)snprintf(path, sizeof(path), "%s/%s", argv[1], inputs[i]->d_name) <
            sizeof(path))
            rc = run_file(path);
        printf("%s %d - %s\n", rc == 0 ? "ok" : "not ok", i + 1, inputs[i]->d_name);
        if (rc != 0) {
            printf("# %s\n", strerror(-rc));
            failures++;
        }
        fflush(stdout);
        free(inputs[i]);
    }
    free(inputs);
    return failures > 0;
}
