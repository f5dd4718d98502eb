/* SPDX-License-Identifier: MIT */
/* Pictures for the screen, decoded by a thread of their own: newest request first, stale ones
 * dropped. The same thread draws what a network is shown of an image. */
#ifndef MISREAD_APP_PICTURES_H
#define MISREAD_APP_PICTURES_H

#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_image;
struct mr_pictures;
struct mr_place;
struct mr_session;
struct mr_train_options;
struct mr_tui_batch;
struct mr_tui_sight;

/* session and place are borrowed and outlive it. */
enum mr_status mr_pictures_start(struct mr_pictures **pictures, const struct mr_session *session,
                                 const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
void mr_pictures_stop(struct mr_pictures *pictures);
/* The picture fitted into box, or an older smaller one meanwhile, or NULL; *failed (not NULL if it
 * never will come). Borrowed until the next call. One caller; never blocks. */
const struct mr_image *mr_pictures_get(struct mr_pictures *pictures, int64_t image,
                                       struct mr_size_px box, const char **failed);
/* What a run of run 0 would be; copied. */
void mr_pictures_plan(struct mr_pictures *pictures, const struct mr_train_options *options);
/* As struct mr_tui_ops says; same rules. */
const struct mr_image *mr_pictures_sight(struct mr_pictures *pictures, int run,
                                         const struct mr_tui_sight *sight, struct mr_size_px box,
                                         uint64_t *version, const char **failed);
void mr_pictures_batch(struct mr_pictures *pictures, int run, int index,
                       struct mr_tui_batch *batch);
/* Pictures that failed are decoded anew when they are asked for again, and a batch dealt anew. */
void mr_pictures_retry(struct mr_pictures *pictures);

#endif
