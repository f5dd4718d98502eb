/* SPDX-License-Identifier: MIT */
/*
 * A zip archive whose NAME/data.pkl is a pickle of the dictionary and whose NAME/data/KEY are the
 * bytes of storages, of which tensors are strided views (torch/serialization.py). A tensor is the
 * call
 *
 *   _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
 *
 * and a parameter _rebuild_parameter(tensor, requires_grad, hooks); a storage is the persistent
 * ('storage', its type, KEY, device, elements). Each is checked to be exactly that.
 */
#include "torch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>

#include "directory.h"
#include "pickle.h"
#include "zip.h"

#define PREFIX_MAX 200
#define KEY_MAX    20
/* Views may show bytes more than once, but not to make much out of little. */
#define EXPANSION_MAX 4

struct parse {
    const unsigned char *data;
    size_t n;
    struct mr_error *err;
    struct mr_zip zip;
    char prefix[PREFIX_MAX + 1]; /* with the slash */
    struct mr_pickle *pickle;    /* owned */
    size_t n_logical;            /* bytes of all tensors so far, as often as they are shown */
};

static enum mr_status refuse(const struct parse *p, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "%s", why);
}

static enum mr_status refuse_tensor(const struct parse *p, const char *name, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "tensor '%.100s' %s", name, why);
}

/* ---- the archive ---- */

static const struct mr_zip_entry *find_part(const struct parse *p, const char *name, size_t n)
{
    char path[PREFIX_MAX + 32];

    snprintf(path, sizeof path, "%s%.*s", p->prefix, (int)n, name);
    return mr_zip_find(&p->zip, path);
}

/* The one part called NAME/data.pkl tells NAME. */
static enum mr_status find_prefix(struct parse *p)
{
    static const char end[] = "/data.pkl";
    size_t n_end = sizeof end - 1;
    int n_found = 0;

    for (int i = 0; i < p->zip.n_entries; i++) {
        const struct mr_zip_entry *e = &p->zip.entries[i];
        const unsigned char *slash = memchr(e->name, '/', e->n_name);

        if (e->n_name <= n_end || slash != e->name + e->n_name - n_end ||
            memcmp(slash, end, n_end) != 0 || memchr(e->name, '\0', e->n_name))
            continue;
        if (e->n_name - n_end >= PREFIX_MAX || n_found++)
            return refuse(p, "it is an archive, but not one of torch.save");
        memcpy(p->prefix, e->name, e->n_name - n_end + 1);
    }
    return n_found ? MR_OK : refuse(p, "it is an archive, but not one of torch.save");
}

static enum mr_status check_byte_order(const struct parse *p)
{
    const struct mr_zip_entry *e = find_part(p, "byteorder", 9);

    if (!e || (e->n == 6 && !memcmp(p->data + e->begin, "little", 6)))
        return MR_OK;
    return refuse(p, "its numbers are not little-endian");
}

/* ---- tensors ---- */

/* The first n items of a value, which must have exactly so many. */
static bool get_items(const struct parse *p, const struct mr_pickle_value *value, uint32_t n,
                      const struct mr_pickle_value **items)
{
    struct mr_pickle_items walk = mr_pickle_items(value);

    if (value->n_items != n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        items[i] = mr_pickle_next(p->pickle, &walk);
    return true;
}

static bool get_size(const struct mr_pickle_value *value, size_t *size)
{
    if (value->kind != MR_PICKLE_INT || value->number < 0)
        return false;
    *size = (size_t)value->number;
    return true;
}

static bool get_sizes(const struct parse *p, const struct mr_pickle_value *tuple, size_t *sizes,
                      int n)
{
    const struct mr_pickle_value *items[MR_WEIGHTS_RANK_MAX];

    if (tuple->kind != MR_PICKLE_TUPLE || !get_items(p, tuple, (uint32_t)n, items))
        return false;
    for (int d = 0; d < n; d++)
        if (!get_size(items[d], &sizes[d]))
            return false;
    return true;
}

static bool find_dtype(const struct mr_pickle_value *type, enum mr_dtype *dtype)
{
    static const struct {
        enum mr_pickle_global type;
        enum mr_dtype dtype;
    } storages[] = {
        {MR_PICKLE_FLOAT_STORAGE, MR_DTYPE_F32},     {MR_PICKLE_HALF_STORAGE, MR_DTYPE_F16},
        {MR_PICKLE_BFLOAT16_STORAGE, MR_DTYPE_BF16}, {MR_PICKLE_DOUBLE_STORAGE, MR_DTYPE_F64},
        {MR_PICKLE_LONG_STORAGE, MR_DTYPE_I64},
    };

    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++)
        if (type->kind == MR_PICKLE_GLOBAL && type->number == (int64_t)storages[i].type) {
            *dtype = storages[i].dtype;
            return true;
        }
    return false;
}

/* The bytes of a key, which is of digits only. NULL if there are none. */
static const struct mr_zip_entry *find_storage(const struct parse *p,
                                               const struct mr_pickle_value *key)
{
    char path[KEY_MAX + 8];

    if (key->kind != MR_PICKLE_TEXT || !key->n_text || key->n_text > KEY_MAX)
        return NULL;
    for (size_t i = 0; i < key->n_text; i++)
        if (key->text[i] < '0' || key->text[i] > '9')
            return NULL;
    snprintf(path, sizeof path, "data/%.*s", (int)key->n_text, (const char *)key->text);
    return find_part(p, path, strlen(path));
}

/* Sets dtype, begin and end of t to those of the whole storage; *n is how many elements it says to
 * have. */
static enum mr_status read_storage(const struct parse *p, struct mr_weights_tensor *t,
                                   const struct mr_pickle_value *storage, size_t *n)
{
    const struct mr_pickle_value *id[5];
    const struct mr_zip_entry *entry;
    size_t n_bytes;

    if (storage->kind != MR_PICKLE_PERSISTENT || !get_items(p, storage, 5, id) ||
        !mr_pickle_is_text(id[0], "storage") || !find_dtype(id[1], &t->dtype) ||
        !get_size(id[4], n))
        return refuse_tensor(p, t->name, "has no storage of a known type");
    entry = find_storage(p, id[2]);
    if (!entry)
        return refuse_tensor(p, t->name, "names bytes that the archive lacks");
    if (!mr_size_mul(*n, mr_dtype_size(t->dtype), &n_bytes) || n_bytes > entry->n)
        return refuse_tensor(p, t->name, "claims more numbers than the archive holds");
    t->begin = entry->begin;
    t->end = entry->begin + n_bytes;
    return MR_OK;
}

/* The arguments of the call that makes a tensor, or of the one within that makes a parameter. */
static bool find_call(const struct parse *p, const struct mr_pickle_value *value,
                      const struct mr_pickle_value *args[6])
{
    if (value->kind == MR_PICKLE_CALL && value->number == MR_PICKLE_REBUILD_PARAMETER &&
        get_items(p, value, 3, args))
        value = args[0];
    return value->kind == MR_PICKLE_CALL && value->number == MR_PICKLE_REBUILD_TENSOR &&
           get_items(p, value, 6, args);
}

static bool is_tensor(const struct mr_pickle_value *value)
{
    return value->kind == MR_PICKLE_CALL && (value->number == MR_PICKLE_REBUILD_PARAMETER ||
                                             value->number == MR_PICKLE_REBUILD_TENSOR);
}

/* Moves begin to the first element, and checks that the last one is within the storage. */
static enum mr_status place_view(struct parse *p, struct mr_weights_tensor *t, size_t offset,
                                 size_t n_storage)
{
    size_t span, n_bytes;

    if (!mr_directory_count(t) || !mr_directory_span(t, &span))
        return refuse_tensor(p, t->name, "has an impossible shape");
    if (offset > n_storage || span > n_storage - offset)
        return refuse_tensor(p, t->name, "reaches beyond its storage");
    if (!mr_size_mul(t->n, mr_dtype_size(t->dtype), &n_bytes) ||
        n_bytes > EXPANSION_MAX * p->n - p->n_logical)
        return refuse(p, "its tensors show its bytes far too often");
    p->n_logical += n_bytes;
    t->begin += offset * mr_dtype_size(t->dtype);
    return MR_OK;
}

static enum mr_status read_tensor(struct parse *p, struct mr_weights_tensor *t,
                                  const struct mr_pickle_value *value)
{
    const struct mr_pickle_value *args[6];
    size_t offset, n_storage = 0;
    enum mr_status st;

    if (!find_call(p, value, args))
        return refuse_tensor(p, t->name, "is not made as torch makes tensors");
    st = read_storage(p, t, args[0], &n_storage);
    if (st)
        return st;
    if (args[2]->n_items > MR_WEIGHTS_RANK_MAX)
        return refuse_tensor(p, t->name, "has too many dimensions");
    t->n_dims = (int)args[2]->n_items;
    if (!get_size(args[1], &offset) || !get_sizes(p, args[2], t->shape, t->n_dims) ||
        !get_sizes(p, args[3], t->stride, t->n_dims))
        return refuse_tensor(p, t->name, "has a shape or strides that are not whole and positive");
    return place_view(p, t, offset, n_storage);
}

/* ---- dictionaries ---- */

/* The next key and value; false behind the last. */
static bool next_pair(const struct parse *p, struct mr_pickle_items *items,
                      const struct mr_pickle_value **key, const struct mr_pickle_value **value)
{
    *key = mr_pickle_next(p->pickle, items);
    *value = *key ? mr_pickle_next(p->pickle, items) : NULL;
    return *value;
}

static int count_tensors(const struct parse *p, const struct mr_pickle_value *dict)
{
    struct mr_pickle_items items = mr_pickle_items(dict);
    const struct mr_pickle_value *key, *value;
    int n = 0;

    while (next_pair(p, &items, &key, &value))
        n += is_tensor(value);
    return n;
}

/* The value of a key that is a dictionary with tensors; NULL if there is none. */
static const struct mr_pickle_value *
find_inner(const struct parse *p, const struct mr_pickle_value *dict, const char *wanted)
{
    struct mr_pickle_items items = mr_pickle_items(dict);
    const struct mr_pickle_value *key, *value;

    while (next_pair(p, &items, &key, &value))
        if (mr_pickle_is_text(key, wanted) && value->kind == MR_PICKLE_DICT &&
            count_tensors(p, value))
            return value;
    return NULL;
}

/* NULL: there is none. */
static const struct mr_pickle_value *find_state_dict(const struct parse *p)
{
    static const char *const keys[] = {"state_dict", "model_state_dict", "model"};
    const struct mr_pickle_value *root = mr_pickle_root(p->pickle), *found = NULL;

    if (root->kind != MR_PICKLE_DICT)
        return NULL;
    if (count_tensors(p, root))
        return root;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !found; i++)
        found = find_inner(p, root, keys[i]);
    return found;
}

static enum mr_status read_pair(struct parse *p, struct mr_directory *directory,
                                const struct mr_pickle_value *key,
                                const struct mr_pickle_value *value)
{
    struct mr_weights_tensor *t = &directory->tensors[directory->n_tensors];
    char name[MR_DIRECTORY_NAME_MAX + 1];

    if (key->kind != MR_PICKLE_TEXT || !mr_text_is_name((const char *)key->text, key->n_text))
        return refuse(p, "a tensor's name is empty, too long or not printable");
    snprintf(name, sizeof name, "%.*s", (int)key->n_text, (const char *)key->text);
    if (mr_directory_find(directory, name))
        return refuse_tensor(p, name, "is there twice");
    t->name = mr_xstrdup(name);
    directory->n_tensors++;
    return read_tensor(p, t, value);
}

static enum mr_status read_state_dict(struct parse *p, struct mr_directory *directory)
{
    const struct mr_pickle_value *dict = find_state_dict(p), *key, *value;
    struct mr_pickle_items items;
    enum mr_status st = MR_OK;
    int n;

    if (!dict)
        return refuse(p, "it holds no dictionary of tensors; write one with "
                         "torch.save(model.state_dict(), 'weights.pth')");
    n = count_tensors(p, dict);
    if (n > MR_DIRECTORY_TENSORS_MAX)
        return refuse(p, "it has too many tensors");
    directory->tensors = mr_xalloc((size_t)n, sizeof *directory->tensors);
    items = mr_pickle_items(dict);
    while (!st && next_pair(p, &items, &key, &value))
        if (is_tensor(value))
            st = read_pair(p, directory, key, value);
    return st;
}

/* ---- the file ---- */

static enum mr_status read_archive(struct parse *p, struct mr_directory *directory)
{
    const struct mr_zip_entry *entry;
    enum mr_status st = find_prefix(p);

    if (!st)
        st = check_byte_order(p);
    if (st)
        return st;
    entry = find_part(p, "data.pkl", 8);
    st = mr_pickle_parse(&p->pickle, p->data + entry->begin, entry->n, p->err);
    return st ? st : read_state_dict(p, directory);
}

enum mr_status mr_torch_parse(struct mr_directory *directory, const unsigned char *data, size_t n,
                              struct mr_error *err)
{
    struct parse p = {.data = data, .n = n, .err = err};
    struct mr_directory found = {0};
    enum mr_status st;

    if (n && data[0] == 0x80) /* a bare pickle */
        return refuse(&p, "it is of the format before PyTorch 1.6; load it with torch.load and "
                          "write it anew with torch.save(model.state_dict(), 'weights.pth')");
    st = mr_zip_parse(&p.zip, data, n, err);
    if (!st)
        st = read_archive(&p, &found);
    mr_pickle_destroy(p.pickle);
    mr_zip_finish(&p.zip);
    if (st)
        mr_directory_finish(&found);
    else
        *directory = found;
    return st;
}
