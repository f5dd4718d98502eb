/* SPDX-License-Identifier: MIT */
/* A line is taken apart where it stands: without its quotes it only shrinks. */
#include <misread/base/csv.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <misread/base/str.h>

/* Copies what stands in quotes behind the first; returns behind the last, NULL if there is none. */
static char *copy_quoted(char *in, char **out)
{
    for (; *in && (*in != '"' || in[1] == '"'); in++) {
        in += *in == '"';
        *(*out)++ = *in;
    }
    return *in ? in + 1 : NULL;
}

char mr_csv_cut(char **at, char separator, char **field)
{
    char *in = *at, *out = in, end;
    bool is_open = false;

    *field = in;
    if (separator == ',' && *in == '"') {
        in = copy_quoted(in + 1, &out);
        is_open = !in;
        in = in ? in : *at + strlen(*at);
    }
    while (*in && *in != separator && *in != '\n' && *in != '\r')
        *out++ = *in++;
    end = *in;
    *at = in + (end != '\0') + (end == '\r' && in[1] == '\n');
    *out = '\0';
    return is_open ? '"' : end == '\r' ? '\n' : end;
}

void mr_csv_add(struct mr_str *str, const char *field)
{
    if (!strpbrk(field, ",\"\r\n")) {
        mr_str_add(str, field);
        return;
    }
    mr_str_add(str, "\"");
    for (const char *p = field; *p; p++)
        mr_str_add_n(str, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    mr_str_add(str, "\"");
}
