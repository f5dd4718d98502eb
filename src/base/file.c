/* SPDX-License-Identifier: MIT */
/* Files. The order of write, fsync, rename, fsync is what makes a file whole or absent. */
#include <misread/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>

static enum mr_status read_all(int fd, const char *path, unsigned char *data, size_t n,
                               size_t *n_read, struct mr_error *err)
{
    size_t got = 0;

    while (got < n) {
        ssize_t k = read(fd, data + got, n - got);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return mr_fail(err, MR_E_IO, "cannot read '%s': %s", path, strerror(errno));
        if (k == 0)
            break;
        got += (size_t)k;
    }
    *n_read = got;
    return MR_OK;
}

static enum mr_status check_readable(int fd, const char *path, size_t max_bytes, size_t *n,
                                     struct mr_error *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return mr_fail(err, MR_E_IO, "cannot look at '%s': %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return mr_fail(err, MR_E_UNSUPPORTED, "cannot read '%s': it is not a regular file", path);
    if ((unsigned long long)st.st_size > max_bytes)
        return mr_fail(err, MR_E_LIMIT,
                       "cannot read '%s': its %lld bytes are over the limit of %zu", path,
                       (long long)st.st_size, max_bytes);
    *n = (size_t)st.st_size;
    return MR_OK;
}

enum mr_status mr_file_read(const char *path, size_t max_bytes, unsigned char **data, size_t *n,
                            struct mr_error *err)
{
    enum mr_status st;
    unsigned char *buffer = NULL;
    size_t size = 0;
    /* O_NONBLOCK: opening a FIFO must not hang before it is refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return mr_fail(err, MR_E_IO, "cannot open '%s': %s", path, strerror(errno));
    st = check_readable(fd, path, max_bytes, &size, err);
    if (st)
        goto out;
    buffer = malloc(size + 1);
    if (!buffer) {
        st = mr_fail(err, MR_E_NOMEM, "no memory for the %zu bytes of '%s'", size, path);
        goto out;
    }
    st = read_all(fd, path, buffer, size, &size, err);
    if (st)
        goto out;
    buffer[size] = '\0';
    *data = buffer;
    *n = size;
    buffer = NULL;
out:
    free(buffer);
    close(fd);
    return st;
}

static int write_all(int fd, const unsigned char *data, size_t n)
{
    while (n) {
        ssize_t k = write(fd, data, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        data += k;
        n -= (size_t)k;
    }
    return 0;
}

int mr_dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed, why;

    if (fd < 0)
        return -1;
    failed = fsync(fd);
    why = errno;
    close(fd);
    errno = why;
    /* Some file systems cannot sync folders and say so with EINVAL. */
    return failed && why != EINVAL ? -1 : 0;
}

static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int failed = dir ? mr_dir_sync(dir) : -1;

    free(dir);
    return failed;
}

enum mr_status mr_file_write(const char *path, int mode, const struct mr_file_part *parts,
                             size_t n_parts, struct mr_error *err)
{
    char *temporary = mr_xasprintf("%s.tmp.%ld", path, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    int failed = fd < 0;

    for (size_t i = 0; i < n_parts && !failed; i++)
        failed = write_all(fd, parts[i].data, parts[i].n);
    if (!failed)
        failed = fsync(fd);
    if (fd >= 0 && close(fd))
        failed = 1;
    if (!failed)
        failed = rename(temporary, path);
    if (!failed)
        failed = sync_folder_of(path);
    if (failed) {
        int why = errno;

        if (fd >= 0)
            unlink(temporary);
        free(temporary);
        return mr_fail(err, MR_E_IO, "cannot write '%s': %s", path, strerror(why));
    }
    free(temporary);
    return MR_OK;
}

enum mr_status mr_dir_make(const char *path, int mode, struct mr_error *err)
{
    char *part = mr_xstrdup(path);
    enum mr_status st = MR_OK;

    for (char *p = part + 1;; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(part, (mode_t)mode) && errno != EEXIST) {
            st = mr_fail(err, MR_E_IO, "cannot make the folder '%s': %s", part, strerror(errno));
            break;
        }
        *p = c;
        if (!c)
            break;
    }
    if (!st && !mr_path_is_dir(path))
        st = mr_fail(err, MR_E_IO, "cannot make the folder '%s': a file of that name is there",
                     path);
    free(part);
    return st;
}

char *mr_path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);

    return mr_xasprintf("%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

const char *mr_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

uint64_t mr_file_stamp(const char *path)
{
    struct stat st;
    uint64_t h;

    if (stat(path, &st))
        return 0;
    h = mr_hash_mix((uint64_t)st.st_dev ^ mr_hash_mix((uint64_t)st.st_ino));
    h = mr_hash_mix(h ^ (uint64_t)st.st_size);
    h = mr_hash_mix(h ^ (uint64_t)st.st_mtim.tv_sec);
    h = mr_hash_mix(h ^ (uint64_t)st.st_mtim.tv_nsec);
    return h ? h : 1;
}

bool mr_path_is_dir(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool mr_path_exists(const char *path)
{
    struct stat st;

    return !stat(path, &st);
}

bool mr_path_is_network(const char *path)
{
    /* f_type of statfs(2): NFS, SMB, SMB2, CIFS, AFS, CODA, 9p, Ceph */
    static const unsigned long network[] = {0x6969,     0x517b,     0xfe534d42, 0xff534d42,
                                            0x5346414f, 0x73757245, 0x01021997, 0x00c36400};
    struct statfs fs;

    if (statfs(path, &fs))
        return false;
    for (size_t i = 0; i < sizeof network / sizeof *network; i++)
        if ((unsigned long)fs.f_type == network[i])
            return true;
    return false;
}
