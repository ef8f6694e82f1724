/* SPDX-License-Identifier: ISC */
/* folder.h - a folder of the system for what a store keeps beside SQLite's files: the vault's header,
 * its key file and its lock, none of which changes while a node lives. */
#ifndef ES_SIM_DISK_FOLDER_H
#define ES_SIM_DISK_FOLDER_H

#include "sim/disk/file.h"

struct es_sim_folder {
    char name[160];
    char path[192]; /* of the database */
    char key_file[192];
};

/* Below TMPDIR or, without it, where nothing reaches a disk. Ends the program, with exit code 125,
 * when it cannot be made. */
void es_sim_folder_init(struct es_sim_folder *folder);
/* Removes it with all its files. */
void es_sim_folder_done(struct es_sim_folder *folder);

/* Reads the database into a simulated file. */
void es_sim_folder_load(const struct es_sim_folder *folder, struct es_sim_file *file);

#endif
