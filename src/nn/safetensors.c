/* SPDX-License-Identifier: MIT */
/*
 * safetensors files: 8 bytes of header length, a JSON header, the tensors' bytes. All that the
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
#include <misread/base/file.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are copied as they lie");

#define DEPTH_MAX  3 /* the header, a tensor, its shape */
#define COMMAS_MAX (32 * MR_SAFETENSORS_TENSORS_MAX)
#define METADATA   "__metadata__"

struct mr_safetensors {
    unsigned char *data; /* owned: the whole file */
    size_t n;
    char *path; /* owned */
    struct mr_safetensors_header header;
};

struct dtype {
    const char *text;
    size_t n_bytes;
};

static const struct dtype dtypes[] = {
#define X(name, bytes) [MR_DTYPE_##name] = {#name, bytes},
    MR_DTYPE_LIST(X)
#undef X
};

/* What a parse carries around: where it is for the sentence of a refusal. */
struct parse {
    const char *name;
    struct mr_error *err;
    size_t n_data; /* bytes behind the header */
    size_t data0;  /* where they begin */
};

static enum mr_status refuse(const struct parse *p, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "cannot read '%s' as safetensors: %s", p->name, why);
}

static enum mr_status refuse_tensor(const struct parse *p, const char *tensor, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "cannot read '%s' as safetensors: tensor '%s' %s", p->name,
                   tensor, why);
}

/* ---- text ---- */

/* Bytes of the UTF-8 character at s (n bytes left), or 0: malformed, overlong, a surrogate, too
 * big. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t k = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    uint32_t code;

    if (k < 2 || k > n)
        return k > n ? 0 : k;
    code = s[0] & (0x7fu >> k);
    for (size_t i = 1; i < k; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    return code < least[k] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : k;
}

static bool is_utf8(const unsigned char *s, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) {
        k = utf8_length(s + i, n - i);
        if (!k)
            return false;
    }
    return true;
}

/* No control characters, neither the old ones nor U+0080 to U+009F, and of bearable length. */
static bool is_printable_name(const char *name)
{
    const unsigned char *s = (const unsigned char *)name;
    size_t n = strlen(name);

    if (!n || n > MR_SAFETENSORS_NAME_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] == 0x7f || (s[i] == 0xc2 && s[i + 1] < 0xa0))
            return false;
    return true;
}

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
        if (!strcmp(text, dtypes[i].text)) {
            *dtype = (enum mr_dtype)i;
            return true;
        }
    return false;
}

static enum mr_status read_dtype(const struct parse *p, struct mr_safetensors_tensor *t,
                                 const cJSON *item)
{
    if (!cJSON_IsString(item))
        return refuse_tensor(p, t->name, "has no dtype");
    if (!find_dtype(item->valuestring, &t->dtype))
        return refuse_tensor(p, t->name, "has a dtype other than F32, F16, BF16, F64 and I64");
    return MR_OK;
}

static enum mr_status read_shape(const struct parse *p, struct mr_safetensors_tensor *t,
                                 const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return refuse_tensor(p, t->name, "has no shape");
    t->n = 1;
    cJSON_ArrayForEach(item, list)
    {
        size_t size;

        if (t->n_dims == MR_SAFETENSORS_RANK_MAX)
            return refuse_tensor(p, t->name, "has too many dimensions");
        if (!get_size(item, &size) || !mr_size_mul(t->n, size, &t->n))
            return refuse_tensor(p, t->name, "has an impossible shape");
        t->shape[t->n_dims++] = size;
    }
    return MR_OK;
}

static enum mr_status read_offsets(const struct parse *p, struct mr_safetensors_tensor *t,
                                   const cJSON *list)
{
    size_t begin, end, n_bytes;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != 2 ||
        !get_size(cJSON_GetArrayItem(list, 0), &begin) ||
        !get_size(cJSON_GetArrayItem(list, 1), &end))
        return refuse_tensor(p, t->name, "has no data_offsets");
    if (begin > end || end > p->n_data)
        return refuse_tensor(p, t->name, "lies outside the file");
    if (!mr_size_mul(t->n, dtypes[t->dtype].n_bytes, &n_bytes) || n_bytes != end - begin)
        return refuse_tensor(p, t->name, "has more or fewer bytes than its shape says");
    t->begin = p->data0 + begin;
    t->end = p->data0 + end;
    return MR_OK;
}

static enum mr_status read_tensor(const struct parse *p, struct mr_safetensors_tensor *t,
                                  const cJSON *item)
{
    enum mr_status st;

    if (!is_printable_name(item->string))
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
    return strcmp(((const struct mr_safetensors_pair *)a)->key,
                  ((const struct mr_safetensors_pair *)b)->key);
}

static enum mr_status read_texts(const struct parse *p, struct mr_safetensors_header *h,
                                 const cJSON *object)
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
            (struct mr_safetensors_pair){mr_xstrdup(item->string), mr_xstrdup(item->valuestring)};
    }
    qsort(h->texts, (size_t)h->n_texts, sizeof *h->texts, compare_keys);
    for (int i = 1; i < h->n_texts; i++)
        if (!strcmp(h->texts[i - 1].key, h->texts[i].key))
            return refuse(p, "a key stands twice in its " METADATA);
    return MR_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct mr_safetensors_tensor *)a)->name,
                  ((const struct mr_safetensors_tensor *)b)->name);
}

static int compare_places(const void *a, const void *b)
{
    const struct mr_safetensors_tensor *s = a, *t = b;

    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return s->end < t->end ? -1 : s->end > t->end;
}

/* No name twice; no holes, no overlaps, nothing behind the last tensor. */
static enum mr_status check_whole(const struct parse *p, struct mr_safetensors_header *h)
{
    size_t at = p->data0;

    qsort(h->tensors, (size_t)h->n_tensors, sizeof *h->tensors, compare_names);
    for (int i = 1; i < h->n_tensors; i++)
        if (!strcmp(h->tensors[i - 1].name, h->tensors[i].name))
            return refuse_tensor(p, h->tensors[i].name, "stands twice in the header");
    qsort(h->tensors, (size_t)h->n_tensors, sizeof *h->tensors, compare_places);
    for (int i = 0; i < h->n_tensors; i++) {
        if (h->tensors[i].begin != at)
            return refuse_tensor(p, h->tensors[i].name, "does not begin where the one before ends");
        at = h->tensors[i].end;
    }
    if (at != p->data0 + p->n_data)
        return refuse(p, "it has bytes that belong to no tensor");
    return MR_OK;
}

static enum mr_status read_header(const struct parse *p, struct mr_safetensors_header *h,
                                  const cJSON *root)
{
    int n = cJSON_GetArraySize(root), n_metadata = 0;
    const cJSON *item;

    if (!cJSON_IsObject(root))
        return refuse(p, "its header is not an object");
    if (n > MR_SAFETENSORS_TENSORS_MAX + 1)
        return refuse(p, "it has too many tensors");
    h->tensors = mr_xalloc((size_t)n, sizeof *h->tensors);
    cJSON_ArrayForEach(item, root)
    {
        bool is_metadata = !strcmp(item->string, METADATA);
        enum mr_status st;

        if (is_metadata && n_metadata++)
            return refuse(p, METADATA " stands twice in its header");
        if (!is_metadata && h->n_tensors == MR_SAFETENSORS_TENSORS_MAX)
            return refuse(p, "it has too many tensors");
        st = is_metadata ? read_texts(p, h, item)
                         : read_tensor(p, &h->tensors[h->n_tensors++], item);
        if (st)
            return st;
    }
    return check_whole(p, h);
}

void mr_safetensors_header_finish(struct mr_safetensors_header *header)
{
    for (int i = 0; i < header->n_tensors; i++)
        free(header->tensors[i].name);
    for (int i = 0; i < header->n_texts; i++) {
        free(header->texts[i].key);
        free(header->texts[i].value);
    }
    free(header->tensors);
    free(header->texts);
    *header = (struct mr_safetensors_header){0};
}

/* The length in front, checked before anything is believed. */
static enum mr_status find_json(struct parse *p, const unsigned char *data, size_t n,
                                size_t *n_json)
{
    uint64_t length;

    if (n < 8)
        return refuse(p, "it is shorter than 8 bytes");
    memcpy(&length, data, 8);
    if (length > MR_SAFETENSORS_HEADER_MAX)
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

enum mr_status mr_safetensors_parse(struct mr_safetensors_header *header, const unsigned char *data,
                                    size_t n, const char *name, struct mr_error *err)
{
    struct parse p = {.name = name, .err = err};
    struct mr_safetensors_header h = {0};
    const char *json = (const char *)data + 8, *end = NULL, *why;
    cJSON *root = NULL;
    size_t n_json = 0;
    enum mr_status st = find_json(&p, data, n, &n_json);

    if (st)
        return st;
    if (!is_utf8(data + 8, n_json))
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
        mr_safetensors_header_finish(&h);
    else
        *header = h;
    return st;
}

/* ---- files ---- */

enum mr_status mr_safetensors_open(struct mr_safetensors **file, const char *path,
                                   struct mr_error *err)
{
    struct mr_safetensors *f = mr_xalloc(1, sizeof *f);
    enum mr_status st;

    f->path = mr_xstrdup(path);
    st = mr_file_read(path, MR_SAFETENSORS_FILE_MAX, &f->data, &f->n, err);
    if (!st)
        st = mr_safetensors_parse(&f->header, f->data, f->n, path, err);
    if (st) {
        mr_safetensors_close(f);
        return st;
    }
    *file = f;
    return MR_OK;
}

void mr_safetensors_close(struct mr_safetensors *file)
{
    if (!file)
        return;
    mr_safetensors_header_finish(&file->header);
    free(file->data);
    free(file->path);
    free(file);
}

const struct mr_safetensors_header *mr_safetensors_get_header(const struct mr_safetensors *file)
{
    return &file->header;
}

const struct mr_safetensors_tensor *mr_safetensors_find(const struct mr_safetensors *file,
                                                        const char *name)
{
    for (int i = 0; i < file->header.n_tensors; i++)
        if (!strcmp(file->header.tensors[i].name, name))
            return &file->header.tensors[i];
    return NULL;
}

const char *mr_safetensors_text(const struct mr_safetensors *file, const char *key)
{
    for (int i = 0; i < file->header.n_texts; i++)
        if (!strcmp(file->header.texts[i].key, key))
            return file->header.texts[i].value;
    return NULL;
}

/* ---- numbers ---- */

static float bits_to_float(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16 to binary32, exact. */
static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;

    if (exponent == 31) /* infinity, NaN */
        return bits_to_float(sign | 0x7f800000u | fraction << 13);
    if (exponent) /* the bias grows from 15 to 127 */
        return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
    /* zero and subnormal: fraction / 2^24 */
    return (sign ? -1.0f : 1.0f) * ((float)fraction * 0x1p-24f);
}

static void from_f32(float *dst, const unsigned char *src, size_t n)
{
    memcpy(dst, src, n * sizeof *dst);
}

static void from_f16(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;

        memcpy(&h, src + i * sizeof h, sizeof h);
        dst[i] = half_to_float(h);
    }
}

static void from_bf16(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;

        memcpy(&h, src + i * sizeof h, sizeof h);
        dst[i] = bits_to_float((uint32_t)h << 16);
    }
}

static void from_f64(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double d;

        memcpy(&d, src + i * sizeof d, sizeof d);
        dst[i] = (float)d;
    }
}

static void (*const converters[])(float *dst, const unsigned char *src, size_t n) = {
    [MR_DTYPE_F32] = from_f32, [MR_DTYPE_F16] = from_f16, [MR_DTYPE_BF16] = from_bf16,
    [MR_DTYPE_F64] = from_f64, [MR_DTYPE_I64] = NULL,
};

bool mr_safetensors_convert(const struct mr_safetensors *file,
                            const struct mr_safetensors_tensor *tensor, float *dst)
{
    if (!converters[tensor->dtype])
        return false;
    converters[tensor->dtype](dst, file->data + tensor->begin, tensor->n);
    return true;
}

enum mr_status mr_safetensors_floats(const struct mr_safetensors *file, const char *name,
                                     float **data, size_t *n, struct mr_error *err)
{
    const struct mr_safetensors_tensor *t = mr_safetensors_find(file, name);
    size_t n_bytes;
    float *floats;

    if (!t)
        return mr_fail(err, MR_E_NOT_FOUND, "there is no tensor '%s' in '%s'", name, file->path);
    floats = mr_size_mul(t->n, sizeof *floats, &n_bytes) ? malloc(n_bytes ? n_bytes : 1) : NULL;
    if (!floats)
        return mr_fail(err, MR_E_NOMEM, "no memory for tensor '%s' of '%s'", name, file->path);
    if (!mr_safetensors_convert(file, t, floats)) {
        free(floats);
        return mr_fail(err, MR_E_FORMAT, "tensor '%s' of '%s' does not hold floating-point numbers",
                       name, file->path);
    }
    *data = floats;
    *n = t->n;
    return MR_OK;
}
