/* SPDX-License-Identifier: MIT */
/* What was measured of pixels. */
#include <misread/store/quality.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

static void bind(struct mr_sql *sql, const struct mr_quality *row)
{
    const double overlay[] = {row->overlay_x, row->overlay_y, row->overlay_w, row->overlay_h};
    const double measures[] = {row->dark, row->light, row->entropy, row->sharpness, row->detail};

    mr_sql_int(sql, row->image);
    mr_sql_text(sql, row->pixels);
    mr_sql_int(sql, (int64_t)row->look);
    mr_sql_blob(sql, row->thumb, sizeof row->thumb);
    for (int i = 0; i < 5; i++)
        mr_sql_double(sql, measures[i]);
    mr_sql_int(sql, row->is_grey);
    for (int i = 0; i < 4; i++)
        mr_sql_double(sql, row->overlay_w > 0 ? overlay[i] : (double)NAN);
}

static enum mr_status add(struct mr_store *store, const struct mr_quality *rows, int n,
                          const char *what, struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, what,
                     "INSERT INTO quality (image, pixels, look, thumb, dark, light, entropy, "
                     "sharpness, detail, is_grey,"
                     " overlay_x, overlay_y, overlay_w, overlay_h)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");

    for (int i = 0; i < n && !sql.rc; i++) {
        mr_sql_again(&sql);
        bind(&sql, &rows[i]);
        mr_sql_row(&sql);
    }
    return mr_sql_end(&sql, err);
}

enum mr_status mr_qualities_add(struct mr_store *store, const struct mr_quality *rows, int n,
                                struct mr_error *err)
{
    static const char what[] = "save what was measured of the images";
    enum mr_status st;

    if (!n)
        return MR_OK;
    st = mr_sql_tx_begin(store, what, err);
    if (st)
        return st;
    return mr_sql_tx_end(store, add(store, rows, n, what, err), what, err);
}

/* 0 where there is no overlay. */
static double number_or_none(struct mr_sql *sql, int column)
{
    double value = mr_sql_get_double(sql, column);

    return isnan(value) ? 0 : value;
}

static void read_row(struct mr_sql *sql, struct mr_quality *row)
{
    void *thumb = mr_sql_get_blob(sql, 3, sizeof row->thumb);

    *row = (struct mr_quality){.image = mr_sql_get_int(sql, 0),
                               .look = (uint64_t)mr_sql_get_int(sql, 2),
                               .dark = mr_sql_get_double(sql, 4),
                               .light = mr_sql_get_double(sql, 5),
                               .entropy = mr_sql_get_double(sql, 6),
                               .sharpness = mr_sql_get_double(sql, 7),
                               .detail = mr_sql_get_double(sql, 8),
                               .is_grey = mr_sql_get_int(sql, 9) != 0,
                               .overlay_x = number_or_none(sql, 10),
                               .overlay_y = number_or_none(sql, 11),
                               .overlay_w = number_or_none(sql, 12),
                               .overlay_h = number_or_none(sql, 13)};
    mr_sql_copy_text(sql, 1, row->pixels, sizeof row->pixels);
    if (thumb)
        memcpy(row->thumb, thumb, sizeof row->thumb);
    free(thumb);
}

enum mr_status mr_qualities_load(struct mr_store *store, struct mr_quality **rows, int *n,
                                 struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(
        store, "read what was measured of the images",
        "SELECT image, pixels, look, thumb, dark, light, entropy, sharpness, detail, is_grey,"
        " overlay_x, overlay_y, overlay_w, overlay_h FROM quality ORDER BY image");
    struct mr_quality *found = NULL;
    int count = 0, cap = 0;
    enum mr_status st;

    while (mr_sql_row(&sql)) {
        struct mr_quality *more = mr_sql_grow(&sql, found, count, &cap, sizeof *found);

        if (!more)
            break;
        found = more;
        read_row(&sql, &found[count++]);
    }
    st = mr_sql_end(&sql, err);
    if (st) {
        free(found);
        return st;
    }
    *rows = found;
    *n = count;
    return MR_OK;
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = ((const struct mr_quality *)a)->image, y = ((const struct mr_quality *)b)->image;

    return (x > y) - (x < y);
}

const struct mr_quality *mr_qualities_find(const struct mr_quality *rows, int n, int64_t image)
{
    struct mr_quality key;

    if (!n)
        return NULL;
    key.image = image;
    return bsearch(&key, rows, (size_t)n, sizeof *rows, compare_rows);
}
