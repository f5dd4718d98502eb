/* SPDX-License-Identifier: MIT */
/* Pieces of --json that more than one command prints. */
#ifndef MISREAD_APP_JSON_H
#define MISREAD_APP_JSON_H

struct cJSON;
struct mr_epoch;

/* epoch, train_loss, valid_loss, accuracy, ci [lo, hi], seconds; a loss that is not finite becomes
 * null. */
void mr_json_add_epoch(struct cJSON *object, const struct mr_epoch *epoch);
/* A number, or null if it is not finite. */
void mr_json_add_number(struct cJSON *object, const char *name, double value);

#endif
