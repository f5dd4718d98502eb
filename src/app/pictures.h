/* SPDX-License-Identifier: MIT */
/* Pictures for the screen, decoded by a thread of their own: newest request first, stale ones
 * dropped. */
#ifndef MISREAD_APP_PICTURES_H
#define MISREAD_APP_PICTURES_H

#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_image;
struct mr_pictures;
struct mr_place;
struct mr_session;

/* session and place are borrowed and outlive it. */
enum mr_status mr_pictures_start(struct mr_pictures **pictures, const struct mr_session *session,
                                 const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
void mr_pictures_stop(struct mr_pictures *pictures);
/* The picture fitted into box, or an older smaller one meanwhile, or NULL; *failed (not NULL if it
 * never will come). Borrowed until the next call. One caller; never blocks. */
const struct mr_image *mr_pictures_get(struct mr_pictures *pictures, int64_t image,
                                       struct mr_size_px box, const char **failed);
/* Pictures that failed are decoded anew when they are asked for again. */
void mr_pictures_retry(struct mr_pictures *pictures);

#endif
