// Redis answers PING in words of its own, so that one sees from outside which code runs. Compiled against the headers of
// Debian's source package; everything it calls is the running server's own.
#include "server.h"

void pingCommand(client *c) {
  if (c->argc > 2) {
    addReplyErrorArity(c);
  } else if (c->argc == 1) {
    addReplyStatus(c, "PONG, patched while running");
  } else {
    addReplyBulk(c, c->argv[1]);
  }
}
