/* SPDX-License-Identifier: MIT */
/* A small project for the suites of the store: three classes and as many images as wanted. */
#ifndef MISREAD_TESTS_STORE_PROJECT_H
#define MISREAD_TESTS_STORE_PROJECT_H

#include "support.h"

#include <misread/base/alloc.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/store.h>

static inline struct mr_store *open_store(const char *dir)
{
    struct mr_store *store = NULL;
    struct mr_error err;

    assert_ok(mr_store_open(&store, dir, MR_STORE_CREATE, &err), err);
    return store;
}

/* Classes "a", "b", "c"; images 1 .. n, all of class 0. */
static inline void add_images(struct mr_store *store, int n)
{
    struct mr_image_table *t = mr_xalloc(1, sizeof *t);
    struct mr_error err;

    t->n_classes = 3;
    t->classes = mr_xalloc(3, sizeof *t->classes);
    t->n = n;
    t->rows = mr_xalloc((size_t)n, sizeof *t->rows);
    for (int i = 0; i < 3; i++)
        t->classes[i] = mr_xasprintf("%c", 'a' + i);
    for (int i = 0; i < n; i++) {
        snprintf(t->rows[i].hash, sizeof t->rows[i].hash, "%064x", (unsigned)i + 1);
        t->rows[i].path = mr_xasprintf("a/%d.png", i + 1);
        t->rows[i].group = mr_xstrdup("");
        t->rows[i].reason = mr_xstrdup("");
    }
    assert_ok(mr_images_save(store, t, &err), err);
    mr_images_destroy(t);
}

/* A relabel 0 -> class of an image by a reader. */
static inline struct mr_decision relabel(int64_t image, int class_id, const char *reader)
{
    struct mr_decision d = {.image = image, .kind = MR_DECISION_RELABEL, .to_class = class_id};

    snprintf(d.reader, sizeof d.reader, "%s", reader);
    return d;
}

/* Adds it and returns its id. */
static inline int64_t decide(struct mr_store *store, struct mr_decision d)
{
    struct mr_error err;

    assert_ok(mr_decision_add(store, &d, &err), err);
    return d.id;
}

#endif
