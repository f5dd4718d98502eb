/* SPDX-License-Identifier: MIT */
/* Pieces of --json that more than one command prints. */
#ifndef MISREAD_APP_JSON_H
#define MISREAD_APP_JSON_H

struct cJSON;
struct mr_epoch;
struct mr_str;

/* epoch, train_loss, valid_loss, accuracy, ci [lo, hi], seconds; a loss that is not finite becomes
 * null. */
void mr_json_add_epoch(struct cJSON *object, const struct mr_epoch *epoch);
/* Text from outside, made safe (a raw byte would make the whole line invalid); NULL becomes null.
 */
void mr_json_add_text(struct cJSON *object, const char *name, const char *text);
/* The same into an array. */
void mr_json_append_text(struct cJSON *array, const char *text);
/* Appends object as indented JSON and frees it. */
void mr_json_write(struct cJSON *object, struct mr_str *out);
/* Prints object as indented JSON on stdout and frees it. */
void mr_json_print(struct cJSON *object);
/* The text of that name in what was read, borrowed; NULL if it has none. */
const char *mr_json_find_text(const struct cJSON *object, const char *name);
/* A number, or null if it is not finite. */
void mr_json_add_number(struct cJSON *object, const char *name, double value);

#endif
