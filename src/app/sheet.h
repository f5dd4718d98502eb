/* SPDX-License-Identifier: MIT */
/* The values of the start sheet: the trainer's table of options as the screen's fields. */
#ifndef MISREAD_APP_SHEET_H
#define MISREAD_APP_SHEET_H

#include <stddef.h>

#include <misread/base/status.h>

struct mr_sheet;
struct mr_train_options;
struct mr_tui_field;

struct mr_sheet *mr_sheet_create(const struct mr_train_options *options);
void mr_sheet_destroy(struct mr_sheet *sheet);
/* What the values add up to; borrowed until the next call that changes one. */
const struct mr_train_options *mr_sheet_options(const struct mr_sheet *sheet);
/* These four as struct mr_tui_ops says. */
const struct mr_tui_field *mr_sheet_fields(const struct mr_sheet *sheet, int *n);
void mr_sheet_value(const struct mr_sheet *sheet, int field, char *text);
enum mr_status mr_sheet_set_value(struct mr_sheet *sheet, int field, const char *text,
                                  struct mr_error *err) MR_NODISCARD;
void mr_sheet_step_value(struct mr_sheet *sheet, int field, int by);
/* "resnet34, 224 px, batch 64" */
void mr_sheet_about(const struct mr_sheet *sheet, char *text, size_t cap);

#endif
