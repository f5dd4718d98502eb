/* SPDX-License-Identifier: MIT */
/* `weights`: which pretrained weights are here, what is in a file, and how to get those that are
 * not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/nn/pretrained.h>
#include <misread/nn/weights_file.h>

#include "args.h"
#include "commands.h"
#include "fetch.h"
#include "json.h"
#include "session.h"

#define BASE_URL "https://download.pytorch.org/models"
#define FRAME_MS 200

/* Owned by the caller. */
static char *url_of(const struct mr_pretrained *known)
{
    const char *base = getenv("MISREAD_WEIGHTS_URL");

    return mr_path_join(base && *base ? base : BASE_URL, known->file);
}

/* ---- what is known ---- */

struct finding {
    const struct mr_pretrained *known;
    char *url, *path; /* owned; path is NULL where there is none */
    bool is_good;
    char hash[MR_SHA256_HEX];
};

static void find(struct finding *f, const struct mr_pretrained *known)
{
    struct mr_error ignored;

    *f = (struct finding){.known = known, .url = url_of(known)};
    f->path = mr_pretrained_path(known->file);
    f->is_good = f->path && !mr_pretrained_check(known, f->path, f->hash, &ignored);
}

static void finish(struct finding *f)
{
    free(f->url);
    free(f->path);
}

static const char *state_text(const struct finding *f)
{
    return !f->path ? "absent" : f->is_good ? "ok" : "damaged";
}

static void print_text(const struct finding *f)
{
    char path[1024];

    mr_safe_text(path, sizeof path, f->path ? f->path : f->url, 0, MR_ELIDE_END);
    printf("%-9s %-22s  %-8s %s\n", mr_arch_text(f->known->arch), f->known->file, state_text(f),
           path);
    printf("%-9s %s\n", "", f->known->about);
}

static cJSON *to_json(const struct finding *f)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "arch", mr_arch_text(f->known->arch));
    cJSON_AddStringToObject(object, "file", f->known->file);
    cJSON_AddStringToObject(object, "about", f->known->about);
    cJSON_AddStringToObject(object, "state", state_text(f));
    mr_json_add_text(object, "path", f->path);
    mr_json_add_text(object, "sha256", f->hash[0] ? f->hash : NULL);
    mr_json_add_text(object, "url", f->url);
    return object;
}

/* Those of a name; all, if it is NULL. */
static void print_known(const char *name, bool as_json)
{
    cJSON *object = cJSON_CreateObject(), *list;
    char *folder = mr_pretrained_folder();

    mr_json_add_text(object, "folder", folder);
    list = cJSON_AddArrayToObject(object, "weights");
    for (const struct mr_pretrained *p = mr_pretrained_list; p->file; p++) {
        struct finding f;

        if (name && strcmp(name, p->file) != 0 && strcmp(name, mr_arch_text(p->arch)) != 0)
            continue;
        find(&f, p);
        if (as_json)
            cJSON_AddItemToArray(list, to_json(&f));
        else
            print_text(&f);
        finish(&f);
    }
    free(folder);
    if (as_json)
        mr_json_print(object);
    else
        cJSON_Delete(object);
}

/* ---- download ---- */

struct watcher {
    const struct mr_session *session;
    const char *file;
    int64_t shown_at_ms;
    bool is_shown; /* on a terminal */
    int signal;    /* that stopped it, or 0 */
};

static bool go_on(void *ctx, double n, double n_all)
{
    struct watcher *w = ctx;
    int64_t now = mr_clock_ms();

    w->signal = mr_session_take_signal(w->session);
    if (w->signal)
        return false;
    if (w->is_shown && now - w->shown_at_ms >= FRAME_MS) {
        w->shown_at_ms = now;
        fprintf(stderr, n_all > 0 ? "\r%s  %.1f of %.1f MB  " : "\r%s  %.1f MB  ", w->file, n / 1e6,
                n_all / 1e6);
    }
    return true;
}

/* The part has come whole: it becomes the file, or goes. */
static enum mr_status accept(const struct mr_pretrained *known, const char *part, const char *path,
                             const char *folder, struct mr_error *err)
{
    char hash[MR_SHA256_HEX];
    struct mr_error why;
    enum mr_status st = mr_pretrained_check(known, part, hash, &why);

    if (st) {
        unlink(part);
        return mr_fail(err, st, "what was downloaded is not '%s' and was removed: %s", known->file,
                       why.message);
    }
    if (rename(part, path) || mr_dir_sync(folder))
        return mr_fail(err, MR_E_IO, "cannot put '%s' in its place", path);
    return MR_OK;
}

static enum mr_status download(const struct mr_pretrained *known, struct watcher *watcher,
                               struct mr_error *err)
{
    char *folder = mr_pretrained_folder(), *url = url_of(known);
    char *path = mr_path_join(folder, known->file), *part = mr_xasprintf("%s.part", path);
    struct mr_fetch fetch = {url, part, MR_WEIGHTS_MAX_BYTES, go_on, watcher};
    char hash[MR_SHA256_HEX];
    enum mr_status st = mr_dir_make(folder, 0700, err);

    if (!st && mr_path_exists(path) && !mr_pretrained_check(known, path, hash, err))
        goto out; /* it is there and good */
    if (!st)
        st = mr_fetch_file(&fetch, err);
    if (watcher->shown_at_ms)
        fputc('\n', stderr);
    if (!st)
        st = accept(known, part, path, folder, err);
out:
    free(folder);
    free(url);
    free(path);
    free(part);
    return st;
}

/* The exit status: 0, or that of a failure or signal. */
static int download_for(const struct mr_args *args, const struct mr_pretrained *known,
                        const struct mr_session *session)
{
    struct watcher watcher = {session, .is_shown = !args->json && isatty(STDERR_FILENO)};
    struct mr_error err = {0};
    int status;

    if (!known) {
        (void)mr_fail(&err, MR_E_USAGE,
                      "cannot download without a known name: 'misread weights' lists them");
        return mr_failed(&err);
    }
    watcher.file = known->file;
    if (!download(known, &watcher, &err))
        return EXIT_SUCCESS;
    status = mr_failed(&err);
    return watcher.signal ? 128 + watcher.signal : status;
}

/* ---- a file ---- */

static void shape_text(char *out, size_t cap, const struct mr_weights_tensor *t)
{
    size_t at = 0;

    out[0] = '\0';
    for (int d = 0; d < t->n_dims; d++)
        at += (size_t)snprintf(out + at, cap - at, "%s%zu", d ? "x" : "", t->shape[d]);
}

static void print_tensors(const char *path, const struct mr_weights_tensor *tensors, int n)
{
    char name[1200], shape[MR_WEIGHTS_RANK_MAX * 21 + 1];

    mr_safe_text(name, sizeof name, path, 0, MR_ELIDE_END);
    printf("%s: %d tensors\n", name, n);
    for (int i = 0; i < n; i++) {
        shape_text(shape, sizeof shape, &tensors[i]);
        mr_safe_text(name, sizeof name, tensors[i].name, 0, MR_ELIDE_END);
        printf("%-5s %-16s %s\n", mr_dtype_text(tensors[i].dtype), shape, name);
    }
}

static void print_tensors_json(const char *path, const struct mr_weights_tensor *tensors, int n)
{
    cJSON *object = cJSON_CreateObject(), *list;

    mr_json_add_text(object, "path", path);
    list = cJSON_AddArrayToObject(object, "tensors");
    for (int i = 0; i < n; i++) {
        cJSON *item = cJSON_CreateObject(), *shape;

        mr_json_add_text(item, "name", tensors[i].name);
        cJSON_AddStringToObject(item, "dtype", mr_dtype_text(tensors[i].dtype));
        shape = cJSON_AddArrayToObject(item, "shape");
        for (int d = 0; d < tensors[i].n_dims; d++)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensors[i].shape[d]));
        cJSON_AddItemToArray(list, item);
    }
    mr_json_print(object);
}

static int describe(const char *name, bool as_json, const struct mr_session *session)
{
    struct mr_weights_file *file = NULL;
    const struct mr_weights_tensor *tensors;
    struct mr_error err = {0};
    char *path = NULL;
    int n;
    enum mr_status st = mr_pretrained_resolve(name, &path, &err);

    if (!st)
        st = mr_weights_file_open(&file, session->sandbox, path, &err);
    if (!st) {
        tensors = mr_weights_file_tensors(file, &n);
        (as_json ? print_tensors_json : print_tensors)(path, tensors, n);
    }
    mr_weights_file_close(file);
    free(path);
    return st ? mr_failed(&err) : EXIT_SUCCESS;
}

int mr_weights_main(struct mr_args *args)
{
    const char *name = args->n_rest ? args->rest[0] : NULL;
    const struct mr_pretrained *known = name ? mr_pretrained_find(name) : NULL;
    struct mr_session session;
    struct mr_error err = {0};
    int status = EXIT_SUCCESS;

    if (mr_session_open(&session, args->unsafe_inprocess, &err))
        return mr_failed(&err);
    if (args->download)
        status = download_for(args, known, &session);
    if (!status && (known || !name))
        print_known(name, args->json);
    else if (!status)
        status = describe(name, args->json, &session);
    mr_session_close(&session);
    return status;
}
