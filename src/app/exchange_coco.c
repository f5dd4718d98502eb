/* SPDX-License-Identifier: MIT */
/* Boxes as COCO has them (cocodataset.org, "Data format", object detection): in pixels from the
 * upper left corner, classes as categories. Labels and marks have no place in it. Who drew a box
 * and when stands in its attributes, where CVAT keeps such things. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/store/images.h>

#include "json.h"

#define PX_UNIT 1e-3 /* what positions are rounded to, in pixels */

/* ---- writing ---- */

static void add_categories(const struct mr_exchange *exchange, cJSON *list)
{
    for (int c = 0; c < exchange->images->n_classes; c++) {
        cJSON *category = cJSON_CreateObject();

        cJSON_AddNumberToObject(category, "id", c + 1);
        mr_json_add_text(category, "name", exchange->images->classes[c]);
        cJSON_AddStringToObject(category, "supercategory", "");
        cJSON_AddItemToArray(list, category);
    }
}

static void add_box(const struct mr_exchange *exchange, const struct mr_image_row *row,
                    const struct mr_decision *d, int number, cJSON *list)
{
    cJSON *entry = cJSON_CreateObject(), *attributes;
    double bbox[] = {mr_exchange_round(d->box.x * row->w, PX_UNIT),
                     mr_exchange_round(d->box.y * row->h, PX_UNIT),
                     mr_exchange_round(d->box.w * row->w, PX_UNIT),
                     mr_exchange_round(d->box.h * row->h, PX_UNIT)};
    char who[64], at[32];

    cJSON_AddNumberToObject(entry, "id", number);
    cJSON_AddNumberToObject(entry, "image_id", (double)row->id);
    cJSON_AddNumberToObject(entry, "category_id", d->to_class + 1);
    cJSON_AddItemToObject(entry, "bbox", cJSON_CreateDoubleArray(bbox, 4));
    cJSON_AddNumberToObject(entry, "area", mr_exchange_round(bbox[2] * bbox[3], PX_UNIT));
    cJSON_AddNumberToObject(entry, "iscrowd", 0);
    cJSON_AddArrayToObject(entry, "segmentation");
    attributes = cJSON_AddObjectToObject(entry, "attributes");
    mr_exchange_time(d->at, at);
    mr_json_add_text(attributes, "who", mr_exchange_reader(exchange, d->reader, who));
    cJSON_AddStringToObject(attributes, "at", at);
    cJSON_AddItemToArray(list, entry);
}

static void add_image(const struct mr_exchange *exchange, const struct mr_image_row *row,
                      cJSON *list)
{
    char path[MR_EXCHANGE_NAME_BYTES];
    cJSON *image = cJSON_CreateObject();

    mr_exchange_path(exchange, row, path);
    cJSON_AddNumberToObject(image, "id", (double)row->id);
    mr_json_add_text(image, "file_name", path);
    cJSON_AddNumberToObject(image, "width", row->w);
    cJSON_AddNumberToObject(image, "height", row->h);
    cJSON_AddStringToObject(image, "sha256", row->hash);
    cJSON_AddItemToArray(list, image);
}

static enum mr_status write_coco(const struct mr_exchange *exchange, struct mr_str *out,
                                 struct mr_error *err)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *images = cJSON_AddArrayToObject(object, "images");
    cJSON *annotations = cJSON_AddArrayToObject(object, "annotations");
    enum mr_status st = MR_OK;
    int n_boxes = 0;

    add_categories(exchange, cJSON_AddArrayToObject(object, "categories"));
    for (int i = 0; i < exchange->images->n && !st; i++) {
        const struct mr_image_row *row = &exchange->images->rows[i];
        int n, n_before = n_boxes;
        const struct mr_decision *about = mr_exchange_about(exchange, row->id, &n);

        for (int k = 0; k < n && !st; k++) {
            if (about[k].kind != MR_DECISION_BOX || about[k].undone)
                continue;
            st = mr_exchange_check_size(row, err);
            if (!st)
                add_box(exchange, row, &about[k], ++n_boxes, annotations);
        }
        if (n_boxes > n_before)
            add_image(exchange, row, images);
    }
    if (st)
        cJSON_Delete(object);
    else
        mr_json_write(object, out);
    return st;
}

/* ---- reading ---- */

static bool is_coco(const char *text, const struct cJSON *json)
{
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "images")) &&
           cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "annotations")) &&
           cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "categories"));
}

/* A list of the file by its ids, each entry with the place it has there. */
struct entries {
    struct entry {
        const cJSON *entry; /* borrowed */
        const cJSON *id;    /* borrowed: a number or a text */
        int place;
    } * all; /* owned */
    int n;
};

static int compare_ids(const cJSON *a, const cJSON *b)
{
    if (cJSON_IsNumber(a) != cJSON_IsNumber(b))
        return cJSON_IsNumber(a) ? -1 : 1;
    if (!cJSON_IsNumber(a))
        return strcmp(a->valuestring, b->valuestring);
    return (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_ids(a->id, b->id);

    return order ? order : a->place - b->place;
}

static bool is_id(const cJSON *item)
{
    return cJSON_IsNumber(item) || cJSON_IsString(item);
}

static void sort_entries(struct entries *entries, const cJSON *list)
{
    const cJSON *entry;

    entries->n = 0;
    entries->all = mr_xalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *entries->all);
    cJSON_ArrayForEach(entry, list)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(entry, "id");

        if (!is_id(id))
            continue;
        entries->all[entries->n] = (struct entry){entry, id, entries->n};
        entries->n++;
    }
    qsort(entries->all, (size_t)entries->n, sizeof *entries->all, compare_entries);
}

/* The first entry with this id; NULL if there is none. */
static const cJSON *find_entry(const struct entries *entries, const cJSON *id)
{
    int lo = 0, hi = entries->n;

    if (!is_id(id))
        return NULL;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;

        if (compare_ids(entries->all[mid].id, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < entries->n && compare_ids(entries->all[lo].id, id) == 0 ? entries->all[lo].entry
                                                                        : NULL;
}

/* The four numbers of bbox as shares of the image's size. */
static enum mr_status read_bbox(const cJSON *entry, const cJSON *image, const char *where,
                                struct mr_box *box, struct mr_error *err)
{
    const cJSON *bbox = cJSON_GetObjectItemCaseSensitive(entry, "bbox");
    double w = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(image, "width"));
    double h = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(image, "height"));
    double px[4];

    if (!(w > 0 && h > 0))
        return mr_fail(err, MR_E_FORMAT,
                       "cannot import %s: its image has no width and height in the file", where);
    for (int i = 0; i < 4; i++) {
        const cJSON *number = cJSON_GetArrayItem(bbox, i);

        if (!cJSON_IsNumber(number) || cJSON_GetArraySize(bbox) != 4)
            return mr_fail(err, MR_E_FORMAT,
                           "cannot import %s: its bbox is not four numbers (x, y, width, height)",
                           where);
        px[i] = number->valuedouble;
    }
    *box = (struct mr_box){px[0] / w, px[1] / h, px[2] / w, px[3] / h};
    return MR_OK;
}

/* The lists that annotations refer to. */
struct lists {
    struct entries images, categories;
};

static enum mr_status read_annotation(const struct mr_exchange *exchange, const struct lists *lists,
                                      const cJSON *entry, const char *where,
                                      struct mr_records *records, struct mr_error *err)
{
    const cJSON *image =
        find_entry(&lists->images, cJSON_GetObjectItemCaseSensitive(entry, "image_id"));
    const cJSON *category =
        find_entry(&lists->categories, cJSON_GetObjectItemCaseSensitive(entry, "category_id"));
    const cJSON *attributes = cJSON_GetObjectItemCaseSensitive(entry, "attributes");
    const char *at = mr_json_find_text(attributes, "at"),
               *name = mr_json_find_text(category, "name");
    const struct mr_image_row *row;
    struct mr_decision d = {.kind = MR_DECISION_BOX, .from_class = -1};
    struct mr_box box = {0};
    enum mr_status st;

    if (!image || !name)
        return mr_fail(err, MR_E_FORMAT, "cannot import %s: its %s is not in the file", where,
                       image ? "category" : "image");
    st = mr_exchange_find_class(exchange, name, where, &d.to_class, err);
    if (!st)
        st = read_bbox(entry, image, where, &box, err);
    if (!st)
        st = mr_exchange_set_box(&d, box, where, err);
    if (!st && at && !mr_exchange_read_time(at, &d.at))
        st = mr_fail(err, MR_E_FORMAT,
                     "cannot import %s: its at '%.40s' is no time like 2024-05-01T12:00:00Z", where,
                     at);
    if (st)
        return st;
    row = mr_exchange_find(exchange, mr_json_find_text(image, "sha256"),
                           mr_json_find_text(image, "file_name"));
    if (!row) {
        records->n_elsewhere++;
        return MR_OK;
    }
    d.image = row->id;
    mr_exchange_set_reader(exchange, mr_json_find_text(attributes, "who"), &d);
    *mr_records_add(records) = (struct mr_record){.decision = d, .is_state = true};
    return MR_OK;
}

static enum mr_status read_coco(const struct mr_exchange *exchange, const char *text,
                                const struct cJSON *json, struct mr_records *records,
                                struct mr_error *err)
{
    const cJSON *entry;
    struct lists lists;
    enum mr_status st = MR_OK;
    int i = 0;

    sort_entries(&lists.images, cJSON_GetObjectItemCaseSensitive(json, "images"));
    sort_entries(&lists.categories, cJSON_GetObjectItemCaseSensitive(json, "categories"));
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "annotations"))
    {
        char where[32];

        snprintf(where, sizeof where, "annotation %d", ++i);
        st = read_annotation(exchange, &lists, entry, where, records, err);
        if (st)
            break;
    }
    free(lists.images.all);
    free(lists.categories.all);
    return st;
}

const struct mr_exchange_format mr_exchange_coco = {"coco", is_coco, write_coco, read_coco};
