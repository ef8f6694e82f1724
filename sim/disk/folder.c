/* SPDX-License-Identifier: ISC */
/* folder.c - temporary folders. */
#include "sim/disk/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/memory.h"

#define SHARED_MEMORY "/dev/shm"

static void give_up(const char *path)
{
    fprintf(stderr, "earshot-sim: %s: %s\n", path, strerror(errno));
    exit(125);
}

static const char *parent(void)
{
    const char *chosen = getenv("TMPDIR");

    if (chosen != NULL)
        return chosen;
    return access(SHARED_MEMORY, W_OK) == 0 ? SHARED_MEMORY : "/tmp";
}

void es_sim_folder_init(struct es_sim_folder *folder)
{
    snprintf(folder->name, sizeof(folder->name), "%.120s/earshot-sim-XXXXXX", parent());
    if (mkdtemp(folder->name) == NULL)
        give_up(folder->name);
    snprintf(folder->path, sizeof(folder->path), "%s/node.db", folder->name);
    snprintf(folder->key_file, sizeof(folder->key_file), "%s/node.key", folder->name);
}

void es_sim_folder_done(struct es_sim_folder *folder)
{
    DIR *files = opendir(folder->name);
    struct dirent *entry;

    if (files == NULL)
        return;
    while ((entry = readdir(files)) != NULL)
        unlinkat(dirfd(files), entry->d_name, 0);
    closedir(files);
    rmdir(folder->name);
}

void es_sim_folder_load(const struct es_sim_folder *folder, struct es_sim_file *file)
{
    FILE *stream = fopen(folder->path, "rb");
    uint8_t *bytes;
    long len = 0;

    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 || (len = ftell(stream)) <= 0)
        give_up(folder->path);
    rewind(stream);
    bytes = es_sim_resize(NULL, (size_t)len);
    if (fread(bytes, 1, (size_t)len, stream) != (size_t)len)
        give_up(folder->path);
    fclose(stream);
    es_sim_file_set(file, es_slice(bytes, (size_t)len));
    free(bytes);
}
