/* What a card tells: one function of NVIDIA's library, one key of the state file. */
#include "stub.h"

static int ask(const char *symbol, device who, int of, int of2, int count, u64 *out)
{
    const struct part *at;
    int code = enter(symbol, who, &at);
    return leave(code ? code : numbers(at, symbol, of, of2, count, out));
}

static int say(const char *symbol, device who, char *out, u32 room)
{
    const struct part *at;
    int code = enter(symbol, who, &at);
    return leave(code ? code : text(at, symbol, out, room));
}

#define NUMBER(NAME, TYPE) \
    API NAME(device who, TYPE *out) { u64 n; int code = ask(#NAME, who, -1, -1, 1, &n); if (!code) *out = (TYPE)n; return code; }
#define NUMBER_OF(NAME, TYPE) \
    API NAME(device who, u32 of, TYPE *out) { u64 n; int code = ask(#NAME, who, (int)of, -1, 1, &n); if (!code) *out = (TYPE)n; return code; }
#define NUMBER_OF_TWO(NAME, TYPE) \
    API NAME(device who, u32 of, u32 of2, TYPE *out) { u64 n; int code = ask(#NAME, who, (int)of, (int)of2, 1, &n); if (!code) *out = (TYPE)n; return code; }
#define PAIR(NAME) \
    API NAME(device who, u32 *a, u32 *b) { u64 n[2]; int code = ask(#NAME, who, -1, -1, 2, n); if (!code) { *a = (u32)n[0]; *b = (u32)n[1]; } return code; }
#define WORD(NAME) API NAME(device who, char *out, u32 room) { return say(#NAME, who, out, room); }
#define WORD_OF_DRIVER(NAME) API NAME(char *out, u32 room) { return say(#NAME, NULL, out, room); }

WORD(nvmlDeviceGetName)
WORD(nvmlDeviceGetUUID)
WORD(nvmlDeviceGetSerial)
WORD(nvmlDeviceGetVbiosVersion)
WORD_OF_DRIVER(nvmlSystemGetDriverVersion)
WORD_OF_DRIVER(nvmlSystemGetNVMLVersion)
NUMBER(nvmlDeviceGetMinorNumber, u32)
NUMBER(nvmlDeviceGetPowerUsage, u32)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, u32)
NUMBER(nvmlDeviceGetPowerManagementLimit, u32)
NUMBER(nvmlDeviceGetTotalEnergyConsumption, u64)
NUMBER(nvmlDeviceGetNumFans, u32)
NUMBER(nvmlDeviceGetFanSpeed, u32)
NUMBER_OF(nvmlDeviceGetFanSpeed_v2, u32)
NUMBER(nvmlDeviceGetPerformanceState, u32)
NUMBER(nvmlDeviceGetPersistenceMode, u32)
NUMBER(nvmlDeviceGetComputeMode, u32)
NUMBER(nvmlDeviceGetDisplayMode, u32)
NUMBER(nvmlDeviceGetDisplayActive, u32)
NUMBER(nvmlDeviceGetAccountingMode, u32)
NUMBER_OF(nvmlDeviceGetTemperature, u32)
NUMBER_OF(nvmlDeviceGetTemperatureThreshold, u32)
NUMBER_OF(nvmlDeviceGetClockInfo, u32)
NUMBER_OF(nvmlDeviceGetMaxClockInfo, u32)
NUMBER_OF(nvmlDeviceGetPcieThroughput, u32)
NUMBER(nvmlDeviceGetPcieReplayCounter, u32)
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, u32)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, u32)
NUMBER(nvmlDeviceGetCurrentClocksEventReasons, u64)
NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, u64)
NUMBER_OF_TWO(nvmlDeviceGetTotalEccErrors, u64)
NUMBER(nvmlDeviceGetRetiredPagesPendingStatus, u32)
NUMBER(nvmlDeviceGetSupportedEventTypes, u64)
NUMBER(nvmlDeviceGetMaxMigDeviceCount, u32)
NUMBER(nvmlDeviceGetGpuInstanceId, u32)
NUMBER(nvmlDeviceGetComputeInstanceId, u32)
PAIR(nvmlDeviceGetEccMode)
PAIR(nvmlDeviceGetMigMode)
PAIR(nvmlDeviceGetCudaComputeCapability)
PAIR(nvmlDeviceGetEncoderUtilization)
PAIR(nvmlDeviceGetDecoderUtilization)
PAIR(nvmlDeviceGetDriverModel)
PAIR(nvmlDeviceGetDriverModel_v2)

API nvmlSystemGetCudaDriverVersion(int *out)
{
    u64 n;
    int code = ask("nvmlSystemGetCudaDriverVersion", NULL, -1, -1, 1, &n);
    if (!code) *out = (int)n;
    return code;
}

API nvmlSystemGetCudaDriverVersion_v2(int *out)
{
    u64 n;
    int code = ask("nvmlSystemGetCudaDriverVersion_v2", NULL, -1, -1, 1, &n);
    if (!code) *out = (int)n;
    return code;
}

struct rates { u32 gpu, memory; };

API nvmlDeviceGetUtilizationRates(device who, struct rates *out)
{
    u64 n[2];
    int code = ask("nvmlDeviceGetUtilizationRates", who, -1, -1, 2, n);
    if (!code) { out->gpu = (u32)n[0]; out->memory = (u32)n[1]; }
    return code;
}

/* total, free, used */
API nvmlDeviceGetMemoryInfo(device who, u64 *out) { return ask("nvmlDeviceGetMemoryInfo", who, -1, -1, 3, out); }
API nvmlDeviceGetBAR1MemoryInfo(device who, u64 *out) { return ask("nvmlDeviceGetBAR1MemoryInfo", who, -1, -1, 3, out); }

/* The version's word, then total, reserved, free, used. */
struct memory { u32 version; u64 bytes[4]; };

API nvmlDeviceGetMemoryInfo_v2(device who, struct memory *out)
{
    return out->version != 0x02000028 ? ARGUMENT_VERSION_MISMATCH : ask("nvmlDeviceGetMemoryInfo_v2", who, -1, -1, 4, out->bytes);
}

struct temperature { u32 version, sensor, temperature; };

API nvmlDeviceGetTemperatureV(device who, struct temperature *out)
{
    u64 n;
    if (out->version != 0x0100000C) return ARGUMENT_VERSION_MISMATCH;
    int code = ask("nvmlDeviceGetTemperatureV", who, (int)out->sensor, -1, 1, &n);
    if (!code) out->temperature = (u32)n;
    return code;
}

struct margin { u32 version; int margin; };

API nvmlDeviceGetMarginTemperature(device who, struct margin *out)
{
    u64 n;
    if (out->version != 0x01000008) return ARGUMENT_VERSION_MISMATCH;
    int code = ask("nvmlDeviceGetMarginTemperature", who, -1, -1, 1, &n);
    if (!code) out->margin = (int)n;
    return code;
}

API nvmlDeviceGetRemappedRows(device who, u32 *corrected, u32 *uncorrected, u32 *pending, u32 *failure)
{
    u64 n[4];
    int code = ask("nvmlDeviceGetRemappedRows", who, -1, -1, 4, n);
    if (!code) { *corrected = (u32)n[0]; *uncorrected = (u32)n[1]; *pending = (u32)n[2]; *failure = (u32)n[3]; }
    return code;
}

/* Eight counts (multiprocessors, engines, slices), then the memory in MiB. */
struct attributes { u32 counts[8]; u64 memory_mib; };

API nvmlDeviceGetAttributes_v2(device who, struct attributes *out)
{
    u64 n[9];
    int code = ask("nvmlDeviceGetAttributes_v2", who, -1, -1, 9, n);
    for (int i = 0; !code && i < 8; i++) out->counts[i] = (u32)n[i];
    if (!code) out->memory_mib = n[8];
    return code;
}

struct field { u32 id, scope; long long timestamp, latency_us; u32 type; int code; union { double real; u64 whole; } value; };

/* A field's line holds its type and its value; 0 is the type of a real number. */
API nvmlDeviceGetFieldValues(device who, int count, struct field *fields)
{
    const struct part *at;
    int code = enter("nvmlDeviceGetFieldValues", who, &at);
    for (int i = 0; !code && i < count; i++) {
        u64 n[2];
        fields[i].code = numbers(at, "nvmlDeviceGetFieldValues", (int)fields[i].id, -1, 2, n);
        if (fields[i].code) continue;
        fields[i].timestamp = (long long)now_us();
        fields[i].latency_us = 1;
        fields[i].type = (u32)n[0];
        if (n[0]) fields[i].value.whole = n[1]; else fields[i].value.real = (double)n[1];
    }
    return leave(code);
}
