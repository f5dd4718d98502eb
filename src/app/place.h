/* SPDX-License-Identifier: MIT */
/* Where a project is: the data folder, the project folder, and the last one used. */
#ifndef MISREAD_APP_PLACE_H
#define MISREAD_APP_PLACE_H

#include <misread/base/status.h>

struct mr_store;

struct mr_place {
    char *data_dir;    /* owned; absolute */
    char *project_dir; /* owned */
    char *name;        /* owned; the data folder's own name */
};

/* data: DATA as given, or NULL for the last project; project: --project or NULL. Refuses what is no
 * folder. */
enum mr_status mr_place_find(struct mr_place *place, const char *data, const char *project,
                             struct mr_error *err) MR_NODISCARD;
void mr_place_finish(struct mr_place *place);
/* Remembers it for a later call without DATA ($XDG_STATE_HOME/misread/last). Failure does not
 * matter. */
void mr_place_remember(const struct mr_place *place);
/* The file of that name where the program keeps what belongs to no project
 * ($XDG_STATE_HOME/misread); owned by the caller. */
char *mr_place_state(const char *name);
/* Makes the folder for them. */
enum mr_status mr_place_state_make(struct mr_error *err) MR_NODISCARD;
/* Who decides: --reader, $MISREAD_READER or the user's name. Lives as long as the program. */
const char *mr_place_reader(const char *reader);

#endif
