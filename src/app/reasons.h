/* SPDX-License-Identifier: MIT */
/* Heat maps and neighbours for the screen, worked out by a thread of their own: the newest wish
 * first, stale ones dropped. */
#ifndef MISREAD_APP_REASONS_H
#define MISREAD_APP_REASONS_H

#include <stdint.h>

#include <misread/base/status.h>

struct mr_place;
struct mr_reasons;
struct mr_session;
struct mr_tui_heat;
struct mr_tui_near;

/* session and place are borrowed and outlive it. */
enum mr_status mr_reasons_start(struct mr_reasons **reasons, const struct mr_session *session,
                                const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
void mr_reasons_stop(struct mr_reasons *reasons); /* accepts NULL */
/* As struct mr_tui_ops says. One caller. */
void mr_reasons_heat(struct mr_reasons *reasons, int run, int64_t image, int class_id,
                     struct mr_tui_heat *heat);
void mr_reasons_near(struct mr_reasons *reasons, int run, int64_t image, int class_id,
                     struct mr_tui_near *near);

#endif
