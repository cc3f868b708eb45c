/* The library's life, and how cards and MIG devices are found. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "stub.h"

API nvmlInitWithFlags(u32 flags)
{
    const struct part *at;
    int code = enter("nvmlInitWithFlags", NULL, &at);
    (void)flags;
    if (!code) initialised(1);
    return leave(code);
}

API nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

API nvmlShutdown(void)
{
    const struct part *at;
    int code = enter("nvmlShutdown", NULL, &at);
    if (code != UNINITIALIZED) initialised(-1);
    return leave(code);
}

__attribute__((visibility("default"))) const char *nvmlErrorString(int code)
{
    static __thread char words[32];
    snprintf(words, sizeof words, "NVML error %d", code);
    return words;
}

API nvmlDeviceGetCount_v2(u32 *out)
{
    const struct part *at;
    int code = enter("nvmlDeviceGetCount_v2", NULL, &at);
    if (!code)
        for (*out = 0; nth('g', *out, NULL) != NULL; ++*out) {}
    return leave(code);
}

/* End a call that looked for `found`; the card itself may refuse. */
static int give(const char *symbol, const struct part *found, int otherwise, device *out)
{
    int code = found ? refused(found, symbol) : otherwise;
    if (!code) *out = handle_of(found);
    return leave(code);
}

API nvmlDeviceGetHandleByIndex_v2(u32 index, device *out)
{
    static const char symbol[] = "nvmlDeviceGetHandleByIndex_v2";
    const struct part *at;
    int code = enter(symbol, NULL, &at);
    return code ? leave(code) : give(symbol, nth('g', index, NULL), INVALID_ARGUMENT, out);
}

API nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, device *out)
{
    static const char symbol[] = "nvmlDeviceGetHandleByPciBusId_v2";
    const struct part *at, *found;
    int code = enter(symbol, NULL, &at);
    if (code) return leave(code);
    for (u32 i = 0; (found = nth('g', i, NULL)) != NULL && strcasecmp(found->identity, bus_id); i++) {}
    return give(symbol, found, NOT_FOUND, out);
}

static const struct part *by_uuid(char kind, const char *uuid)
{
    char told[96];
    const struct part *found;
    for (u32 i = 0; (found = nth(kind, i, NULL)) != NULL; i++)
        if (!text(found, "nvmlDeviceGetUUID", told, sizeof told) && !strcmp(told, uuid)) break;
    return found;
}

API nvmlDeviceGetHandleByUUID(const char *uuid, device *out)
{
    static const char symbol[] = "nvmlDeviceGetHandleByUUID";
    const struct part *at;
    int code = enter(symbol, NULL, &at);
    if (code) return leave(code);
    const struct part *card = by_uuid('g', uuid);
    return give(symbol, card ? card : by_uuid('m', uuid), NOT_FOUND, out);
}

API nvmlDeviceGetIndex(device who, u32 *out)
{
    const struct part *at, *card;
    int code = enter("nvmlDeviceGetIndex", who, &at);
    if (code) return leave(code);
    for (*out = 0; (card = nth('g', *out, NULL)) != NULL && card != at; ++*out) {}
    return leave(card ? SUCCESS : NOT_SUPPORTED);
}

struct pci { char legacy[16]; u32 domain, bus, device, device_id, subsystem_id; char bus_id[32]; };

API nvmlDeviceGetPciInfo_v3(device who, struct pci *out)
{
    const struct part *at;
    u64 ids[2];
    int code = enter("nvmlDeviceGetPciInfo_v3", who, &at);
    if (!code) code = numbers(at, "nvmlDeviceGetPciInfo_v3", -1, -1, 2, ids);
    if (code) return leave(code);
    memset(out, 0, sizeof *out);
    out->device_id = (u32)ids[0];
    out->subsystem_id = (u32)ids[1];
    snprintf(out->bus_id, sizeof out->bus_id, "%.31s", at->identity);
    sscanf(at->identity, "%x:%x:%x", &out->domain, &out->bus, &out->device);
    snprintf(out->legacy, sizeof out->legacy, "%04X:%02X:%02X.0", out->domain & 0xFFFF, out->bus & 0xFF, out->device & 0xFF);
    return leave(SUCCESS);
}

API nvmlDeviceIsMigDeviceHandle(device who, u32 *out)
{
    const struct part *at;
    int code = enter("nvmlDeviceIsMigDeviceHandle", who, &at);
    if (!code) *out = at->kind == 'm';
    return leave(code);
}

API nvmlDeviceGetMigDeviceHandleByIndex(device who, u32 slot, device *out)
{
    static const char symbol[] = "nvmlDeviceGetMigDeviceHandleByIndex";
    const struct part *at, *found;
    int code = enter(symbol, who, &at);
    if (code) return leave(code);
    for (u32 i = 0; (found = nth('m', i, at)) != NULL && found->slot != (int)slot; i++) {}
    return give(symbol, found, NOT_FOUND, out);
}

API nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device who, device *out)
{
    static const char symbol[] = "nvmlDeviceGetDeviceHandleFromMigDeviceHandle";
    const struct part *at;
    int code = enter(symbol, who, &at);
    return code ? leave(code) : give(symbol, at->card, INVALID_ARGUMENT, out);
}
