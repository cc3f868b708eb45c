// The other end: `load MODE PORT CONNECTIONS SECONDS HEAD` prints one JSON line. MODE:
//   ws    one message on its way on each WebSocket, checked when it comes back
//   idle  open WebSockets, say so, hold them until stdin ends, then prove with a message on each that they are alive
//   new   a connection for every request, CONNECTIONS at a time
//   big   one download, every byte checked; what is counted is MB
#define _GNU_SOURCE
#include "ends.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 4000000 };  // microseconds that are told apart
typedef struct {
  int fd;
  uint32_t number;
  size_t have;
  double since;
  char in[4096];
} Connection;

static struct sockaddr_in at = {.sin_family = AF_INET};
static const char *head;
static uint32_t took[LONGEST + 1];
static long done, errors;
static int events;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void note(double since) {
  double us = (now() - since) * 1e6;
  took[us < LONGEST ? (int)us : LONGEST]++;
  done++;
}

static double ms_below(double share) {
  long wanted = (long)(share * done), seen = 0;
  for (int us = 0; us <= LONGEST; us++)
    if ((seen += took[us]) > wanted) return us / 1e3;
  return 0;
}

static void report(double seconds) {
  printf("{\"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"done\": %ld, \"errors\": %ld}\n", done / seconds,
         ms_below(0.50), ms_below(0.99), done, errors);
}

static int connected(int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0), on = 1;
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (void *)&at, sizeof at) && errno != EINPROGRESS) die("connect");
  return fd;
}

static void watch(int fd, void *what, uint32_t for_what, int how) {
  struct epoll_event event = {.events = for_what, .data.ptr = what};
  if (epoll_ctl(events, how, fd, &event)) die("epoll_ctl");
}

static int get(int fd, char *in, size_t size, char **body) {  // reads a head; returns how many bytes of the body came along
  size_t have = 0;
  while (have < size - 1) {
    ssize_t n = recv(fd, in + have, size - 1 - have, 0);
    if (n <= 0) break;
    in[have += n] = 0;
    if ((*body = strstr(in, "\r\n\r\n"))) return in + have - (*body += 4);
  }
  return -1;
}

static void open_websocket(Connection *c) {
  char *body;
  c->fd = connected(0);
  if (send(c->fd, head, strlen(head), 0) < 0 || get(c->fd, c->in, sizeof c->in, &body) != 0 || strncmp(c->in, "HTTP/1.1 101", 12)) {
    fprintf(stderr, "no WebSocket: %.200s\n", c->in);
    exit(1);
  }
}

static void say(Connection *c) {
  unsigned char frame[FRAME];
  memset(frame, 'm', FRAME);
  memcpy(frame, FRAME_HEAD, sizeof FRAME_HEAD);
  sprintf((char *)frame + 6, "%d %u", c->fd, ++c->number);
  c->have = 0;
  c->since = now();
  if (send(c->fd, frame, FRAME, MSG_NOSIGNAL) != FRAME) die("send");
}

static int heard(Connection *c) {  // 1 when the whole echo is there
  ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
  if (n <= 0) die("a WebSocket ended");
  c->have += n;
  if (c->have < ECHO) return 0;
  char wanted[40];
  int size = sprintf(wanted, "%d %u", c->fd, c->number) + 1;
  errors += c->have != ECHO || memcmp(c->in, ECHO_HEAD, 2) || memcmp(c->in + 2, wanted, size) || c->in[ECHO - 1] != 'm';
  return 1;
}

static void ws(Connection *all, int count, double seconds) {
  for (int i = 0; i < count; i++) {
    open_websocket(&all[i]);
    watch(all[i].fd, &all[i], EPOLLIN, EPOLL_CTL_ADD);
  }
  double start = now(), end = start + seconds;
  for (int i = 0; i < count; i++) say(&all[i]);
  struct epoll_event ready[256];
  for (double t = start; t < end; t = now()) {
    int n = epoll_wait(events, ready, 256, 100);
    for (int i = 0; i < n; i++)
      if (heard(ready[i].data.ptr)) {
        note(((Connection *)ready[i].data.ptr)->since);
        say(ready[i].data.ptr);
      }
  }
  report(now() - start);
}

static void idle(Connection *all, int count) {
  for (int i = 0; i < count; i++) open_websocket(&all[i]);
  puts("open");
  fflush(stdout);
  while (getchar() != EOF) {}
  for (int i = 0; i < count; i++) {
    say(&all[i]);
    while (!heard(&all[i])) {}
    done++;
  }
  report(1);
}

static void begin(Connection *c) {
  c->since = now();
  c->have = 0;
  c->fd = connected(SOCK_NONBLOCK);
  watch(c->fd, c, EPOLLOUT, EPOLL_CTL_ADD);
}

static int answered(Connection *c) {  // a whole answer, right from its first byte to its end
  c->in[c->have < sizeof c->in ? c->have : sizeof c->in - 1] = 0;
  char *body = strstr(c->in, "\r\n\r\n");
  return body && !strncmp(c->in, "HTTP/1.1 200", 12) && c->in + c->have - body - 4 == SMALL && strspn(body + 4, "x") == SMALL;
}

static void new_ones(Connection *all, int count, double seconds) {
  double start = now(), end = start + seconds;
  for (int i = 0; i < count; i++) begin(&all[i]);
  struct epoll_event ready[256];
  for (double t = start; t < end; t = now()) {
    int n = epoll_wait(events, ready, 256, 100);
    for (int i = 0; i < n; i++) {
      Connection *c = ready[i].data.ptr;
      if (ready[i].events & EPOLLOUT) {
        if (send(c->fd, head, strlen(head), MSG_NOSIGNAL) > 0) watch(c->fd, c, EPOLLIN, EPOLL_CTL_MOD);
        else errors++, close(c->fd), begin(c);
        continue;
      }
      ssize_t got = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
      if (got > 0) c->have += got;
      else {
        if (got == 0 && answered(c)) note(c->since);
        else errors++;
        close(c->fd);
        begin(c);
      }
    }
  }
  report(now() - start);
}

static void big(void) {
  static char in[PERIOD], *body;
  fill_pattern();
  double start = now();
  int fd = connected(0);
  if (send(fd, head, strlen(head), 0) < 0) die("send");
  ssize_t n = get(fd, in, sizeof in, &body);
  if (n < 0 || strncmp(in, "HTTP/1.1 200", 12)) die("no answer");
  errors += memcmp(body, pattern, n) != 0;
  for (done = n; done < BIG && (n = recv(fd, in, sizeof in, 0)) > 0; done += n)
    errors += memcmp(in, pattern + done % PERIOD, n) != 0;
  printf("{\"per_second\": %.1f, \"done\": %ld, \"errors\": %ld}\n", done / 1e6 / (now() - start), done / 1000000, errors + (done != BIG));
}

int main(int count, char **words) {
  if (count != 6) return 2;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(atoi(words[2]));
  head = words[5];
  events = epoll_create1(0);
  int wanted = atoi(words[3]);
  Connection *all = calloc(wanted, sizeof *all);
  if (!strcmp(words[1], "ws")) ws(all, wanted, atof(words[4]));
  else if (!strcmp(words[1], "idle")) idle(all, wanted);
  else if (!strcmp(words[1], "new")) new_ones(all, wanted, atof(words[4]));
  else big();
  return 0;
}
