// A small order desk, the demo's own service: one thread for each connection, a line with a quantity in, a line with
// the price out. Two mistakes are in it: the price forgets the last item of each dozen, and the handling fee is wrong.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What an administrator may want to change while the service runs: in cents, for each order.
int handling_fee = 900;

enum { CENTS_EACH = 250 };

// The price of an order in cents, the fee included.
__attribute__((noinline)) long order_price(long quantity) {
  long charged = quantity - quantity / 12;  // the mistake: the twelfth item of each dozen is not free
  return charged * CENTS_EACH + handling_fee;
}

static void *serve(void *argument) {
  FILE *stream = fdopen((int)(intptr_t)argument, "r+");
  char line[64], answer[64];
  if (stream == NULL) return NULL;
  while (fgets(line, sizeof line, stream) != NULL) {
    int length = snprintf(answer, sizeof answer, "%ld\n", order_price(strtol(line, NULL, 10)));
    if (write(fileno(stream), answer, (size_t)length) != length) break;
  }
  fclose(stream);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: orders PORT\n"), 64;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0)
    return perror("orders"), 1;
  puts("ready");
  fflush(stdout);
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return perror("orders: accept"), 1;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)connection) != 0)
      close(connection);
    else
      pthread_detach(thread);
  }
}
