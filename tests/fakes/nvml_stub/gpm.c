/* The performance monitor (GPM) of newer cards. */
#include <stdlib.h>
#include <string.h>

#include "stub.h"

/* A sample remembers whose it is; the state holds the metrics between two samples, "nvmlGpmMetricsGet.METRIC PERCENT". */
struct gpm_sample { char identity[96]; };
struct gpm_metric { u32 id; int code; double value; const char *words[3]; };
struct gpm_asked { u32 version, count; struct gpm_sample *one, *two; struct gpm_metric metrics[]; };

struct gpm_support { u32 version, supported; };

API nvmlGpmQueryDeviceSupport(device who, struct gpm_support *out)
{
    const struct part *at;
    u64 n;
    int code = enter("nvmlGpmQueryDeviceSupport", who, &at);
    if (!code) code = numbers(at, "nvmlGpmQueryDeviceSupport", -1, -1, 1, &n);
    if (!code) out->supported = (u32)n;
    return leave(code);
}

API nvmlGpmSampleAlloc(struct gpm_sample **out)
{
    const struct part *at;
    int code = enter("nvmlGpmSampleAlloc", NULL, &at);
    if (!code) *out = calloc(1, sizeof **out);
    return leave(code);
}

API nvmlGpmSampleFree(struct gpm_sample *sample)
{
    free(sample);
    return SUCCESS;
}

static int remember(const struct part *at, struct gpm_sample *out)
{
    u64 supported = 0;
    const struct part *card = at && at->card ? at->card : at;
    if (card == NULL) return leave(INVALID_ARGUMENT);
    int code = numbers(card, "nvmlGpmQueryDeviceSupport", -1, -1, 1, &supported);
    if (!code && !supported) code = NOT_SUPPORTED;
    if (!code) strcpy(out->identity, at->identity);
    return leave(code);
}

API nvmlGpmSampleGet(device who, struct gpm_sample *out)
{
    const struct part *at;
    int code = enter("nvmlGpmSampleGet", who, &at);
    return code ? leave(code) : remember(at, out);
}

API nvmlGpmMigSampleGet(device who, u32 gpu_instance, struct gpm_sample *out)
{
    const struct part *at, *found;
    int code = enter("nvmlGpmMigSampleGet", who, &at);
    u64 n;
    if (code) return leave(code);
    for (u32 i = 0; (found = nth('m', i, at)) != NULL; i++)
        if (!numbers(found, "nvmlDeviceGetGpuInstanceId", -1, -1, 1, &n) && n == gpu_instance) break;
    return remember(found, out);
}

API nvmlGpmMetricsGet(struct gpm_asked *asked)
{
    const struct part *at;
    int code = enter("nvmlGpmMetricsGet", NULL, &at);
    if (!code && asked->version != 1) code = ARGUMENT_VERSION_MISMATCH;
    if (!code && (!asked->one->identity[0] || strcmp(asked->one->identity, asked->two->identity))) code = INVALID_ARGUMENT;
    if (code) return leave(code);
    const struct part *found = part_named(asked->one->identity);
    if (found == NULL) return leave(GPU_IS_LOST);
    for (u32 i = 0; i < asked->count; i++) {
        u64 n = 0;
        asked->metrics[i].code = numbers(found, "nvmlGpmMetricsGet", (int)asked->metrics[i].id, -1, 1, &n);
        asked->metrics[i].value = (double)n;
    }
    return leave(SUCCESS);
}
