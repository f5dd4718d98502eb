/* SPDX-License-Identifier: MIT */
/* A learning curve as `curve` and `report` print it. */
#ifndef MISREAD_APP_CURVE_H
#define MISREAD_APP_CURVE_H

struct cJSON;
struct mr_learning;

/* Owned by the caller. */
struct cJSON *mr_curve_json(const struct mr_learning *learning);

#endif
