/* SPDX-License-Identifier: MIT */
/* What `report` says of one run, and its form as a page for colleagues. */
#ifndef MISREAD_APP_REPORT_H
#define MISREAD_APP_REPORT_H

#include <stdbool.h>

#include <misread/base/status.h>
#include <misread/interp/flaws.h>
#include <misread/store/learnings.h>
#include <misread/store/runs.h>

#include "notes.h"

struct mr_confusion;
struct mr_group_score;
struct mr_image_table;
struct mr_pair;
struct mr_place;
struct mr_ranked;
struct mr_session;
struct mr_watch;
struct mr_store;

struct mr_report {
    struct mr_run run;
    struct mr_image_table *images;
    struct mr_notes notes;
    struct mr_epoch *epochs;
    int n_epochs;
    struct mr_predictions *valid, *train; /* train may be NULL */
    struct mr_confusion *confusion;       /* of validation */
    struct mr_pair *pairs;
    int n_pairs;
    struct mr_group_score *groups; /* of validation */
    int n_groups;
    struct mr_ranked *top;
    int n_top;
    int n_measured, n_unmeasured; /* images of the project: was looked for duplicates among them? */
    struct mr_kin_effect kin;     /* of validation, among the measured */
    struct mr_learning learning;  /* the last one of the run; id 0: there is none */
};

/* All borrowed. */
struct mr_report_page {
    const struct mr_report *report;
    struct mr_store *store;
    const struct mr_place *place;
    int n_pictures;         /* of the worst images, at most */
    struct mr_watch *watch; /* borrowed; a signal ends it (MR_E_CANCELLED) */
    bool is_anonymous;      /* no path, no name of a project, group, reader or file, no note */
};

/*
 * Writes one HTML file that needs nothing else: its style and pictures are in it, scripts are not,
 * and what comes from outside is escaped. Whole or not at all. A picture that cannot be decoded is
 * replaced by a sentence, and so are the heat maps of a run whose weights are gone.
 */
enum mr_status mr_report_page_write(const struct mr_report_page *page, const char *path,
                                    struct mr_error *err) MR_NODISCARD;

#endif
