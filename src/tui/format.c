/* SPDX-License-Identifier: MIT */
/* Numbers as the screens show them. */
#include "format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct mr_format mr_format_share(double share, int decimals)
{
    struct mr_format f;
    char digits[32];

    if (!isfinite(share)) {
        strcpy(f.text, "-");
        return f;
    }
    snprintf(digits, sizeof digits, "%.*f", decimals, share);
    if (digits[0] == '0')
        snprintf(f.text, sizeof f.text, "%s", digits + 1);
    else
        snprintf(f.text, sizeof f.text, "%.*f", decimals - 1, share);
    return f;
}

struct mr_format mr_format_p(double p)
{
    struct mr_format f;

    if (!(p > 0 && p < 0.005))
        return mr_format_share(p, 2);
    strcpy(f.text, "<.01");
    return f;
}

struct mr_format mr_format_chance(double p)
{
    struct mr_format f;

    if (!(p >= 0 && p < 0.001))
        return mr_format_share(p, 3);
    strcpy(f.text, "<.001");
    return f;
}

struct mr_format mr_format_interval(double lo, double hi, int decimals)
{
    struct mr_format f;

    snprintf(f.text, sizeof f.text, "[%.15s %.15s]", mr_format_share(lo, decimals).text,
             mr_format_share(hi, decimals).text);
    return f;
}

struct mr_format mr_format_count(int64_t n)
{
    struct mr_format f;
    char digits[32];
    size_t k, len = 0;

    snprintf(digits, sizeof digits, "%" PRId64, n);
    k = strlen(digits);
    for (size_t i = 0; i < k; i++) {
        f.text[len++] = digits[i];
        if (digits[i] != '-' && i + 1 < k && (k - i - 1) % 3 == 0)
            f.text[len++] = ',';
    }
    f.text[len] = '\0';
    return f;
}

struct mr_format mr_format_duration(double seconds)
{
    struct mr_format f;
    int64_t s;

    if (!(seconds >= 0) || seconds > 1e9) {
        strcpy(f.text, "-");
        return f;
    }
    s = (int64_t)llround(seconds);
    if (s < 3600)
        snprintf(f.text, sizeof f.text, "%d:%02d", (int)(s / 60), (int)(s % 60));
    else
        snprintf(f.text, sizeof f.text, "%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60),
                 (int)(s % 60));
    return f;
}

struct mr_format mr_format_clock(int64_t unix_s)
{
    struct mr_format f;
    time_t t = (time_t)unix_s;
    struct tm tm;

    if (!localtime_r(&t, &tm) || !strftime(f.text, sizeof f.text, "%H:%M:%S", &tm))
        strcpy(f.text, "-");
    return f;
}

struct mr_format mr_format_loss(double loss)
{
    struct mr_format f;
    int decimals = fabs(loss) < 1 ? 4 : fabs(loss) < 10 ? 3 : fabs(loss) < 100 ? 2 : 0;
    char digits[32];

    if (!isfinite(loss)) {
        strcpy(f.text, isnan(loss) ? "nan" : "inf");
        return f;
    }
    snprintf(digits, sizeof digits, fabs(loss) < 1e6 ? "%.*f" : "%.*e", decimals, loss);
    snprintf(f.text, sizeof f.text, "%s",
             digits[0] == '0' && digits[1] == '.' ? digits + 1 : digits);
    return f;
}

struct mr_format mr_format_rate(double lr)
{
    struct mr_format f;

    snprintf(f.text, sizeof f.text, "%.1e", lr);
    return f;
}

struct mr_format mr_format_bytes(int64_t n)
{
    struct mr_format f;

    if (n < 1000)
        snprintf(f.text, sizeof f.text, "%d B", (int)n);
    else if (n < 1000000)
        snprintf(f.text, sizeof f.text, "%d kB", (int)((n + 500) / 1000));
    else
        snprintf(f.text, sizeof f.text, "%.1f MB", (double)n / 1e6);
    return f;
}

struct mr_format mr_format_bar(double share, int cols)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    struct mr_format f = {""};
    int eighths;

    if (!(share > 0))
        return f;
    cols = cols > 15 ? 15 : cols;
    eighths = (int)lround(fmin(share, 1) * cols * 8);
    for (int i = 0; i < eighths / 8; i++)
        strcat(f.text, "█");
    /* What is there at all must be seen. */
    strcat(f.text, parts[eighths == 0 ? 1 : eighths % 8]);
    return f;
}
