/* SPDX-License-Identifier: MIT */
/*
 * curses >= 6.1 takes a whole compiled entry from TERMINFO=b64:..., so the file is read, patched in
 * memory and handed over for the moment of newterm(). Format: term(5).
 */
#define MR_WITH_TERMINFO 1 /* before the first include of curses */
#include "terminfo.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>

/* Scrolling, insertion and deletion move pictures; erasing to the end of a line takes them on some
 * terminals and leaves them on others: blanks written cell by cell are the same everywhere. */
static const char *const hidden[] = {
    "csr",  "ind", "ri",   "indn", "rin",  "il",  "il1", "dl",  "dl1", "ich",
    "ich1", "dch", "dch1", "smir", "rmir", "rep", "el",  "el1", "ech", "ed",
};

static int u16(const unsigned char *p)
{
    return p[0] | p[1] << 8;
}

static bool is_hidden(const char *name)
{
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (!strcmp(hidden[i], name))
            return true;
    }
    return false;
}

bool mr_terminfo_hide(unsigned char *entry, size_t n)
{
    size_t at, n_strings, number_size;

    if (n < 12 || (u16(entry) != 0432 && u16(entry) != 01036))
        return false;
    number_size = u16(entry) == 01036 ? 4 : 2;
    at = 12 + (size_t)u16(entry + 2) + (size_t)u16(entry + 4);
    at += at & 1;
    at += (size_t)u16(entry + 6) * number_size;
    n_strings = (size_t)u16(entry + 8);
    if (at + 2 * n_strings > n)
        return false;
    for (size_t i = 0; i < n_strings && strnames[i]; i++) {
        if (is_hidden(strnames[i]))
            entry[at + 2 * i] = entry[at + 2 * i + 1] = 0xff; /* absent */
    }
    return true;
}

/* dir/x/xterm or, where file names do not tell case apart, dir/78/xterm. */
static bool read_from(const char *dir, const char *term, unsigned char **entry, size_t *n)
{
    const char *const formats[] = {"%s/%c/%s", "%s/%02x/%s"};

    for (int i = 0; i < 2; i++) {
        char path[1024];

        snprintf(path, sizeof path, formats[i], dir, term[0], term);
        if (access(path, R_OK) == 0 && mr_file_read(path, 65536, entry, n, NULL) == MR_OK)
            return true;
    }
    return false;
}

/* The entry's file, looked for where curses looks. */
static bool read_entry(const char *term, unsigned char **entry, size_t *n)
{
    const char *const system_dirs[] = {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo",
                                       "/usr/lib/terminfo", "/usr/local/share/terminfo"};
    const char *own = getenv("TERMINFO"), *home = getenv("HOME"), *list = getenv("TERMINFO_DIRS");
    char dir[1024];

    if (!term[0] || strchr(term, '/'))
        return false;
    if (own && own[0] == '/' && read_from(own, term, entry, n))
        return true;
    if (home && snprintf(dir, sizeof dir, "%s/.terminfo", home) < (int)sizeof dir &&
        read_from(dir, term, entry, n))
        return true;
    while (list && *list) {
        size_t length = strcspn(list, ":");

        snprintf(dir, sizeof dir, "%.*s", (int)length, list);
        if (dir[0] == '/' && read_from(dir, term, entry, n))
            return true;
        list += length + (list[length] == ':');
    }
    for (size_t i = 0; i < sizeof system_dirs / sizeof *system_dirs; i++) {
        if (read_from(system_dirs[i], term, entry, n))
            return true;
    }
    return false;
}

/* base64 with the URL alphabet. */
static char *encode_b64(const unsigned char *bytes, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = mr_xalloc(n * 4 / 3 + 16, 1), *q = out;

    q = stpcpy(q, "b64:");
    for (size_t i = 0; i < n; i += 3) {
        unsigned b1 = i + 1 < n ? bytes[i + 1] : 0, b2 = i + 2 < n ? bytes[i + 2] : 0;
        unsigned v = (unsigned)bytes[i] << 16 | b1 << 8 | b2;

        *q++ = letters[v >> 18];
        *q++ = letters[v >> 12 & 63];
        *q++ = i + 1 < n ? letters[v >> 6 & 63] : '=';
        *q++ = i + 2 < n ? letters[v & 63] : '=';
    }
    *q = 0;
    return out;
}

SCREEN *mr_terminfo_start(const char *term, FILE *out, FILE *in, bool *is_patched)
{
    unsigned char *entry = NULL;
    size_t n = 0;
    char *old = getenv("TERMINFO") ? mr_xstrdup(getenv("TERMINFO")) : NULL;
    SCREEN *screen;

    *is_patched = read_entry(term, &entry, &n) && mr_terminfo_hide(entry, n);
    if (*is_patched) {
        char *b64 = encode_b64(entry, n);

        setenv("TERMINFO", b64, 1);
        free(b64);
    }
    screen = newterm((char *)term, out, in);
    if (!screen && *is_patched) { /* a curses that cannot read it so */
        *is_patched = false;
        if (old)
            setenv("TERMINFO", old, 1);
        else
            unsetenv("TERMINFO");
        screen = newterm((char *)term, out, in);
    }
    if (old)
        setenv("TERMINFO", old, 1);
    else
        unsetenv("TERMINFO");
    free(old);
    free(entry);
    return screen;
}

enum mr_terminfo_answer mr_terminfo_ask(const char *term, int *colors)
{
    enum mr_terminfo_answer answer = MR_TERMINFO_FINE;
    int what;

    if (setupterm(term, STDOUT_FILENO, &what) != OK)
        return MR_TERMINFO_UNKNOWN;
    *colors = tigetnum("colors");
    if (!tigetstr("cup") || tigetstr("cup") == (char *)-1)
        answer = MR_TERMINFO_CANNOT_MOVE;
    del_curterm(cur_term);
    return answer;
}
