/* SPDX-License-Identifier: MIT */
/* `score --shortcut`: the validation images read twice, as they are and with a part covered. */
#ifndef MISREAD_APP_SHORTCUT_H
#define MISREAD_APP_SHORTCUT_H

struct mr_args;
struct mr_place;
struct mr_session;

/* Returns the exit status. */
int mr_shortcut_print(struct mr_session *session, const struct mr_place *place,
                      const struct mr_args *args);

#endif
