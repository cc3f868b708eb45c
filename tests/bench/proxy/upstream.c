// The server behind every proxy: 1 KB, 200 MB at /big, and an echo behind an upgrade. One thread, epoll, answers built beforehand.
// It never ends a connection: a proxy that passes a client's `Connection: close` on would lose requests to its own pool.
#define _GNU_SOURCE
#include "ends.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct {
  int fd, tunnel;
  long long left;  // bytes of the big answer that are still to be sent
  size_t have;
  char in[8192];
} Connection;

static char small[SMALL + 256];
static size_t small_size;
static const char BIG_HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 200000000\r\n\r\n";
static const char SWITCH[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int events;

static int sent(Connection *c, const void *bytes, size_t size) {  // a small answer that does not fit ends the connection
  return send(c->fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static int send_big(Connection *c) {
  while (c->left > 0) {
    size_t wanted = c->left < PERIOD ? (size_t)c->left : PERIOD;
    ssize_t n = send(c->fd, pattern + (BIG - c->left) % PERIOD, wanted, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    c->left -= n;
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(events, EPOLL_CTL_MOD, c->fd, &event);
  return 1;
}

static int answer(Connection *c) {
  if (strcasestr(c->in, "\nupgrade: websocket\r")) {
    c->tunnel = 1;
    return sent(c, SWITCH, sizeof SWITCH - 1);
  }
  if (!strstr(c->in, "/big HTTP/1.")) return sent(c, small, small_size);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(events, EPOLL_CTL_MOD, c->fd, &event);
  c->left = BIG;
  return sent(c, BIG_HEAD, sizeof BIG_HEAD - 1) && send_big(c);
}

static void drop(Connection *c, size_t size) {
  c->have -= size;
  memmove(c->in, c->in + size, c->have);
}

static int take(Connection *c) {
  ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - 1 - c->have, 0);
  if (n <= 0) return n < 0 && errno == EAGAIN;
  c->have += n;
  if (!c->tunnel) {
    c->in[c->have] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end) return c->have < sizeof c->in - 1;
    end[2] = 0;
    int open = answer(c);
    drop(c, end + 4 - c->in);
    return open;
  }
  for (; c->have >= FRAME; drop(c, FRAME)) {
    if (memcmp(c->in, FRAME_HEAD, sizeof FRAME_HEAD) != 0) return 0;
    memcpy(c->in + 4, ECHO_HEAD, sizeof ECHO_HEAD);
    if (!sent(c, c->in + 4, ECHO)) return 0;
  }
  return 1;
}

static void greet(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Connection *c = calloc(1, sizeof *c);
  c->fd = fd;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
}

int main(void) {
  fill_pattern();
  small_size = sprintf(small, "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
                              "Content-Length: %d\r\nCache-Control: no-cache\r\n\r\n", SMALL);
  memset(small + small_size, 'x', SMALL);
  small_size += SMALL;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  if (bind(listener, (void *)&at, size) || listen(listener, 4096) || getsockname(listener, (void *)&at, &size)) die("listen");
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  events = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[256];
  epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int n = epoll_wait(events, ready, 256, -1);
    for (int i = 0; i < n; i++) {
      Connection *c = ready[i].data.ptr;
      if (!c) greet(listener);
      else if (!(ready[i].events & EPOLLIN ? take(c) : 1) || !(c->left && ready[i].events & EPOLLOUT ? send_big(c) : 1)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
