// An order desk without a network, for the tests of the command line: a function and a value to patch, and a way to keep
// a thread inside the function. The danger: a function that is in use for as long as the test wants.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noipa))

// Makes builds differ: the build-id covers what is loaded.
#ifndef NAME
#define NAME "desk"
#endif
__attribute__((used)) const char built_as[] = NAME;

// In cents, for each order.
volatile int fee = 900;

static atomic_int inside, releases;

FUNCTION void wait_for_release(void) {
  int now = atomic_load(&releases);
  atomic_fetch_add(&inside, 1);
  while (atomic_load(&releases) == now) usleep(1000);
  atomic_fetch_sub(&inside, 1);
}

// The mistake: one item of each dozen is forgotten.
FUNCTION long price(long quantity) {
  if (quantity == 0) wait_for_release();
  return (quantity - quantity / 12) * 250 + fee;
}

FUNCTION long serve(long quantity) { return price(quantity) + 1; }

static void *hold(void *unused) {
  (void)unused;
  return (void *)serve(0);
}

int main(void) {
  char line[256];
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    char command[16] = "";
    long number = 0;
    sscanf(line, "%15s %ld", command, &number);
    if (!strcmp(command, "price")) printf("%ld\n", serve(number) - 1);
    else if (!strcmp(command, "fee")) printf("%d\n", fee);
    else if (!strcmp(command, "set")) printf("%d\n", fee = (int)number);
    else if (!strcmp(command, "address")) printf("%p %p\n", (void *)price, (void *)&fee);
    else if (!strcmp(command, "hold")) {
      pthread_t thread;
      int before = atomic_load(&inside);
      if (pthread_create(&thread, NULL, hold, NULL) != 0) return 1;
      pthread_detach(thread);
      while (atomic_load(&inside) == before) usleep(100);
      puts("held");
    } else if (!strcmp(command, "release")) {
      atomic_fetch_add(&releases, 1);
      while (atomic_load(&inside) != 0) usleep(100);
      puts("released");
    } else puts("what?");
  }
  return 0;
}
