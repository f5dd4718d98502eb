/* SPDX-License-Identifier: MIT */
/* One line a message, with the time; one write() each, so that lines never mix. */
#include <misread/base/log.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static atomic_int log_fd = -1;

void mr_log_open(const char *path)
{
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    int old = atomic_exchange(&log_fd, fd);

    if (old >= 0)
        close(old);
}

void mr_log(const char *fmt, ...)
{
    char line[1024];
    int fd = atomic_load(&log_fd);
    time_t now = time(NULL);
    struct tm tm;
    size_t n;
    va_list ap;
    int k;

    if (fd < 0)
        return;
    localtime_r(&now, &tm);
    n = strftime(line, sizeof line, "%F %T ", &tm);
    va_start(ap, fmt);
    k = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
    va_end(ap);
    if (k < 0)
        return;
    n += (size_t)k < sizeof line - n - 1 ? (size_t)k : sizeof line - n - 2;
    line[n++] = '\n';
    if (write(fd, line, n) < 0)
        return; /* a log that cannot be written must not stop the work */
}
