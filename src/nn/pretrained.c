/* SPDX-License-Identifier: MIT */
/* torchvision's ImageNet weights (torchvision/models/resnet.py); their files say their own hash. */
#include <misread/nn/pretrained.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/nn/weights_file.h>

const struct mr_pretrained mr_pretrained_list[] = {
    {MR_ARCH_RESNET18, "resnet18-f37072fd.pth", "ImageNet, top-1 69.8 %"},
    {MR_ARCH_RESNET34, "resnet34-b627a593.pth", "ImageNet, top-1 73.3 %"},
    {MR_ARCH_RESNET50, "resnet50-0676ba61.pth", "ImageNet, top-1 76.1 %"},
    {MR_ARCH_RESNET50, "resnet50-11ad3fa6.pth", "ImageNet, a newer recipe, top-1 80.9 %"},
    {MR_N_ARCH, NULL, NULL},
};

const struct mr_pretrained *mr_pretrained_find(const char *name)
{
    for (const struct mr_pretrained *p = mr_pretrained_list; p->file; p++)
        if (!strcmp(p->file, name) || !strcmp(mr_arch_text(p->arch), name))
            return p;
    return NULL;
}

char *mr_pretrained_folder(void)
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");

    if (data && *data)
        return mr_xasprintf("%s/misread/weights", data);
    return mr_xasprintf("%s/.local/share/misread/weights", home ? home : "");
}

char *mr_pretrained_path(const char *file)
{
    char *folder = mr_pretrained_folder();
    char *path = mr_path_join(folder, file);

    free(folder);
    if (mr_path_exists(path))
        return path;
    free(path);
    return mr_path_exists(file) ? mr_xstrdup(file) : NULL;
}

/* The first file of the network that is there; owned by the caller, or NULL. */
static char *find_of_arch(enum mr_arch arch)
{
    char *path = NULL;

    for (const struct mr_pretrained *p = mr_pretrained_list; p->file && !path; p++)
        if (p->arch == arch)
            path = mr_pretrained_path(p->file);
    return path;
}

static enum mr_status refuse(const char *name, const struct mr_pretrained *known,
                             struct mr_error *err)
{
    char *folder = mr_pretrained_folder();
    enum mr_status st;

    if (known)
        st = mr_fail(err, MR_E_NOT_FOUND,
                     "there are no weights '%s' in '%s' yet: 'misread weights %s --download' "
                     "fetches them",
                     name, folder, name);
    else
        st = mr_fail(err, MR_E_NOT_FOUND,
                     "there is no weights file '%s', neither here nor in '%s': 'misread weights' "
                     "lists the names that are known",
                     name, folder);
    free(folder);
    return st;
}

enum mr_status mr_pretrained_resolve(const char *name, char **path, struct mr_error *err)
{
    enum mr_arch arch;
    char *found = NULL;

    /* A file or folder called "resnet18" here does not hide the name; "./resnet18" is that file. */
    if (mr_arch_find(name, &arch))
        found = find_of_arch(arch);
    else
        found =
            strchr(name, '/') && mr_path_exists(name) ? mr_xstrdup(name) : mr_pretrained_path(name);
    if (!found)
        return refuse(name, mr_pretrained_find(name), err);
    *path = found;
    return MR_OK;
}

/* The digits between the last '-' and the end of the name. */
static const char *prefix_of(const struct mr_pretrained *known)
{
    return strrchr(known->file, '-') + 1;
}

enum mr_status mr_pretrained_hash(const char *path, char hash[MR_SHA256_HEX], struct mr_error *err)
{
    unsigned char *data = NULL;
    size_t n;
    enum mr_status st = mr_file_read(path, MR_WEIGHTS_MAX_BYTES, &data, &n, err);

    if (!st)
        mr_hash_sha256(data, n, hash);
    free(data);
    return st;
}

enum mr_status mr_pretrained_check(const struct mr_pretrained *known, const char *path,
                                   char hash[MR_SHA256_HEX], struct mr_error *err)
{
    enum mr_status st = mr_pretrained_hash(path, hash, err);

    if (st)
        return st;
    if (strncmp(hash, prefix_of(known), MR_PRETRAINED_PREFIX) != 0)
        return mr_fail(err, MR_E_FORMAT,
                       "'%s' is damaged or another file: its SHA-256 begins with %.8s, not %.8s",
                       path, hash, prefix_of(known));
    return MR_OK;
}
