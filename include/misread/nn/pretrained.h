/* SPDX-License-Identifier: MIT */
/* The pretrained weights that people know, and where they are kept on this machine. */
#ifndef MISREAD_NN_PRETRAINED_H
#define MISREAD_NN_PRETRAINED_H

#include <misread/base/hash.h>
#include <misread/base/status.h>
#include <misread/nn/model.h>

struct mr_pretrained {
    enum mr_arch arch;
    const char *file; /* torchvision's; "-" and the first 8 digits of its SHA-256 before the end */
    const char *about;
};

#define MR_PRETRAINED_PREFIX 8

/* All of them, ended by a NULL file; the first of a network is the one its name means. */
extern const struct mr_pretrained mr_pretrained_list[];

/* By the file's name, or the network's. NULL if unknown. */
const struct mr_pretrained *mr_pretrained_find(const char *name);

/* $XDG_DATA_HOME/misread/weights, or that in ~/.local/share. Owned by the caller. */
char *mr_pretrained_folder(void);
/* Where a file of that name is: in the folder, else in the current one; NULL if in neither. Owned
 * by the caller. */
char *mr_pretrained_path(const char *file);

/*
 * From what a person says to a file: a path; the name of a network ("resnet18", of whose known
 * files the first that is there is meant), of a known file, or of any file in the folder. *path is
 * owned by the caller. MR_E_NOT_FOUND with a sentence that says how to get what is not there.
 */
enum mr_status mr_pretrained_resolve(const char *name, char **path,
                                     struct mr_error *err) MR_NODISCARD;

/* The SHA-256 of a file of weights. */
enum mr_status mr_pretrained_hash(const char *path, char hash[MR_SHA256_HEX],
                                  struct mr_error *err) MR_NODISCARD;
/* The same; MR_E_FORMAT (hash is set) if it is not that of the known file. */
enum mr_status mr_pretrained_check(const struct mr_pretrained *known, const char *path,
                                   char hash[MR_SHA256_HEX], struct mr_error *err) MR_NODISCARD;

#endif
