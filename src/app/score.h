/* SPDX-License-Identifier: MIT */
/* What `score` and `score --shortcut` read alike. */
#ifndef MISREAD_APP_SCORE_H
#define MISREAD_APP_SCORE_H

#include <misread/train/score.h>

struct mr_args;

/* --tta. */
enum mr_tta_kind mr_score_tta(const struct mr_args *args);

#endif
