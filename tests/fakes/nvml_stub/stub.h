/* The stub of NVIDIA's management library: what its parts share. The state file's form is told in state.py. */
#ifndef STUB_H
#define STUB_H

#include <stddef.h>

#define API __attribute__((visibility("default"))) int

typedef unsigned int u32;
typedef unsigned long long u64;

enum {
    SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9, TIMEOUT = 10, GPU_IS_LOST = 15, ARGUMENT_VERSION_MISMATCH = 25, MEMORY = 20
};

/* A handle stands for an identity, not for a place in the list: a card that was removed is lost to its holders. */
typedef struct handle { char identity[96]; } *device;

/* A part of the state: the driver's own (the first), one of a card, or one of a MIG device. */
struct part {
    char kind; /* 'd', 'g' or 'm' */
    char identity[96];
    int slot;                 /* of a MIG device on its card */
    const struct part *card;  /* of a MIG device */
    size_t first, end;        /* its lines */
};

/* Every call of the library begins with `enter` (or `again`, which is not counted) and ends with `leave(code)`. In between
   the state stands still. `at` becomes the part of `who`, or the driver's without one. Returns the code to leave with. */
int enter(const char *symbol, device who, const struct part **at);
int again(const char *symbol, device who, const struct part **at);
int leave(int code);
void initialised(int by);

/* The code with which `at` refuses `symbol`, else 0. */
int refused(const struct part *at, const char *symbol);

/* What follows "KEY " on the first line with that key from line *from on (which then is the next one), else NULL. */
const char *next(const struct part *at, const char *key, size_t *from);

/* `count` numbers of "SYMBOL" or "SYMBOL.OF.OF2" (where `of`, `of2` are not negative). Not there: NOT_SUPPORTED; "!N": N. */
int numbers(const struct part *at, const char *symbol, int of, int of2, int count, u64 *out);
int text(const struct part *at, const char *symbol, char *out, u32 room);

/* The parts of kind `kind`, in the state's order; NULL ends them. `card` leaves only its MIG devices. */
const struct part *nth(char kind, u32 index, const struct part *card);
const struct part *part_named(const char *identity);
device handle_of(const struct part *at);
u64 now_us(void);

#endif
