/* SPDX-License-Identifier: MIT */
/* The one door to libcurl. */
#include "fetch.h"

#if MISREAD_CURL

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

/* A connection that brings nothing for so long is dead. */
#define STALLED_S 60
#define CONNECT_S 30
/* HTTP: the range that was asked for begins behind the end. */
#define RANGE_ANSWER 416

struct transfer {
    const struct mr_fetch *fetch;
    int fd;
    size_t n_before; /* bytes of earlier attempts */
    size_t n;        /* and all that are there now */
    int failed;      /* errno of a write, or EFBIG */
};

static size_t receive(char *data, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t n_bytes = size * n;

    if (n_bytes > t->fetch->max_bytes - t->n)
        t->failed = EFBIG;
    for (size_t done = 0; done < n_bytes && !t->failed;) {
        ssize_t k = write(t->fd, data + done, n_bytes - done);

        if (k > 0)
            done += (size_t)k;
        else if (k < 0 && errno != EINTR)
            t->failed = errno;
    }
    if (t->failed)
        return 0;
    t->n += n_bytes;
    return n_bytes;
}

static int watch(void *ctx, curl_off_t n_all, curl_off_t n, curl_off_t n_up_all, curl_off_t n_up)
{
    const struct transfer *t = ctx;
    double before = (double)t->n_before;

    return !t->fetch->go_on(t->fetch->ctx, before + (double)n,
                            n_all > 0 ? before + (double)n_all : 0);
}

static void set_options(CURL *curl, struct transfer *t)
{
    curl_easy_setopt(curl, CURLOPT_URL, t->fetch->url);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "misread/" MISREAD_VERSION);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->n_before);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
}

static enum mr_status tell(const struct transfer *t, CURLcode code, long answer,
                           struct mr_error *err)
{
    const char *url = t->fetch->url;

    switch (code) {
    case CURLE_OK:
        return MR_OK;
    case CURLE_ABORTED_BY_CALLBACK:
        return mr_fail(err, MR_E_CANCELLED,
                       "stopped after %zu bytes of '%s': the same command goes on from there", t->n,
                       url);
    case CURLE_HTTP_RETURNED_ERROR:
        if (answer == RANGE_ANSWER && t->n_before)
            return MR_OK; /* nothing is behind what is there */
        return mr_fail(err, MR_E_IO, "cannot download '%s': the server answers %ld", url, answer);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        return mr_fail(err, MR_E_IO,
                       "cannot download '%s': the connection ended after %zu bytes; the same "
                       "command goes on from there",
                       url, t->n);
    case CURLE_WRITE_ERROR:
        return mr_fail(err, MR_E_IO, "cannot write '%s': %s", t->fetch->path, strerror(t->failed));
    default:
        return mr_fail(err, MR_E_IO, "cannot download '%s': %s", url, curl_easy_strerror(code));
    }
}

static enum mr_status transfer(struct transfer *t, struct mr_error *err)
{
    CURL *curl = curl_easy_init();
    CURLcode code;
    long answer = 0;

    if (!curl)
        return mr_fail(err, MR_E_NOMEM, "cannot download '%s': no memory", t->fetch->url);
    set_options(curl, t);
    code = curl_easy_perform(curl);
    if (code == CURLE_RANGE_ERROR) { /* a server that cannot go on: from the beginning then */
        t->n_before = t->n = 0;
        curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)0);
        t->failed = ftruncate(t->fd, 0) ? errno : 0; /* writes append, so nothing need be sought */
        code = t->failed ? CURLE_WRITE_ERROR : curl_easy_perform(curl);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_cleanup(curl);
    return tell(t, code, answer, err);
}

enum mr_status mr_fetch_file(const struct mr_fetch *fetch, struct mr_error *err)
{
    struct transfer t = {.fetch = fetch};
    struct stat stat;
    enum mr_status st;

    t.fd = open(fetch->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t.fd < 0 || fstat(t.fd, &stat)) {
        st = mr_fail(err, MR_E_IO, "cannot write '%s': %s", fetch->path, strerror(errno));
        goto out;
    }
    if (flock(t.fd, LOCK_EX | LOCK_NB)) {
        st = mr_fail(err, MR_E_BUSY, "'%s' is being downloaded by another process", fetch->path);
        goto out;
    }
    t.n = t.n_before = (size_t)stat.st_size;
    st = t.n > fetch->max_bytes
             ? mr_fail(err, MR_E_LIMIT, "'%s' is longer than any file of weights", fetch->path)
             : transfer(&t, err);
    if (!st && fsync(t.fd))
        st = mr_fail(err, MR_E_IO, "cannot write '%s': %s", fetch->path, strerror(errno));
    if (st && !t.n)
        unlink(fetch->path);
out:
    if (t.fd >= 0)
        close(t.fd);
    return st;
}

#else

enum mr_status mr_fetch_file(const struct mr_fetch *fetch, struct mr_error *err)
{
    return mr_fail(err, MR_E_UNSUPPORTED,
                   "cannot download '%s': this build is without libcurl; fetch it otherwise",
                   fetch->url);
}

#endif
