/* SPDX-License-Identifier: MIT */
/*
 * A split that somebody else has made: a text file with a line for each image, fields separated by
 * tabs, or by commas where a line has no tab (fields may be quoted). The side (train, valid, val or
 * test) is the first field and the path the last, or the other way round; what is between them is
 * passed over, and so are empty lines, lines that begin with '#', and a first line that names no
 * side. Paths are relative to the data folder.
 */
#ifndef MISREAD_DATA_SIDE_FILE_H
#define MISREAD_DATA_SIDE_FILE_H

#include <misread/base/status.h>

struct mr_image_table;
struct mr_listing;

/*
 * Gives every file of the listing the side that the split file at path says, whatever its folders
 * say. MR_E_USAGE, with how many and one of them, if a file is not named or a name is not there; if
 * a name comes twice, a line names no side, a class has nothing to train on or nothing validates.
 */
enum mr_status mr_side_file_apply(struct mr_listing *listing, const char *data_dir,
                                  const char *path, struct mr_error *err) MR_NODISCARD;
/* MR_E_USAGE if a listing that mr_side_file_apply has gone over says otherwise than the rows of the
 * same paths, where those have a side. */
enum mr_status mr_side_file_agree(const struct mr_listing *listing,
                                  const struct mr_image_table *table, const char *data_dir,
                                  const char *path, struct mr_error *err) MR_NODISCARD;

#endif
