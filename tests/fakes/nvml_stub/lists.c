/* Lists of unknown length: processes, their utilisation, a card's own samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

/* "process KIND PID MEMORY GI CI": kind C, G or M; a memory of all ones is one that the driver does not tell. */
struct process { u32 pid; u64 memory; u32 gpu_instance, compute_instance; };

static int running(const char *symbol, device who, char kind, u32 *count, struct process *out)
{
    const struct part *at;
    u32 room = *count, found = 0;
    size_t from = 0;
    int code = enter(symbol, who, &at);
    if (code) return leave(code);
    for (const char *line; (line = next(at, "process", &from)) != NULL;) {
        struct process one = {0, 0, 0, 0};
        char of;
        if (sscanf(line, "%c %u %llu %u %u", &of, &one.pid, &one.memory, &one.gpu_instance, &one.compute_instance) != 5) abort();
        if (of != kind) continue;
        if (out && found < room) out[found] = one;
        found++;
    }
    *count = found;
    return leave(found > (out ? room : 0) ? INSUFFICIENT_SIZE : SUCCESS);
}

#define RUNNING(NAME, KIND) API NAME(device who, u32 *count, struct process *out) { return running(#NAME, who, KIND, count, out); }
RUNNING(nvmlDeviceGetComputeRunningProcesses_v3, 'C')
RUNNING(nvmlDeviceGetComputeRunningProcesses_v2, 'C')
RUNNING(nvmlDeviceGetGraphicsRunningProcesses_v3, 'G')
RUNNING(nvmlDeviceGetGraphicsRunningProcesses_v2, 'G')
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v3, 'M')
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v2, 'M')

API nvmlSystemGetProcessName(u32 pid, char *out, u32 room)
{
    const struct part *at;
    char path[64];
    int code = enter("nvmlSystemGetProcessName", NULL, &at);
    snprintf(path, sizeof path, "/proc/%u/comm", pid);
    FILE *file = code ? NULL : fopen(path, "re");
    if (!code && (!file || !fgets(out, (int)room, file))) code = NOT_FOUND;
    if (!code) out[strcspn(out, "\n")] = 0;
    if (file) fclose(file);
    return leave(code);
}

/* "sample PID TIME SM MEMORY ENCODER DECODER JPEG OFA": percent; time in microseconds since 1970, 0 is now. */
struct sample { u64 time; u32 pid, percent[6]; };

static int next_sample(const struct part *at, u64 since, size_t *from, struct sample *out)
{
    for (const char *line; (line = next(at, "sample", from)) != NULL;) {
        u32 *p = out->percent;
        if (sscanf(line, "%u %llu %u %u %u %u %u %u", &out->pid, &out->time, p, p + 1, p + 2, p + 3, p + 4, p + 5) != 8) abort();
        if (out->time == 0) out->time = now_us();
        if (out->time > since) return 1;
    }
    return 0;
}

static u32 samples_room(const struct part *at)
{
    struct sample one;
    u32 count = 0;
    for (size_t from = 0; next_sample(at, 0, &from, &one);) count++;
    return count > 100 ? count : 100; /* the driver's answer is a fixed 100, whatever ran */
}

struct utilization { u32 pid; u64 time; u32 percent[4]; };

API nvmlDeviceGetProcessUtilization(device who, struct utilization *out, u32 *count, u64 since)
{
    const struct part *at;
    struct sample one;
    u32 found = 0;
    size_t from = 0;
    int code = enter("nvmlDeviceGetProcessUtilization", who, &at);
    if (code) return leave(code);
    if (out == NULL || *count < samples_room(at)) {
        *count = samples_room(at);
        return leave(INSUFFICIENT_SIZE);
    }
    while (next_sample(at, since, &from, &one)) {
        out[found].pid = one.pid;
        out[found].time = one.time;
        memcpy(out[found++].percent, one.percent, sizeof out->percent);
    }
    *count = found;
    return leave(found ? SUCCESS : NOT_FOUND);
}

struct utilization_info { u64 time; u32 pid, percent[6]; };

struct asked { u32 version, count; u64 since; struct utilization_info *out; };

API nvmlDeviceGetProcessesUtilizationInfo(device who, struct asked *asked)
{
    const struct part *at;
    struct sample one;
    u32 found = 0;
    size_t from = 0;
    int code = enter("nvmlDeviceGetProcessesUtilizationInfo", who, &at);
    if (!code && asked->version != 0x01000018) code = ARGUMENT_VERSION_MISMATCH;
    if (code) return leave(code);
    if (asked->out == NULL || asked->count < samples_room(at)) {
        asked->count = samples_room(at);
        return leave(INSUFFICIENT_SIZE);
    }
    while (next_sample(at, asked->since, &from, &one)) {
        asked->out[found].time = one.time;
        asked->out[found].pid = one.pid;
        memcpy(asked->out[found++].percent, one.percent, sizeof one.percent);
    }
    asked->count = found;
    return leave(found ? SUCCESS : NOT_FOUND);
}

/* "ring KIND TIME VALUE": what a card remembers of its own utilisation and the like. */
struct remembered { u64 time, value; };

API nvmlDeviceGetSamples(device who, u32 kind, u64 since, u32 *type, u32 *count, struct remembered *out)
{
    const struct part *at;
    u32 found = 0, room = *count;
    size_t from = 0;
    int code = enter("nvmlDeviceGetSamples", who, &at);
    if (code) return leave(code);
    for (const char *line; (line = next(at, "ring", &from)) != NULL;) {
        u32 of;
        u64 time, value;
        if (sscanf(line, "%u %llu %llu", &of, &time, &value) != 3) abort();
        if (of != kind || time <= since || (out && found == room)) continue;
        if (out) { out[found].time = time; out[found].value = value; }
        found++;
    }
    *type = 1; /* unsigned int */
    *count = found;
    return leave(found ? SUCCESS : NOT_FOUND);
}
