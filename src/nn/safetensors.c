/* SPDX-License-Identifier: MIT */
/*
 * 8 bytes of header length, a JSON header, the tensors' bytes. All that the
 * reference implementation checks, and limits of our own, because the JSON comes from outside.
 * cJSON is given only text that a scan has found shallow, short of commas and free of NULs.
 */
#include "safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/sort.h>

#include "directory.h"

#define HEADER_MAX ((size_t)4 << 20)
#define DEPTH_MAX  3 /* the header, a tensor, its shape */
#define COMMAS_MAX (32 * MR_DIRECTORY_TENSORS_MAX)
#define METADATA   "__metadata__"

/* What a parse carries around. */
struct parse {
    struct mr_error *err;
    size_t n_data; /* bytes behind the header */
    size_t data0;  /* where they begin */
};

static enum mr_status refuse(const struct parse *p, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "%s", why);
}

static enum mr_status refuse_tensor(const struct parse *p, const char *tensor, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "tensor '%s' %s", tensor, why);
}

/* ---- text ---- */

/* Walks the JSON once without understanding it: nesting, commas, control characters, NUL escapes.
 */
static const char *scan(const unsigned char *s, size_t n)
{
    int depth = 0, commas = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < 0x20)
            return "its header contains a control character";
        if (in_string && s[i] == '\\') {
            if (n - i >= 6 && !memcmp(s + i, "\\u0000", 6))
                return "its header contains a NUL";
            i++;
        } else if (s[i] == '"') {
            in_string = !in_string;
        } else if (!in_string) {
            depth += (s[i] == '{' || s[i] == '[') - (s[i] == '}' || s[i] == ']');
            commas += s[i] == ',';
        }
        if (depth > DEPTH_MAX)
            return "its header is nested too deep";
        if (commas > COMMAS_MAX)
            return "its header has too many parts";
    }
    return NULL;
}

/* ---- the header's parts ---- */

/* A whole number that a double holds exactly. */
static bool get_size(const cJSON *item, size_t *size)
{
    double v;

    if (!cJSON_IsNumber(item))
        return false;
    v = item->valuedouble;
    if (!(v >= 0 && v <= 9007199254740992.0) || v != floor(v))
        return false;
    *size = (size_t)v;
    return true;
}

static bool find_dtype(const char *text, enum mr_dtype *dtype)
{
    for (int i = 0; i < MR_N_DTYPE; i++)
        if (!strcmp(text, mr_dtype_text((enum mr_dtype)i))) {
            *dtype = (enum mr_dtype)i;
            return true;
        }
    return false;
}

static enum mr_status read_dtype(const struct parse *p, struct mr_weights_tensor *t,
                                 const cJSON *item)
{
    if (!cJSON_IsString(item))
        return refuse_tensor(p, t->name, "has no dtype");
    if (!find_dtype(item->valuestring, &t->dtype))
        return refuse_tensor(p, t->name, "has a dtype other than F32, F16, BF16, F64 and I64");
    return MR_OK;
}

static enum mr_status read_shape(const struct parse *p, struct mr_weights_tensor *t,
                                 const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return refuse_tensor(p, t->name, "has no shape");
    cJSON_ArrayForEach(item, list)
    {
        size_t size;

        if (t->n_dims == MR_WEIGHTS_RANK_MAX)
            return refuse_tensor(p, t->name, "has too many dimensions");
        if (!get_size(item, &size))
            return refuse_tensor(p, t->name, "has an impossible shape");
        t->shape[t->n_dims++] = size;
    }
    if (!mr_directory_count(t))
        return refuse_tensor(p, t->name, "has an impossible shape");
    mr_directory_set_dense(t);
    return MR_OK;
}

static enum mr_status read_offsets(const struct parse *p, struct mr_weights_tensor *t,
                                   const cJSON *list)
{
    size_t begin, end, n_bytes;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != 2 ||
        !get_size(cJSON_GetArrayItem(list, 0), &begin) ||
        !get_size(cJSON_GetArrayItem(list, 1), &end))
        return refuse_tensor(p, t->name, "has no data_offsets");
    if (begin > end || end > p->n_data)
        return refuse_tensor(p, t->name, "lies outside the file");
    if (!mr_size_mul(t->n, mr_dtype_size(t->dtype), &n_bytes) || n_bytes != end - begin)
        return refuse_tensor(p, t->name, "has more or fewer bytes than its shape says");
    t->begin = p->data0 + begin;
    t->end = p->data0 + end;
    return MR_OK;
}

static enum mr_status read_tensor(const struct parse *p, struct mr_weights_tensor *t,
                                  const cJSON *item)
{
    enum mr_status st;

    if (!mr_text_is_name(item->string, strlen(item->string)))
        return refuse(p, "a tensor's name is empty, too long or not printable");
    t->name = mr_xstrdup(item->string);
    /* Exactly these three, so none is there twice. */
    if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 3)
        return refuse_tensor(p, t->name, "has other fields than dtype, shape and data_offsets");
    st = read_dtype(p, t, cJSON_GetObjectItemCaseSensitive(item, "dtype"));
    if (!st)
        st = read_shape(p, t, cJSON_GetObjectItemCaseSensitive(item, "shape"));
    if (!st)
        st = read_offsets(p, t, cJSON_GetObjectItemCaseSensitive(item, "data_offsets"));
    return st;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct mr_directory_text *)a)->key,
                  ((const struct mr_directory_text *)b)->key);
}

static enum mr_status read_texts(const struct parse *p, struct mr_directory *h, const cJSON *object)
{
    const cJSON *item;

    if (!cJSON_IsObject(object))
        return refuse(p, "its " METADATA " is not an object");
    h->texts = mr_xalloc((size_t)cJSON_GetArraySize(object), sizeof *h->texts);
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item))
            return refuse(p, "its " METADATA " holds something other than text");
        h->texts[h->n_texts++] =
            (struct mr_directory_text){mr_xstrdup(item->string), mr_xstrdup(item->valuestring)};
    }
    mr_sort(h->texts, (size_t)h->n_texts, sizeof *h->texts, compare_keys);
    for (int i = 1; i < h->n_texts; i++)
        if (!strcmp(h->texts[i - 1].key, h->texts[i].key))
            return refuse(p, "a key stands twice in its " METADATA);
    return MR_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct mr_weights_tensor *)a)->name,
                  ((const struct mr_weights_tensor *)b)->name);
}

static int compare_places(const void *a, const void *b)
{
    const struct mr_weights_tensor *s = a, *t = b;

    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return s->end < t->end ? -1 : s->end > t->end;
}

/* No name twice; no holes, no overlaps, nothing behind the last tensor. */
static enum mr_status check_whole(const struct parse *p, struct mr_directory *h)
{
    size_t at = p->data0;

    mr_sort(h->tensors, (size_t)h->n_tensors, sizeof *h->tensors, compare_names);
    for (int i = 1; i < h->n_tensors; i++)
        if (!strcmp(h->tensors[i - 1].name, h->tensors[i].name))
            return refuse_tensor(p, h->tensors[i].name, "stands twice in the header");
    mr_sort(h->tensors, (size_t)h->n_tensors, sizeof *h->tensors, compare_places);
    for (int i = 0; i < h->n_tensors; i++) {
        if (h->tensors[i].begin != at)
            return refuse_tensor(p, h->tensors[i].name, "does not begin where the one before ends");
        at = h->tensors[i].end;
    }
    if (at != p->data0 + p->n_data)
        return refuse(p, "it has bytes that belong to no tensor");
    return MR_OK;
}

static enum mr_status read_header(const struct parse *p, struct mr_directory *h, const cJSON *root)
{
    int n = cJSON_GetArraySize(root), n_metadata = 0;
    const cJSON *item;

    if (!cJSON_IsObject(root))
        return refuse(p, "its header is not an object");
    if (n > MR_DIRECTORY_TENSORS_MAX + 1)
        return refuse(p, "it has too many tensors");
    h->tensors = mr_xalloc((size_t)n, sizeof *h->tensors);
    cJSON_ArrayForEach(item, root)
    {
        bool is_metadata = !strcmp(item->string, METADATA);
        enum mr_status st;

        if (is_metadata && n_metadata++)
            return refuse(p, METADATA " stands twice in its header");
        if (!is_metadata && h->n_tensors == MR_DIRECTORY_TENSORS_MAX)
            return refuse(p, "it has too many tensors");
        st = is_metadata ? read_texts(p, h, item)
                         : read_tensor(p, &h->tensors[h->n_tensors++], item);
        if (st)
            return st;
    }
    return check_whole(p, h);
}

/* The length in front, checked before anything is believed. */
static enum mr_status find_json(struct parse *p, const unsigned char *data, size_t n,
                                size_t *n_json)
{
    uint64_t length;

    if (n < 8)
        return refuse(p, "it is shorter than 8 bytes");
    memcpy(&length, data, 8);
    if (length > HEADER_MAX)
        return refuse(p, "its header is longer than 4 MiB");
    if (length > n - 8)
        return refuse(p, "its header is longer than the file");
    if (!length || data[8] != '{')
        return refuse(p, "its header does not begin with '{'");
    *n_json = (size_t)length;
    p->data0 = 8 + *n_json;
    p->n_data = n - p->data0;
    return MR_OK;
}

enum mr_status mr_safetensors_parse(struct mr_directory *directory, const unsigned char *data,
                                    size_t n, struct mr_error *err)
{
    struct parse p = {.err = err};
    struct mr_directory h = {0};
    const char *json = (const char *)data + 8, *end = NULL, *why;
    cJSON *root = NULL;
    size_t n_json = 0;
    enum mr_status st = find_json(&p, data, n, &n_json);

    if (st)
        return st;
    if (!mr_text_is_utf8(data + 8, n_json))
        return refuse(&p, "its header is not UTF-8");
    why = scan(data + 8, n_json);
    if (why)
        return refuse(&p, why);
    root = cJSON_ParseWithLengthOpts(json, n_json, &end, 0);
    if (!root)
        return refuse(&p, "its header is not JSON");
    while (end < json + n_json && *end == ' ')
        end++;
    st = end < json + n_json ? refuse(&p, "something follows its header's JSON")
                             : read_header(&p, &h, root);
    cJSON_Delete(root);
    if (st)
        mr_directory_finish(&h);
    else
        *directory = h;
    return st;
}
