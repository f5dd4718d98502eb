/* SPDX-License-Identifier: MIT */
/* Files: read whole, write whole or not at all, paths. */
#ifndef MISREAD_BASE_FILE_H
#define MISREAD_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>

/* Reads a regular file of at most max_bytes. *data is owned by the caller (free) and has a NUL
 * behind it. Refuses FIFOs, devices and folders in a sentence. */
enum mr_status mr_file_read(const char *path, size_t max_bytes, unsigned char **data, size_t *n,
                            struct mr_error *err) MR_NODISCARD;

/* One piece of a file to be written. */
struct mr_file_part {
    const void *data; /* borrowed */
    size_t n;
};

/* Writes the parts one after another, whole or not at all: temporary file in the same folder,
 * fsync, rename, fsync of the folder. mode e.g. 0600. On failure the old file is untouched. */
enum mr_status mr_file_write(const char *path, int mode, const struct mr_file_part *parts,
                             size_t n_parts, struct mr_error *err) MR_NODISCARD;

/* Makes a folder and its missing parents. Fine if it is there already. */
enum mr_status mr_dir_make(const char *path, int mode, struct mr_error *err) MR_NODISCARD;

/* Makes the entries of a folder durable. 0, or -1 with errno. */
int mr_dir_sync(const char *path);

/* dir + "/" + name; owned by the caller. */
char *mr_path_join(const char *dir, const char *name);
/* The part behind the last slash; points into path. */
const char *mr_path_base(const char *path);
/* A number that a file has which another one in its place has not, nor itself after a change: of
 * device, inode, size and time. 0: there is none. */
uint64_t mr_file_stamp(const char *path);
bool mr_path_is_dir(const char *path);
bool mr_path_exists(const char *path);
/* Is the file system one on which SQLite's WAL cannot work (NFS, SMB, FUSE network mounts)? */
bool mr_path_is_network(const char *path);

#endif
