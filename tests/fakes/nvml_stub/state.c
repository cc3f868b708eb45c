/* The state file, read again whenever it was replaced; calls counted, refused and held up as it says. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stub.h"

#define MOST_PARTS 256
#define MOST_HANDLES 1024
#define TICK_US 5000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat seen;
static int held = -1; /* the file that was seen: while it is open its number is given to no other */
static char *content;
static char **lines;
static struct part parts[MOST_PARTS];
static int part_count, users;
static struct handle handles[MOST_HANDLES];
static int handle_count;

u64 now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

static void begin_part(char kind, const char *rest, size_t line)
{
    struct part *part = &parts[part_count];
    if (part_count == MOST_PARTS) { fputs("nvml_stub: too many parts\n", stderr); abort(); }
    memset(part, 0, sizeof *part);
    part->kind = kind;
    part->first = part->end = line;
    sscanf(rest, "%95s %d", part->identity, &part->slot);
    for (int i = part_count - 1; kind == 'm' && i > 0 && part->card == NULL; i--)
        if (parts[i].kind == 'g') part->card = &parts[i];
    part_count++;
}

static void parse(void)
{
    size_t count = 0, room = 2;
    for (const char *c = content; *c; c++) room += *c == '\n';
    free(lines);
    lines = malloc(room * sizeof *lines);
    part_count = 0;
    begin_part('d', "driver", 0);
    for (char *rest = content, *line; (line = strsep(&rest, "\n")) != NULL; count++) {
        lines[count] = line;
        if (!strncmp(line, "gpu ", 4)) begin_part('g', line + 4, count + 1);
        else if (!strncmp(line, "mig ", 4)) begin_part('m', line + 4, count + 1);
        parts[part_count - 1].end = count + 1;
    }
}

/* Return 0, or the code of a machine that has no driver. */
static int reload(void)
{
    const char *path = getenv("NVML_STUB_STATE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat is;
    if (file < 0) return DRIVER_NOT_LOADED;
    fstat(file, &is);
    if (content && is.st_ino == seen.st_ino && is.st_size == seen.st_size && is.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
        is.st_mtim.tv_nsec == seen.st_mtim.tv_nsec) {
        close(file);
        return SUCCESS;
    }
    seen = is;
    free(content);
    content = calloc(1, (size_t)is.st_size + 1);
    for (ssize_t at = 0, got; at < is.st_size && (got = read(file, content + at, (size_t)(is.st_size - at))) > 0; at += got) {}
    if (held >= 0) close(held);
    held = file;
    parse();
    return SUCCESS;
}

/* One line for each call, "PID SYMBOL IDENTITY", written in one piece. */
static void count_call(const char *symbol, device who)
{
    const char *path = getenv("NVML_STUB_CALLS");
    char line[256];
    if (!path) return;
    int length = snprintf(line, sizeof line, "%d %s %s\n", getpid(), symbol, who ? who->identity : "-");
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || write(file, line, (size_t)length) != length) { perror("nvml_stub: NVML_STUB_CALLS"); abort(); }
    close(file);
}

const char *next(const struct part *at, const char *key, size_t *from)
{
    size_t length = strlen(key);
    for (size_t i = *from > at->first ? *from : at->first; i < at->end; i++)
        if (!strncmp(lines[i], key, length) && lines[i][length] == ' ') {
            *from = i + 1;
            return lines[i] + length + 1;
        }
    *from = at->end;
    return NULL;
}

static int code_of(const char *value) { return value && value[0] == '!' ? atoi(value + 1) : 0; }

static const char *first(const struct part *at, const char *key)
{
    size_t from = 0;
    return next(at, key, &from);
}

int refused(const struct part *at, const char *symbol)
{
    int code = code_of(first(at, "*"));
    return code ? code : code_of(first(at, symbol));
}

static double held_up(const struct part *at, const char *symbol)
{
    char of[96];
    double seconds;
    size_t from = 0;
    for (const char *line; (line = next(at, "hang", &from)) != NULL;)
        if (sscanf(line, "%95s %lf", of, &seconds) == 2 && (!strcmp(of, "*") || !strcmp(of, symbol))) return seconds;
    return 0;
}

const struct part *part_named(const char *identity)
{
    for (int i = 1; i < part_count; i++)
        if (!strcmp(parts[i].identity, identity)) return &parts[i];
    return NULL;
}

static int find(device who, const struct part **at)
{
    *at = &parts[0];
    if (who == NULL) return SUCCESS;
    if (who < handles || who >= handles + handle_count) return INVALID_ARGUMENT;
    const struct part *found = part_named(who->identity);
    if (found) *at = found;
    return found ? SUCCESS : GPU_IS_LOST;
}

int again(const char *symbol, device who, const struct part **at)
{
    u64 began = now_us();
    int code;
    pthread_mutex_lock(&lock);
    for (;;) {
        if ((code = reload()) != SUCCESS) return code;
        code = find(who, at);
        double seconds = held_up(&parts[0], symbol);
        if (*at != &parts[0] && held_up(*at, symbol) > seconds) seconds = held_up(*at, symbol);
        if ((double)(now_us() - began) >= seconds * 1e6) break;
        pthread_mutex_unlock(&lock);
        usleep(TICK_US);
        pthread_mutex_lock(&lock);
    }
    if (!users && strcmp(symbol, "nvmlInitWithFlags")) return UNINITIALIZED;
    int driver = refused(&parts[0], symbol);
    if (driver) return driver;
    return code ? code : refused(*at, symbol);
}

int enter(const char *symbol, device who, const struct part **at)
{
    count_call(symbol, who);
    return again(symbol, who, at);
}

int leave(int code)
{
    pthread_mutex_unlock(&lock);
    return code;
}

void initialised(int by) { users += by; }

int numbers(const struct part *at, const char *symbol, int of, int of2, int count, u64 *out)
{
    char key[128];
    int length = snprintf(key, sizeof key, "%s", symbol);
    if (of >= 0) length += snprintf(key + length, sizeof key - (size_t)length, ".%d", of);
    if (of2 >= 0) snprintf(key + length, sizeof key - (size_t)length, ".%d", of2);
    const char *value = first(at, key);
    if (value == NULL) return NOT_SUPPORTED;
    if (value[0] == '!') return code_of(value);
    for (int i = 0; i < count; i++) {
        char *end;
        out[i] = strtoull(value, &end, 10);
        if (end == value) { fprintf(stderr, "nvml_stub: %s needs %d numbers\n", key, count); abort(); }
        value = end;
    }
    return SUCCESS;
}

/* Two escapes: \n for a line's end, \\ for itself. */
int text(const struct part *at, const char *symbol, char *out, u32 room)
{
    const char *value = first(at, symbol);
    u32 length = 0;
    if (value == NULL) return NOT_SUPPORTED;
    if (value[0] == '!') return code_of(value);
    for (; *value; value++) {
        char c = *value;
        if (c == '\\' && *++value == 'n') c = '\n';
        if (length + 1 >= room) return INSUFFICIENT_SIZE;
        out[length++] = c;
    }
    out[length] = 0;
    return SUCCESS;
}

const struct part *nth(char kind, u32 index, const struct part *card)
{
    for (int i = 1; i < part_count; i++)
        if (parts[i].kind == kind && (!card || parts[i].card == card) && index-- == 0) return &parts[i];
    return NULL;
}

device handle_of(const struct part *at)
{
    for (int i = 0; i < handle_count; i++)
        if (!strcmp(handles[i].identity, at->identity)) return &handles[i];
    if (handle_count == MOST_HANDLES) { fputs("nvml_stub: too many handles\n", stderr); abort(); }
    strcpy(handles[handle_count].identity, at->identity);
    return &handles[handle_count++];
}
