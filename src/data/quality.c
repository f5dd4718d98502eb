/* SPDX-License-Identifier: MIT */
/* From files to rows of measures, committed every two seconds. */
#include <misread/data/quality.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/image/decode.h>
#include <misread/image/measure.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>

#include "gang.h"

#define COMMIT_MS 2000

_Static_assert(MR_QUALITY_THUMB_BYTES == MR_THUMB_BYTES, "a thumbnail is stored as it is measured");

/* One content: the rows that have it, and what was found. */
struct content {
    const int *rows; /* (n_rows) indices into the table */
    int n_rows;
    atomic_bool is_done;
    bool is_stored;
    struct mr_measures measures;
    int w, h;
    char *reason; /* owned: why it cannot be read, else NULL */
};

struct measuring {
    struct mr_store *store;
    struct mr_image_table *table;
    struct mr_sandbox *sandbox;
    const struct mr_quality_options *options;
    int *rows; /* owned: indices of the rows without measures, by hash */
    int n_rows;
    struct content *contents; /* owned */
    int n_contents;
    int64_t committed_ms;
    enum mr_status status; /* of the last commit */
    struct mr_error *err;
};

/* --- what is to be measured --- */

static int compare_rows(const void *a, const void *b, void *table)
{
    const struct mr_image_row *rows = ((const struct mr_image_table *)table)->rows;
    int p = *(const int *)a, q = *(const int *)b;
    int order = strcmp(rows[p].hash, rows[q].hash);

    return order ? order : (p > q) - (p < q);
}

static bool is_wanted(const struct mr_image_row *row, const struct mr_quality *known, int n)
{
    return row->state != MR_IMAGE_MISSING && row->mtime_ns != -1 &&
           !mr_qualities_find(known, n, row->id);
}

static void find_contents(struct measuring *m, const struct mr_quality *known, int n)
{
    const struct mr_image_table *table = m->table;

    m->rows = mr_xalloc((size_t)table->n + 1, sizeof *m->rows);
    m->contents = mr_xalloc((size_t)table->n + 1, sizeof *m->contents);
    for (int i = 0; i < table->n; i++)
        if (is_wanted(&table->rows[i], known, n))
            m->rows[m->n_rows++] = i;
    qsort_r(m->rows, (size_t)m->n_rows, sizeof *m->rows, compare_rows, m->table);
    for (int i = 0; i < m->n_rows; i++) {
        if (i && !strcmp(table->rows[m->rows[i]].hash, table->rows[m->rows[i - 1]].hash))
            m->contents[m->n_contents - 1].n_rows++;
        else
            m->contents[m->n_contents++] = (struct content){.rows = m->rows + i, .n_rows = 1};
    }
}

/* --- measuring --- */

static void measure_job(void *ctx, int job)
{
    struct measuring *m = ctx;
    struct content *content = &m->contents[job];
    char *path = mr_path_join(m->options->data_dir, m->table->rows[content->rows[0]].path);
    struct mr_error err = {MR_OK, ""};
    struct mr_image *image = NULL;
    enum mr_status st = mr_image_load(&image, m->sandbox, MR_SANDBOX_WORK, path, &err);

    if (!st) {
        content->w = image->w;
        content->h = image->h;
        st = mr_image_measure(&content->measures, image, &err);
    }
    if (st)
        content->reason = mr_xstrdup(*err.message ? err.message : mr_status_text(st));
    mr_image_destroy(image);
    free(path);
    atomic_store_explicit(&content->is_done, true, memory_order_release);
}

/* --- storing --- */

static struct mr_quality quality_of(int64_t image, const struct mr_measures *measures)
{
    struct mr_quality row = {.image = image,
                             .look = measures->look,
                             .dark = measures->dark,
                             .light = measures->light,
                             .entropy = measures->entropy,
                             .sharpness = measures->sharpness,
                             .detail = measures->detail,
                             .is_grey = measures->is_grey,
                             .overlay_x = measures->overlay.x,
                             .overlay_y = measures->overlay.y,
                             .overlay_w = measures->overlay.w,
                             .overlay_h = measures->overlay.h};

    memcpy(row.pixels, measures->pixels, sizeof row.pixels);
    memcpy(row.thumb, measures->thumb, sizeof row.thumb);
    return row;
}

/* What is known of the row now. */
static void judge(struct mr_image_row *row, const struct content *content)
{
    free(row->reason);
    row->reason = mr_xstrdup(content->reason ? content->reason : "");
    if (content->reason) {
        row->state = MR_IMAGE_UNREADABLE;
        return;
    }
    row->state = row->state == MR_IMAGE_UNREADABLE ? MR_IMAGE_OK : row->state;
    row->w = content->w;
    row->h = content->h;
}

static enum mr_status commit(struct measuring *m)
{
    struct mr_image_row *verdicts = mr_xalloc((size_t)m->n_rows + 1, sizeof *verdicts);
    struct mr_quality *rows = mr_xalloc((size_t)m->n_rows + 1, sizeof *rows);
    int n_verdicts = 0, n = 0;
    enum mr_status st;

    for (int i = 0; i < m->n_contents; i++) {
        struct content *content = &m->contents[i];

        if (content->is_stored || !atomic_load_explicit(&content->is_done, memory_order_acquire))
            continue;
        content->is_stored = true;
        for (int j = 0; j < content->n_rows; j++) {
            struct mr_image_row *row = &m->table->rows[content->rows[j]];

            judge(row, content);
            verdicts[n_verdicts++] = *row; /* borrows the texts */
            if (!content->reason)
                rows[n++] = quality_of(row->id, &content->measures);
        }
    }
    st = mr_images_set_states(m->store, verdicts, n_verdicts, m->err);
    if (!st)
        st = mr_qualities_add(m->store, rows, n, m->err);
    free(rows);
    free(verdicts);
    m->committed_ms = mr_clock_ms();
    return st;
}

static bool watch(void *ctx, int n_done)
{
    struct measuring *m = ctx;

    if (mr_clock_ms() - m->committed_ms >= COMMIT_MS)
        m->status = commit(m);
    if (m->status)
        return false;
    return !m->options->progress || m->options->progress(m->options->ctx, n_done, m->n_contents);
}

static enum mr_status measure(struct measuring *m)
{
    const struct mr_gang gang = {.name = "measure",
                                 .n_threads = m->options->n_threads,
                                 .n_jobs = m->n_contents,
                                 .job = measure_job,
                                 .watch = watch,
                                 .ctx = m};
    enum mr_status st, committed;

    m->committed_ms = mr_clock_ms();
    st = mr_gang_run(&gang, m->err);
    if (m->status)
        return m->status;
    committed = commit(m); /* cancelled or not: what is done is kept */
    if (committed)
        return committed;
    if (st == MR_E_CANCELLED)
        return mr_fail(m->err, st, "cancelled while measuring '%s'", m->options->data_dir);
    return st;
}

enum mr_status mr_quality_measure(struct mr_store *store, struct mr_image_table *table,
                                  struct mr_sandbox *sandbox,
                                  const struct mr_quality_options *options, struct mr_error *err)
{
    struct measuring m = {
        .store = store, .table = table, .sandbox = sandbox, .options = options, .err = err};
    struct mr_quality *known = NULL;
    int n = 0;
    enum mr_status st = mr_qualities_load(store, &known, &n, err);

    if (st)
        return st;
    find_contents(&m, known, n);
    free(known);
    st = measure(&m);
    for (int i = 0; i < m.n_contents; i++)
        free(m.contents[i].reason);
    free(m.contents);
    free(m.rows);
    return st;
}
