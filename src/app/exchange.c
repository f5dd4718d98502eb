/* SPDX-License-Identifier: MIT */
/* What the formats have in common: names for numbers and numbers for names, and what is new. */
#include "exchange.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/store/images.h>

static int compare_hash(const void *left, const void *right, void *ctx)
{
    const struct mr_image_row *rows = ctx, *a = &rows[*(const int *)left],
                              *b = &rows[*(const int *)right];
    int order = strcmp(a->hash, b->hash);

    return order ? order : (a->id > b->id) - (a->id < b->id);
}

static int compare_path(const void *left, const void *right, void *ctx)
{
    const struct mr_image_row *rows = ctx;

    return strcmp(rows[*(const int *)left].path, rows[*(const int *)right].path);
}

static int compare_image(const void *left, const void *right)
{
    const struct mr_decision *a = left, *b = right;

    if (a->image != b->image)
        return a->image < b->image ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

void mr_exchange_init(struct mr_exchange *exchange)
{
    int n = exchange->images->n;
    size_t n_decisions = (size_t)exchange->n;

    exchange->by_hash = mr_xalloc((size_t)n + 1, sizeof *exchange->by_hash);
    exchange->by_path = mr_xalloc((size_t)n + 1, sizeof *exchange->by_path);
    for (int i = 0; i < n; i++)
        exchange->by_hash[i] = exchange->by_path[i] = i;
    qsort_r(exchange->by_hash, (size_t)n, sizeof(int), compare_hash, exchange->images->rows);
    qsort_r(exchange->by_path, (size_t)n, sizeof(int), compare_path, exchange->images->rows);
    exchange->by_image = mr_xalloc(n_decisions + 1, sizeof *exchange->by_image);
    if (n_decisions)
        memcpy(exchange->by_image, exchange->decisions, n_decisions * sizeof *exchange->by_image);
    qsort(exchange->by_image, n_decisions, sizeof *exchange->by_image, compare_image);
}

void mr_exchange_finish(struct mr_exchange *exchange)
{
    free(exchange->by_hash);
    free(exchange->by_path);
    free(exchange->by_image);
}

const struct mr_decision *mr_exchange_about(const struct mr_exchange *exchange, int64_t image,
                                            int *n)
{
    const struct mr_decision *all = exchange->by_image;
    int lo = 0, hi = exchange->n;

    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;

        if (all[mid].image < image)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (hi < exchange->n && all[hi].image == image)
        hi++;
    *n = hi - lo;
    return all + lo;
}

/* ---- for writing ---- */

void mr_exchange_path(const struct mr_exchange *exchange, const struct mr_image_row *row,
                      char out[MR_EXCHANGE_NAME_BYTES])
{
    const char *dot = strrchr(mr_path_base(row->path), '.');

    if (exchange->is_anonymous)
        snprintf(out, MR_EXCHANGE_NAME_BYTES, "%.32s%.8s", row->hash, dot ? dot : "");
    else
        mr_str_copy(out, MR_EXCHANGE_NAME_BYTES, row->path);
}

const char *mr_exchange_reader(const struct mr_exchange *exchange, const char *name, char out[64])
{
    int number = 0;

    if (!exchange->is_anonymous)
        return name;
    /* by the order in which readers first decided; a hash of so few names would be guessed */
    for (int i = 0; i < exchange->n; i++) {
        bool is_first = true;

        for (int j = 0; j < i && is_first; j++)
            is_first = strcmp(exchange->decisions[j].reader, exchange->decisions[i].reader) != 0;
        number += is_first;
        if (strcmp(exchange->decisions[i].reader, name) == 0)
            break;
    }
    snprintf(out, 64, "reader %d", number);
    return out;
}

void mr_exchange_note(const struct mr_exchange *exchange, const struct mr_decision *decision,
                      char *out, size_t cap)
{
    out[0] = '\0';
    if (!exchange->is_anonymous)
        mr_safe_text(out, cap, decision->note, 0, MR_ELIDE_END);
}

const char *mr_exchange_value(const struct mr_exchange *exchange, enum mr_decision_kind kind,
                              int value)
{
    switch (mr_decision_form(kind)) {
    case MR_FORM_CLASS:
    case MR_FORM_BOX:
        return value >= 0 && value < exchange->images->n_classes ? exchange->images->classes[value]
                                                                 : NULL;
    case MR_FORM_MARK:
        return value ? "set" : "cleared";
    default:
        return NULL;
    }
}

void mr_exchange_time(int64_t at, char out[32])
{
    time_t t = (time_t)at;
    struct tm tm;

    if (gmtime_r(&t, &tm))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    else
        mr_str_copy(out, 32, "?");
}

double mr_exchange_round(double value, double unit)
{
    /* a division by a whole number is right to the last digit, a product with 1e-6 is not */
    return round(value / unit) / round(1 / unit);
}

enum mr_status mr_exchange_check_size(const struct mr_image_row *row, struct mr_error *err)
{
    if (row->w > 0 && row->h > 0)
        return MR_OK;
    return mr_fail(err, MR_E_NOT_FOUND,
                   "cannot export the boxes of '%s': its size is not known before a run has "
                   "decoded it",
                   row->path);
}

/* ---- for reading ---- */

struct mr_record *mr_records_add(struct mr_records *records)
{
    if (records->n == records->cap) {
        records->cap = records->cap ? 2 * records->cap : 64;
        records->all = mr_xrealloc(records->all, (size_t)records->cap, sizeof *records->all);
    }
    records->all[records->n] = (struct mr_record){.number = 0};
    return &records->all[records->n++];
}

void mr_records_finish(struct mr_records *records)
{
    free(records->all);
    *records = (struct mr_records){0};
}

static const char *key_of(const struct mr_image_row *row, bool is_hash)
{
    return is_hash ? row->hash : row->path;
}

/* The place in an index of the first row whose hash or path is not below key. */
static int lower_bound(const struct mr_exchange *exchange, bool is_hash, const char *key)
{
    const int *index = is_hash ? exchange->by_hash : exchange->by_path;
    int lo = 0, hi = exchange->images->n;

    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;

        if (strcmp(key_of(&exchange->images->rows[index[mid]], is_hash), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct mr_image_row *mr_exchange_find(const struct mr_exchange *exchange, const char *hash,
                                            const char *path)
{
    bool is_hash = hash && *hash;
    const char *key = is_hash ? hash : path;
    const int *index = is_hash ? exchange->by_hash : exchange->by_path;
    const struct mr_image_row *found = NULL;

    if (!key || !*key)
        return NULL;
    for (int i = lower_bound(exchange, is_hash, key); i < exchange->images->n; i++) {
        const struct mr_image_row *row = &exchange->images->rows[index[i]];

        if (strcmp(key_of(row, is_hash), key) != 0)
            break;
        /* of copies the one that lies there */
        if (!found || (path && strcmp(row->path, path) == 0))
            found = row;
    }
    return found;
}

enum mr_status mr_exchange_find_class(const struct mr_exchange *exchange, const char *name,
                                      const char *where, int *class_id, struct mr_error *err)
{
    for (int c = 0; c < exchange->images->n_classes; c++) {
        if (strcmp(exchange->images->classes[c], name) == 0) {
            *class_id = c;
            return MR_OK;
        }
    }
    return mr_fail(err, MR_E_FORMAT, "cannot import %s: the project has no class '%.100s'", where,
                   name);
}

/* Does text begin as the pattern says, where 0 is any digit? */
static bool begins_as(const char *text, const char *pattern)
{
    for (; *pattern; text++, pattern++)
        if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
            return false;
    return true;
}

/* "", "Z", "+05:30", "+0530", "+05": seconds east of Greenwich. */
static bool read_zone(const char *text, int *east_s)
{
    static const char *const forms[] = {"00:00", "0000", "00"};
    int hours = 0, minutes = 0;

    *east_s = 0;
    if (!*text || strcmp(text, "Z") == 0)
        return true;
    if (*text != '+' && *text != '-')
        return false;
    for (int i = 0; i < 3; i++) {
        if (strlen(text + 1) != strlen(forms[i]) || !begins_as(text + 1, forms[i]))
            continue;
        sscanf(text + 1, i == 0 ? "%2d:%2d" : "%2d%2d", &hours, &minutes);
        *east_s = (*text == '-' ? -60 : 60) * (hours * 60 + minutes);
        return hours < 24 && minutes < 60;
    }
    return false;
}

bool mr_exchange_read_time(const char *text, int64_t *at)
{
    bool has_t = begins_as(text, "0000-00-00T00:00:00");
    struct tm tm = {.tm_isdst = 0};
    const char *rest = NULL;
    int day, east_s;
    int64_t utc;

    if (has_t || begins_as(text, "0000-00-00 00:00:00"))
        rest = strptime(text, has_t ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
    if (rest && begins_as(rest, ".0"))
        rest += 1 + strspn(rest + 1, "0123456789");
    if (!rest || !read_zone(rest, &east_s))
        return false;
    day = tm.tm_mday;
    utc = (int64_t)timegm(&tm) - east_s;
    if (tm.tm_mday != day || utc <= 0) /* timegm takes 30 February for 1 March */
        return false;
    *at = utc;
    return true;
}

void mr_exchange_set_reader(const struct mr_exchange *exchange, const char *name,
                            struct mr_decision *decision)
{
    char safe[256];

    mr_safe_text(safe, sizeof safe, name && *name ? name : exchange->reader, 0, MR_ELIDE_END);
    mr_str_copy(decision->reader, sizeof decision->reader, safe);
}

/* A length from at that ends in the picture, if it is beyond by rounding only. */
static void clip(double *at, double *length)
{
    const double slack = 1e-3;

    if (*at < 0 && *at > -slack) {
        *length += *at;
        *at = 0;
    }
    if (*at + *length > 1 && *at + *length < 1 + slack)
        *length = 1 - *at;
}

enum mr_status mr_exchange_set_box(struct mr_decision *decision, struct mr_box box,
                                   const char *where, struct mr_error *err)
{
    clip(&box.x, &box.w);
    clip(&box.y, &box.h);
    if (!mr_box_is_sound(&box))
        return mr_fail(err, MR_E_FORMAT, "cannot import %s: the box does not lie in the picture",
                       where);
    decision->box = box;
    return MR_OK;
}

/* ---- the formats ---- */

static const struct mr_exchange_format *const formats[] = {&mr_exchange_csv, &mr_exchange_json,
                                                           &mr_exchange_studio, &mr_exchange_coco};
#define N_FORMATS (sizeof formats / sizeof *formats)

const struct mr_exchange_format *mr_exchange_format_find(const char *name)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

enum mr_status mr_exchange_read(const struct mr_exchange *exchange, const char *text,
                                struct mr_records *records, struct mr_error *err)
{
    const char *body = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    const char *first = body + strspn(body, " \t\r\n");
    bool is_json = *first == '{' || *first == '[';
    struct mr_records found = {0};
    enum mr_status st = MR_E_FORMAT;
    const char *end = NULL;
    cJSON *json = NULL;
    size_t i = 0;

    if (is_json) {
        json = cJSON_ParseWithOpts(body, &end, true);
        if (!json)
            return mr_fail(err, MR_E_FORMAT,
                           "cannot import the file: it is not whole JSON, from byte %td on",
                           end ? end - text : (ptrdiff_t)0);
    }
    while (i < N_FORMATS && !formats[i]->is_it(body, json))
        i++;
    if (i < N_FORMATS)
        st = formats[i]->read(exchange, body, json, &found, err);
    else
        mr_fail(err, st,
                "cannot import the file: it is neither a CSV of decisions (with a line of names "
                "among which are kind and path or hash) nor JSON of misread, Label Studio or COCO");
    cJSON_Delete(json);
    if (st)
        mr_records_finish(&found);
    else
        *records = found;
    return st;
}

/* ---- what is new ---- */

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-4; /* a thousandth of a pixel of a picture ten pixels wide */
}

static bool is_same_box(const struct mr_box *a, const struct mr_box *b)
{
    return is_near(a->x, b->x) && is_near(a->y, b->y) && is_near(a->w, b->w) && is_near(a->h, b->h);
}

static bool is_same_note(const char *a, const char *b)
{
    char safe_a[1024], safe_b[1024];

    mr_safe_text(safe_a, sizeof safe_a, a, 0, MR_ELIDE_END);
    mr_safe_text(safe_b, sizeof safe_b, b, 0, MR_ELIDE_END);
    return strcmp(safe_a, safe_b) == 0;
}

/* What was decided, whoever did and whenever. */
static bool is_same_act(const struct mr_decision *a, const struct mr_decision *b)
{
    if (a->image != b->image || a->kind != b->kind)
        return false;
    switch (mr_decision_form(a->kind)) {
    case MR_FORM_MARK:
    case MR_FORM_CLASS:
        return a->to_class == b->to_class;
    case MR_FORM_BOX:
        return a->to_class == b->to_class && is_same_box(&a->box, &b->box);
    case MR_FORM_TEXT:
        return is_same_note(a->note, b->note);
    case MR_FORM_TURN:
        return a->target == b->target;
    }
    return false;
}

/* The very decision of a log; one that says no time is meant whenever it was. */
static bool is_same_decision(const struct mr_decision *here, const struct mr_decision *there)
{
    return (!there->at || here->at == there->at) && is_same_act(here, there) &&
           strcmp(here->reader, there->reader) == 0;
}

/* The decision of a log that a file without times of its own may have brought in before: dated as
 * its annotation, so not before, and on no screen of a run. */
static bool may_be_decision(const struct mr_decision *here, const struct mr_decision *there)
{
    return !here->run && here->at >= there->at && is_same_act(here, there) &&
           strcmp(here->reader, there->reader) == 0;
}

/*
 * What is held against the records: the project's decisions, as far as they are not taken by a
 * record, and the records to be added. Of these the k'th of all (from 1) has the id -k until the
 * store gives it one.
 */
struct plan {
    const struct mr_exchange *exchange; /* borrowed */
    struct mr_decision *added;          /* owned: as many as there are records */
    bool *is_taken;                     /* owned: by place in exchange->by_image */
    int *newest, *older; /* owned: of each image the last to be added, and the one before; 0 none */
};

static void add_to_plan(struct plan *plan, int i)
{
    const struct mr_image_table *images = plan->exchange->images;
    const struct mr_image_row *row = mr_images_find(images, plan->added[i].image);

    plan->older[i] = plan->newest[row - images->rows];
    plan->newest[row - images->rows] = i + 1;
}

/* Is it of the kind wanted and whose it is, so that it counts? Marks are the image's, the rest is
 * each reader's own. */
static bool is_rival(const struct mr_decision *d, const struct mr_decision *wanted)
{
    return !d->undone && d->kind == wanted->kind &&
           (mr_decision_form(d->kind) == MR_FORM_MARK || strcmp(d->reader, wanted->reader) == 0);
}

/* The id of what makes hold already what the record says; 0: nothing. Of boxes there may be many,
 * of the others the last one counts. */
static int64_t find_held(const struct plan *plan, const struct mr_decision *wanted)
{
    const struct mr_image_table *images = plan->exchange->images;
    bool is_box = mr_decision_form(wanted->kind) == MR_FORM_BOX;
    const struct mr_decision *here;
    int n;

    for (int k = plan->newest[mr_images_find(images, wanted->image) - images->rows]; k;
         k = plan->older[k - 1]) {
        const struct mr_decision *d = &plan->added[k - 1];

        if (is_rival(d, wanted) && is_same_act(d, wanted))
            return -k;
        if (is_rival(d, wanted) && !is_box)
            return 0;
    }
    here = mr_exchange_about(plan->exchange, wanted->image, &n);
    for (int i = n - 1; i >= 0; i--) {
        if (is_rival(&here[i], wanted) && is_same_act(&here[i], wanted))
            return here[i].id;
        if (is_rival(&here[i], wanted) && !is_box)
            return 0;
    }
    return 0;
}

/* The first decision that no record has taken yet and that is as wanted; 0: none is. */
static int64_t find_here(struct plan *plan, const struct mr_decision *wanted,
                         bool (*is_it)(const struct mr_decision *here,
                                       const struct mr_decision *there))
{
    int n;
    const struct mr_decision *here = mr_exchange_about(plan->exchange, wanted->image, &n);
    bool *is_taken = plan->is_taken + (here - plan->exchange->by_image);

    for (int i = 0; i < n; i++) {
        if (!is_taken[i] && is_it(&here[i], wanted)) {
            is_taken[i] = true;
            return here[i].id;
        }
    }
    return 0;
}

/* Will one that stands before it in the file have the last word in its place, since that is added
 * only now? Then it has to be said once more. */
static bool is_overridden(const struct plan *plan, const struct mr_decision *wanted)
{
    const struct mr_image_table *images = plan->exchange->images;
    enum mr_decision_form form = mr_decision_form(wanted->kind);

    if (form == MR_FORM_BOX || form == MR_FORM_TURN)
        return false;
    for (int k = plan->newest[mr_images_find(images, wanted->image) - images->rows]; k;
         k = plan->older[k - 1])
        if (is_rival(&plan->added[k - 1], wanted))
            return true;
    return false;
}

/* The id of what a record says, if the project has it; what is only like it is looked for
 * after all that is the very same was found. */
static int64_t find_record(struct plan *plan, const struct mr_record *record,
                           const struct mr_decision *d)
{
    int64_t id = d->id;

    if (record->is_state)
        return find_held(plan, d);
    if (!id)
        id = find_here(plan, d,
                       mr_decision_form(d->kind) == MR_FORM_TURN ? is_same_decision
                                                                 : may_be_decision);
    return id && is_overridden(plan, d) ? 0 : id;
}

static void find_very_same(struct plan *plan, const struct mr_records *records)
{
    for (int i = 0; i < records->n; i++) {
        struct mr_decision *d = &plan->added[i];

        *d = records->all[i].decision;
        d->id = records->all[i].is_state || mr_decision_form(d->kind) == MR_FORM_TURN
                    ? 0
                    : find_here(plan, d, is_same_decision);
    }
}

/* Turns the file's number of a decision into the project's, or into its place among the added. */
static enum mr_status aim(const struct mr_records *records, const struct mr_decision *added, int i,
                          struct mr_decision *d, struct mr_error *err)
{
    int64_t wanted = records->all[i].decision.target;

    if (wanted <= 0)
        return mr_fail(err, MR_E_FORMAT,
                       "cannot import decision %lld: the %s does not say which it is "
                       "about ('target')",
                       (long long)records->all[i].number, mr_decision_text(d->kind));
    for (int k = i - 1; k >= 0; k--) {
        if (records->all[k].number == wanted) {
            d->target = added[k].id ? added[k].id : -(k + 1);
            d->image = added[k].image;
            return MR_OK;
        }
    }
    return mr_fail(err, MR_E_FORMAT,
                   "cannot import decision %lld: it is about decision %lld, which does not stand "
                   "before it in the file",
                   (long long)records->all[i].number, (long long)wanted);
}

enum mr_status mr_exchange_plan(const struct mr_exchange *exchange,
                                const struct mr_records *records, struct mr_decision **decisions,
                                struct mr_error *err)
{
    size_t n = (size_t)records->n;
    struct plan plan = {.exchange = exchange};
    enum mr_status st = MR_OK;

    plan.added = mr_xalloc(n + 1, sizeof *plan.added);
    plan.is_taken = mr_xalloc((size_t)exchange->n + 1, sizeof *plan.is_taken);
    plan.newest = mr_xalloc((size_t)exchange->images->n + 1, sizeof *plan.newest);
    plan.older = mr_xalloc(n + 1, sizeof *plan.older);
    find_very_same(&plan, records);
    for (int i = 0; i < records->n && !st; i++) {
        const struct mr_record *record = &records->all[i];
        struct mr_decision *d = &plan.added[i];

        if (mr_decision_form(d->kind) == MR_FORM_TURN)
            st = aim(records, plan.added, i, d, err);
        if (st)
            break;
        d->id = find_record(&plan, record, d);
        if (!d->id)
            add_to_plan(&plan, i);
    }
    free(plan.is_taken);
    free(plan.newest);
    free(plan.older);
    if (st)
        free(plan.added);
    else
        *decisions = plan.added;
    return st;
}
