/* SPDX-License-Identifier: MIT */
/*
 * Decisions in files of other programs and back. A file names images by content hash or path,
 * classes and readers by name; here these become the project's numbers. One table row a format.
 */
#ifndef MISREAD_APP_EXCHANGE_H
#define MISREAD_APP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/store/review.h>

struct cJSON;
struct mr_image_row;
struct mr_image_table;
struct mr_predictions;
struct mr_str;

/* The project as a file is written from it and held against it. */
struct mr_exchange {
    const struct mr_image_table *images; /* borrowed */
    const struct mr_decision *decisions; /* borrowed: all, in order */
    int n;
    const struct mr_predictions *sides[2]; /* borrowed: of the last run; NULL if there are none */
    const char *reader;                    /* who decided, where a file does not say; borrowed */
    bool is_anonymous; /* hashes for file names, numbers for readers, no notes */
    /* private */
    int *by_hash, *by_path;       /* owned: indices into images->rows */
    struct mr_decision *by_image; /* owned: the decisions of each image together, in order */
};

/* The fields above `private` are the caller's to fill in first. */
void mr_exchange_init(struct mr_exchange *exchange);
void mr_exchange_finish(struct mr_exchange *exchange);
/* The decisions about one image, in order; borrowed. */
const struct mr_decision *mr_exchange_about(const struct mr_exchange *exchange, int64_t image,
                                            int *n);

/* ---- for writing ---- */

#define MR_EXCHANGE_NAME_BYTES 4096

/* What an image is called in a file. */
void mr_exchange_path(const struct mr_exchange *exchange, const struct mr_image_row *row,
                      char out[MR_EXCHANGE_NAME_BYTES]);
/* What a reader is called in a file; borrowed from name or written to out. */
const char *mr_exchange_reader(const struct mr_exchange *exchange, const char *name, char out[64]);
/* The note as files have it: safe, "" if anonymous. */
void mr_exchange_note(const struct mr_exchange *exchange, const struct mr_decision *decision,
                      char *out, size_t cap);
/* For a class its name, for a mark "set" or "cleared", else NULL. */
const char *mr_exchange_value(const struct mr_exchange *exchange, enum mr_decision_kind kind,
                              int value);
/* "2024-05-01T12:00:00Z" */
void mr_exchange_time(int64_t at, char out[32]);
/* To a multiple of unit, so that writing what was read writes the same. */
double mr_exchange_round(double value, double unit);
/* Both sides known? Else a sentence that says why a box of the image cannot be written. */
enum mr_status mr_exchange_check_size(const struct mr_image_row *row,
                                      struct mr_error *err) MR_NODISCARD;

/* ---- for reading ---- */

/* A decision as a file has it. */
struct mr_record {
    struct mr_decision decision; /* id, undone: not read; target: a number of the file */
    int64_t number;              /* what the file calls it; 0: nothing */
    bool is_state; /* says that this holds, not when it was decided: added only if it does not */
};

struct mr_records {
    struct mr_record *all; /* owned */
    int n, cap;
    int n_elsewhere; /* passed over: about images that the project has not */
    int n_foreign;   /* passed over: of a kind that is not kept here, such as polygons */
};

/* A new one at the end, zeroed; borrowed until the next. */
struct mr_record *mr_records_add(struct mr_records *records);
void mr_records_finish(struct mr_records *records);

/* By content hash if there is one, else by path; either may be NULL or "". NULL: not here. */
const struct mr_image_row *mr_exchange_find(const struct mr_exchange *exchange, const char *hash,
                                            const char *path);
/* The index of a class; `where` ("row 3") is for the sentence. */
enum mr_status mr_exchange_find_class(const struct mr_exchange *exchange, const char *name,
                                      const char *where, int *class_id,
                                      struct mr_error *err) MR_NODISCARD;
/* ISO 8601, with or without fraction and zone (none: UTC), after 1970; all of the text. */
bool mr_exchange_read_time(const char *text, int64_t *at) MR_NODISCARD;
/* Copies a reader's name, or who is meant if there is none. */
void mr_exchange_set_reader(const struct mr_exchange *exchange, const char *name,
                            struct mr_decision *decision);
/* Rounding at the border is put right; what is no box of the picture is refused. */
enum mr_status mr_exchange_set_box(struct mr_decision *decision, struct mr_box box,
                                   const char *where, struct mr_error *err) MR_NODISCARD;

/* ---- the formats ---- */

struct mr_exchange_format {
    const char *name;
    /* Is it such a file? json: what it parses as, NULL if nothing. */
    bool (*is_it)(const char *text, const struct cJSON *json);
    /* Appends the whole file. */
    enum mr_status (*write)(const struct mr_exchange *exchange, struct mr_str *out,
                            struct mr_error *err);
    enum mr_status (*read)(const struct mr_exchange *exchange, const char *text,
                           const struct cJSON *json, struct mr_records *records,
                           struct mr_error *err);
};
extern const struct mr_exchange_format mr_exchange_csv, mr_exchange_json, mr_exchange_studio,
    mr_exchange_coco;

/* NULL if there is none of that name. */
const struct mr_exchange_format *mr_exchange_format_find(const char *name);
/* Reads a file whose format its content tells. MR_E_FORMAT with a sentence that says where. */
enum mr_status mr_exchange_read(const struct mr_exchange *exchange, const char *text,
                                struct mr_records *records, struct mr_error *err) MR_NODISCARD;

/*
 * What of the records is not in the project yet, as mr_decisions_add takes it: what is there has
 * its id, what the k'th of the records (from 1) makes hold has -k. *decisions owned (free), n as of
 * the records. MR_E_FORMAT: an undo of nothing, or of what the file does not have before it.
 */
enum mr_status mr_exchange_plan(const struct mr_exchange *exchange,
                                const struct mr_records *records, struct mr_decision **decisions,
                                struct mr_error *err) MR_NODISCARD;

#endif
