/* SPDX-License-Identifier: MIT */
/* The common denominator of the formats. The packed form is numbers of 8 bytes, and texts behind
 * their length; it never leaves the machine. */
#include "directory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>

static const struct {
    const char *text;
    size_t n_bytes;
} dtypes[] = {
#define X(name, bytes) [MR_DTYPE_##name] = {#name, bytes},
    MR_DTYPE_LIST(X)
#undef X
};

const char *mr_dtype_text(enum mr_dtype dtype)
{
    return dtypes[dtype].text;
}

size_t mr_dtype_size(enum mr_dtype dtype)
{
    return dtypes[dtype].n_bytes;
}

void mr_directory_finish(struct mr_directory *directory)
{
    for (int i = 0; i < directory->n_tensors; i++)
        free(directory->tensors[i].name);
    for (int i = 0; i < directory->n_texts; i++) {
        free(directory->texts[i].key);
        free(directory->texts[i].value);
    }
    free(directory->tensors);
    free(directory->texts);
    *directory = (struct mr_directory){0};
}

const struct mr_weights_tensor *mr_directory_find(const struct mr_directory *directory,
                                                  const char *name)
{
    for (int i = 0; i < directory->n_tensors; i++)
        if (!strcmp(directory->tensors[i].name, name))
            return &directory->tensors[i];
    return NULL;
}

/* ---- arithmetic that cannot overflow ---- */

bool mr_directory_count(struct mr_weights_tensor *tensor)
{
    size_t n = 1;

    for (int d = 0; d < tensor->n_dims; d++)
        if (!mr_size_mul(n, tensor->shape[d], &n))
            return false;
    tensor->n = n;
    return true;
}

bool mr_directory_span(const struct mr_weights_tensor *tensor, size_t *span)
{
    size_t last = 0;

    for (int d = 0; d < tensor->n_dims; d++) {
        size_t step;

        if (!tensor->shape[d]) {
            *span = 0;
            return true;
        }
        if (!mr_size_mul(tensor->shape[d] - 1, tensor->stride[d], &step) || step >= SIZE_MAX - last)
            return false;
        last += step;
    }
    *span = last + 1;
    return true;
}

void mr_directory_set_dense(struct mr_weights_tensor *tensor)
{
    size_t stride = 1;

    for (int d = tensor->n_dims - 1; d >= 0; d--) {
        tensor->stride[d] = stride;
        stride *= tensor->shape[d];
    }
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

bool mr_text_is_utf8(const unsigned char *s, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) {
        k = utf8_length(s + i, n - i);
        if (!k)
            return false;
    }
    return true;
}

bool mr_text_is_name(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;

    if (!n || n > MR_DIRECTORY_NAME_MAX || !mr_text_is_utf8(s, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] == 0x7f || (s[i] == 0xc2 && s[i + 1] < 0xa0))
            return false;
    return true;
}

/* ---- across the border ---- */

struct packer {
    unsigned char *out;
    size_t n, cap;
    bool is_full;
};

static void put(struct packer *p, const void *data, size_t n)
{
    p->is_full = p->is_full || n > p->cap - p->n;
    if (p->is_full || !n)
        return;
    memcpy(p->out + p->n, data, n);
    p->n += n;
}

static void put_number(struct packer *p, size_t number)
{
    uint64_t wide = number;

    put(p, &wide, sizeof wide);
}

static void put_text(struct packer *p, const char *text)
{
    size_t n = strlen(text);

    put_number(p, n);
    put(p, text, n);
}

bool mr_directory_pack(const struct mr_directory *directory, unsigned char *out, size_t cap,
                       size_t *n)
{
    struct packer p = {.out = out, .cap = cap};

    put_number(&p, (size_t)directory->n_tensors);
    put_number(&p, (size_t)directory->n_texts);
    for (int i = 0; i < directory->n_tensors; i++) {
        const struct mr_weights_tensor *t = &directory->tensors[i];

        put_text(&p, t->name);
        put_number(&p, (size_t)t->dtype);
        put_number(&p, (size_t)t->n_dims);
        for (int d = 0; d < t->n_dims; d++) {
            put_number(&p, t->shape[d]);
            put_number(&p, t->stride[d]);
        }
        put_number(&p, t->begin);
        put_number(&p, t->end);
    }
    for (int i = 0; i < directory->n_texts; i++) {
        put_text(&p, directory->texts[i].key);
        put_text(&p, directory->texts[i].value);
    }
    *n = p.n;
    return !p.is_full;
}

struct unpacker {
    const unsigned char *at;
    size_t left;
};

static bool get_number(struct unpacker *u, size_t max, size_t *number)
{
    uint64_t wide;

    if (u->left < sizeof wide)
        return false;
    memcpy(&wide, u->at, sizeof wide);
    u->at += sizeof wide;
    u->left -= sizeof wide;
    *number = (size_t)wide;
    return wide <= max;
}

/* NULL, or owned by the caller. */
static char *get_text(struct unpacker *u)
{
    size_t n;
    char *text;

    if (!get_number(u, u->left, &n) || n > u->left)
        return NULL;
    text = mr_xalloc(n + 1, 1);
    memcpy(text, u->at, n);
    u->at += n;
    u->left -= n;
    return text;
}

/* All of the tensor's elements lie between begin and end, and those in the file. */
static bool is_inside(struct mr_weights_tensor *t, size_t n_file)
{
    size_t span, n_bytes;

    return mr_directory_count(t) && mr_directory_span(t, &span) &&
           mr_size_mul(span, mr_dtype_size(t->dtype), &n_bytes) && t->end <= n_file &&
           t->begin <= t->end && n_bytes <= t->end - t->begin;
}

static bool get_tensor(struct unpacker *u, struct mr_weights_tensor *t, size_t n_file)
{
    size_t dtype, n_dims;

    t->name = get_text(u);
    if (!t->name || !mr_text_is_name(t->name, strlen(t->name)) ||
        !get_number(u, MR_N_DTYPE - 1, &dtype) || !get_number(u, MR_WEIGHTS_RANK_MAX, &n_dims))
        return false;
    t->dtype = (enum mr_dtype)dtype;
    t->n_dims = (int)n_dims;
    for (int d = 0; d < t->n_dims; d++)
        if (!get_number(u, SIZE_MAX, &t->shape[d]) || !get_number(u, SIZE_MAX, &t->stride[d]))
            return false;
    return get_number(u, n_file, &t->begin) && get_number(u, n_file, &t->end) &&
           is_inside(t, n_file);
}

static bool get_directory(struct unpacker *u, struct mr_directory *directory, size_t n_file)
{
    size_t n_tensors, n_texts;

    /* A text takes at least the 16 bytes of its two lengths. */
    if (!get_number(u, MR_DIRECTORY_TENSORS_MAX, &n_tensors) ||
        !get_number(u, u->left / 16, &n_texts))
        return false;
    directory->tensors = mr_xalloc(n_tensors, sizeof *directory->tensors);
    directory->texts = mr_xalloc(n_texts, sizeof *directory->texts);
    while ((size_t)directory->n_tensors < n_tensors)
        if (!get_tensor(u, &directory->tensors[directory->n_tensors++], n_file))
            return false;
    while ((size_t)directory->n_texts < n_texts) {
        struct mr_directory_text *text = &directory->texts[directory->n_texts++];

        text->key = get_text(u);
        text->value = text->key ? get_text(u) : NULL;
        if (!text->value)
            return false;
    }
    return !u->left;
}

bool mr_directory_unpack(struct mr_directory *directory, const unsigned char *in, size_t n,
                         size_t n_file)
{
    struct unpacker u = {in, n};
    struct mr_directory found = {0};

    if (!get_directory(&u, &found, n_file)) {
        mr_directory_finish(&found);
        return false;
    }
    *directory = found;
    return true;
}
