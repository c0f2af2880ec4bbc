// The target of the benchmarks: THREADS threads, all asleep but the first, which looks at its own clock all the time and
// keeps the longest gap that it saw: a stop as the target sees it.
//
//   target THREADS      then, by lines on standard input:
//     reset             forgets the gaps             -> ok
//     gap               the longest since then       -> nanoseconds
//     cost              a call of the function       -> nanoseconds in thousandths, the best of 40 rounds
//     value             what the function says       -> a number
//     place             the function's address       -> hexadecimal
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline, noipa)) int answer(int x) { return x * 3 + 1; }

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *sleeping(void *unused) {
  for (;;) pause();
  return unused;
}

static uint64_t cost(void) {
  enum { calls = 200000 };
  uint64_t best = UINT64_MAX;
  for (int round = 0; round < 40; round++) {
    int x = round;
    uint64_t start = now();
    for (int i = 0; i < calls; i++) x = answer(x);
    uint64_t took = now() - start;
    __asm__ volatile("" ::"r"(x));
    if (took < best) best = took;
  }
  return best * 1000 / calls;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  for (int i = 1; i < threads; i++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, sleeping, NULL) != 0) return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  uint64_t longest = 0, last = now();
  for (;;) {
    for (int i = 0; i < 20000; i++) {
      uint64_t time = now();
      if (time - last > longest) longest = time - last;
      last = time;
    }
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (poll(&input, 1, 0) <= 0) continue;
    char line[64];
    ssize_t size = read(0, line, sizeof line - 1);
    if (size <= 0) return 0;
    line[size] = 0;
    // A stop that fell between the loop and here counts too.
    uint64_t time = now();
    if (time - last > longest) longest = time - last;
    last = time;
    if (!strncmp(line, "reset", 5)) { longest = 0; puts("ok"); }
    if (!strncmp(line, "gap", 3)) printf("%lu\n", longest);
    if (!strncmp(line, "cost", 4)) { printf("%lu\n", cost()); last = now(); }
    if (!strncmp(line, "value", 5)) printf("%d\n", answer(7));
    if (!strncmp(line, "place", 5)) printf("%lx\n", (unsigned long)answer);
  }
}
