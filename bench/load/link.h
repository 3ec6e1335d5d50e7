/** What the generator's clients are connected by: TCP, with or without TLS 1.3 on it. */

#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "options.h"

struct link {
  int fd;
  struct ssl_st *tls; /* NULL without */
};

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

/* The broker's certificate is taken unseen: it was made for this run. */
static void start_tls(struct link *link) {
  static SSL_CTX *context;
  if (!context) {
    context = SSL_CTX_new(TLS_client_method());
    if (!context) fail("OpenSSL gives no context");
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Several records with one call of the kernel, so that reading does not set the pace. */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 1 << 16);
  }
  link->tls = SSL_new(context);
  if (!link->tls || !SSL_set_fd(link->tls, link->fd)) fail("out of memory");
  SSL_set_connect_state(link->tls);
}

static ssize_t tls_result(struct link *link, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(link->tls, result);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    const char *reason = ERR_reason_error_string(ERR_get_error());
    fail("TLS failed: %s", reason ? reason : "the broker closed the connection");
  }
  errno = error == SSL_ERROR_WANT_READ ? EINPROGRESS : EAGAIN;
  return -1;
}

static ssize_t tls_send(struct link *link, const void *bytes, size_t length) {
  ERR_clear_error();
  return tls_result(link, SSL_write(link->tls, bytes, (int)length));
}

static ssize_t tls_receive(struct link *link, void *bytes, size_t length) {
  ERR_clear_error();
  return tls_result(link, SSL_read(link->tls, bytes, (int)length));
}

static void stop_tls(struct link *link) { SSL_free(link->tls); }

/* Bytes that epoll does not know of, as OpenSSL has them already. */
static bool has_more(const struct link *link) { return link->tls && SSL_has_pending(link->tls); }
#else
static void start_tls(struct link *link) {
  (void)link;
  fail("this generator was compiled without OpenSSL");
}
static ssize_t tls_send(struct link *link, const void *bytes, size_t length) {
  (void)link, (void)bytes, (void)length;
  return 0;
}
static ssize_t tls_receive(struct link *link, void *bytes, size_t length) {
  (void)link, (void)bytes, (void)length;
  return 0;
}
static void stop_tls(struct link *link) { (void)link; }
static bool has_more(const struct link *link) { return (void)link, false; }
#endif

/* Returns why not, or NULL; the connection is there when the socket has room. */
static const char *open_link(struct link *link) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int yes = 1;
  link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (link->fd < 0) return strerror(errno);
  setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(link->fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    return strerror(errno);
  if (is_over("tls")) start_tls(link);
  return NULL;
}

static void close_link(struct link *link) {
  close(link->fd);
  if (link->tls) stop_tls(link);
  link->tls = NULL;
}

/* Both return a count of bytes, 0 at the end, or -1 with errno: EAGAIN, or EINPROGRESS when TLS
   needs bytes of the broker first. */
static ssize_t send_bytes(struct link *link, const void *bytes, size_t length) {
  return link->tls ? tls_send(link, bytes, length) : send(link->fd, bytes, length, MSG_NOSIGNAL);
}

static ssize_t receive_bytes(struct link *link, void *bytes, size_t length) {
  return link->tls ? tls_receive(link, bytes, length) : recv(link->fd, bytes, length, 0);
}
