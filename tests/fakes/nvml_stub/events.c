/* XID events, waited for as with the real library. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stub.h"

#define MOST_WATCHED 64
#define TICK_US 50000

/* "event NUMBER TYPE DATA": numbers rise; what was there when the card was registered is over. */
struct event_set { int count; struct { device who; u64 types, last; } watched[MOST_WATCHED]; };
struct event { device who; u64 type, data; u32 gpu_instance, compute_instance; };

/* The first event after `last` that is one of `types`, or its number 0. */
static u64 event_after(const struct part *at, u64 last, u64 types, struct event *out)
{
    size_t from = 0;
    for (const char *line; (line = next(at, "event", &from)) != NULL;) {
        u64 number;
        if (sscanf(line, "%llu %llu %llu", &number, &out->type, &out->data) != 3) abort();
        if (number > last && (out->type & types)) return number;
    }
    return 0;
}

API nvmlEventSetCreate(struct event_set **out)
{
    const struct part *at;
    int code = enter("nvmlEventSetCreate", NULL, &at);
    if (!code) *out = calloc(1, sizeof **out);
    return leave(code);
}

API nvmlEventSetFree(struct event_set *set)
{
    const struct part *at;
    int code = enter("nvmlEventSetFree", NULL, &at);
    if (!code) free(set);
    return leave(code);
}

API nvmlDeviceRegisterEvents(device who, u64 types, struct event_set *set)
{
    const struct part *at;
    struct event over;
    u64 supported = 0, last = 0;
    int code = enter("nvmlDeviceRegisterEvents", who, &at);
    if (!code) code = numbers(at, "nvmlDeviceGetSupportedEventTypes", -1, -1, 1, &supported);
    if (!code && (types & ~supported)) code = NOT_SUPPORTED;
    if (!code && set->count == MOST_WATCHED) code = MEMORY;
    if (code) return leave(code);
    for (u64 number; (number = event_after(at, last, ~0ULL, &over)) != 0;) last = number;
    set->watched[set->count].who = who;
    set->watched[set->count].types = types;
    set->watched[set->count++].last = last;
    return leave(SUCCESS);
}

static int event_now(struct event_set *set, struct event *out)
{
    const struct part *at;
    int code = again("nvmlEventSetWait_v2", NULL, &at);
    if (code) return leave(code);
    leave(SUCCESS);
    for (int i = 0; i < set->count; i++) {
        u64 number = 0;
        code = again("nvmlEventSetWait_v2", set->watched[i].who, &at);
        if (!code) number = event_after(at, set->watched[i].last, set->watched[i].types, out);
        leave(code);
        if (code) return code;
        if (!number) continue;
        set->watched[i].last = number;
        out->who = set->watched[i].who;
        out->gpu_instance = out->compute_instance = 0xFFFFFFFF;
        return SUCCESS;
    }
    return TIMEOUT;
}

API nvmlEventSetWait_v2(struct event_set *set, struct event *out, u32 timeout_ms)
{
    const struct part *at;
    u64 began = now_us();
    int code = leave(enter("nvmlEventSetWait_v2", NULL, &at));
    while (!code && (code = event_now(set, out)) == TIMEOUT && now_us() - began < (u64)timeout_ms * 1000) {
        usleep(TICK_US);
        code = SUCCESS;
    }
    return code;
}
