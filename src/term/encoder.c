/* SPDX-License-Identifier: MIT */
/* The cache belongs to the screen thread alone; thread and screen meet in three slots under a
 * monitor. */
#include "encoder.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/image/image.h>

#include "half.h"
#include "sixels.h"

#define N_CACHED 32

struct job {
    struct mr_encoding_key key;
    struct mr_size_px cell;
    struct mr_image *image; /* owned */
};

struct encoding {
    struct mr_encoding_key key;
    enum mr_encoding_state state; /* READY, FAILED; UNKNOWN: the slot is free */
    struct mr_str bytes;
    uint64_t used;
};

struct mr_encoder {
    struct mr_monitor *monitor;
    struct mr_thread *thread;
    struct mr_wake *wake; /* borrowed */

    /* under the monitor */
    bool must_end;
    struct job *waiting, *running; /* owned; running is the thread's to change */
    struct encoding *done;         /* owned; one, until the screen collects it */

    /* the screen thread's */
    struct encoding cached[N_CACHED];
    uint64_t clock;
};

static bool is_same(const struct mr_encoding_key *a, const struct mr_encoding_key *b)
{
    return a->version == b->version && a->mode == b->mode && a->px.w == b->px.w &&
           a->px.h == b->px.h && a->cells.cols == b->cells.cols && a->cells.rows == b->cells.rows &&
           a->n_colors == b->n_colors;
}

static void destroy_job(struct job *job)
{
    if (!job)
        return;
    mr_image_destroy(job->image);
    free(job);
}

/* ---- the thread ---- */

static enum mr_status encode_sixel(const struct job *job, struct mr_str *out)
{
    struct mr_image *fitted = NULL;
    enum mr_status st = mr_image_letterbox(&fitted, job->image, job->key.px, 0, NULL);

    if (st == MR_OK)
        st = mr_sixel_encode(out, fitted, job->key.n_colors, NULL);
    mr_image_destroy(fitted);
    return st;
}

static enum mr_status encode_half(const struct job *job, struct mr_str *out)
{
    mr_half_encode(out, job->image, job->key.cells, job->cell, job->key.n_colors);
    return MR_OK;
}

static struct encoding *encode(const struct job *job)
{
    struct encoding *e = mr_xalloc(1, sizeof *e);
    enum mr_status st = job->key.mode == MR_GRAPHICS_SIXEL ? encode_sixel(job, &e->bytes)
                                                           : encode_half(job, &e->bytes);

    e->key = job->key;
    e->state = st == MR_OK ? MR_ENCODING_READY : MR_ENCODING_FAILED;
    return e;
}

/* Waits until there is a job and room for its result; false: the end. The monitor is locked. */
static bool wait_for_job(struct mr_encoder *encoder)
{
    while (!encoder->must_end && (!encoder->waiting || encoder->done))
        mr_monitor_wait(encoder->monitor, -1);
    return !encoder->must_end;
}

static void run(void *arg)
{
    struct mr_encoder *encoder = arg;

    mr_monitor_lock(encoder->monitor);
    while (wait_for_job(encoder)) {
        struct encoding *e;

        encoder->running = encoder->waiting;
        encoder->waiting = NULL;
        mr_monitor_unlock(encoder->monitor);
        e = encode(encoder->running);
        mr_monitor_lock(encoder->monitor);
        destroy_job(encoder->running);
        encoder->running = NULL;
        encoder->done = e;
        mr_wake_raise(encoder->wake);
    }
    mr_monitor_unlock(encoder->monitor);
}

enum mr_status mr_encoder_create(struct mr_encoder **encoder, struct mr_wake *wake,
                                 struct mr_error *err)
{
    struct mr_encoder *e = mr_xalloc(1, sizeof *e);
    enum mr_status st;

    e->monitor = mr_monitor_create();
    e->wake = wake;
    st = mr_thread_start(&e->thread, "pictures", run, e, err);
    if (st) {
        mr_encoder_destroy(e);
        return st;
    }
    *encoder = e;
    return MR_OK;
}

void mr_encoder_destroy(struct mr_encoder *encoder)
{
    if (!encoder)
        return;
    mr_monitor_lock(encoder->monitor);
    encoder->must_end = true;
    mr_monitor_notify(encoder->monitor);
    mr_monitor_unlock(encoder->monitor);
    mr_thread_join(encoder->thread);
    destroy_job(encoder->waiting);
    if (encoder->done)
        mr_str_finish(&encoder->done->bytes);
    free(encoder->done);
    for (int i = 0; i < N_CACHED; i++)
        mr_str_finish(&encoder->cached[i].bytes);
    mr_monitor_destroy(encoder->monitor);
    free(encoder);
}

/* ---- the screen's side ---- */

/* Moves a result into the slot used least lately. */
static void collect(struct mr_encoder *encoder)
{
    struct encoding *done, *slot = &encoder->cached[0];

    mr_monitor_lock(encoder->monitor);
    done = encoder->done;
    encoder->done = NULL;
    if (done)
        mr_monitor_notify(encoder->monitor);
    mr_monitor_unlock(encoder->monitor);
    if (!done)
        return;
    for (int i = 1; i < N_CACHED; i++) {
        if (encoder->cached[i].used < slot->used)
            slot = &encoder->cached[i];
    }
    mr_str_finish(&slot->bytes);
    *slot = *done;
    slot->used = ++encoder->clock;
    free(done);
}

static struct encoding *find(struct mr_encoder *encoder, const struct mr_encoding_key *key)
{
    for (int i = 0; i < N_CACHED; i++) {
        struct encoding *e = &encoder->cached[i];

        if (e->state != MR_ENCODING_UNKNOWN && is_same(&e->key, key))
            return e;
    }
    return NULL;
}

enum mr_encoding_state mr_encoder_state(struct mr_encoder *encoder,
                                        const struct mr_encoding_key *key)
{
    struct encoding *e;
    bool is_coming;

    collect(encoder);
    e = find(encoder, key);
    if (e) {
        e->used = ++encoder->clock;
        return e->state;
    }
    mr_monitor_lock(encoder->monitor);
    is_coming = (encoder->running && is_same(&encoder->running->key, key)) ||
                (encoder->waiting && is_same(&encoder->waiting->key, key)) ||
                (encoder->done && is_same(&encoder->done->key, key));
    mr_monitor_unlock(encoder->monitor);
    return is_coming ? MR_ENCODING_COMING : MR_ENCODING_UNKNOWN;
}

const struct mr_str *mr_encoder_bytes(struct mr_encoder *encoder, const struct mr_encoding_key *key)
{
    struct encoding *e = find(encoder, key);

    return e && e->state == MR_ENCODING_READY ? &e->bytes : NULL;
}

void mr_encoder_submit_take(struct mr_encoder *encoder, const struct mr_encoding_key *key,
                            struct mr_size_px cell, struct mr_image *image)
{
    struct job *job = mr_xalloc(1, sizeof *job), *old;

    *job = (struct job){*key, cell, image};
    mr_monitor_lock(encoder->monitor);
    old = encoder->waiting;
    encoder->waiting = job;
    mr_monitor_notify(encoder->monitor);
    mr_monitor_unlock(encoder->monitor);
    destroy_job(old);
}

bool mr_encoder_is_busy(struct mr_encoder *encoder)
{
    bool is_busy;

    mr_monitor_lock(encoder->monitor);
    is_busy = encoder->running || encoder->waiting || encoder->done;
    mr_monitor_unlock(encoder->monitor);
    return is_busy;
}
