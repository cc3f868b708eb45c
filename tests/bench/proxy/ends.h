// What both ends share: one WebSocket message, and bytes whose place in the stream can be told.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD = 120, FRAME = PAYLOAD + 6, ECHO = PAYLOAD + 2, SMALL = 1024, PERIOD = 65521 };
#define BIG (200LL * 1000 * 1000)

// A masked text frame of PAYLOAD bytes; the key is zero, so that masking changes nothing. Its echo is the same without the key.
static const unsigned char FRAME_HEAD[6] = {0x81, 0x80 | PAYLOAD, 0, 0, 0, 0}, ECHO_HEAD[2] = {0x81, PAYLOAD};

static char pattern[2 * PERIOD];  // up to PERIOD bytes of the big answer, from (place % PERIOD) on

static inline void fill_pattern(void) {
  uint32_t state = 1;
  for (int i = 0; i < PERIOD; i++) pattern[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
  memcpy(pattern + PERIOD, pattern, PERIOD);
}

static inline void die(const char *what) {
  perror(what);
  exit(1);
}
