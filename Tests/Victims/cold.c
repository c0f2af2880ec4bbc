// A function whose unlikely part the compiler puts elsewhere (work.cold), in which a thread can be made to wait.
//
//     enter      a thread goes into the unlikely part and stays until told to leave
//     leave      the thread leaves; what it was answered
//     call       what a call answers that does not take the unlikely way
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int leave[2], inside[2];
static volatile int unlikely;
static int answer;

__attribute__((noinline, cold, noipa)) void wait_for_leave(int step) {
  char byte = 0;
  if (step == 1 && (write(inside[1], &byte, 1) != 1 || read(leave[0], &byte, 1) != 1)) abort();
}

__attribute__((noipa)) int work(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) {
    sum += i ^ n;
    if (__builtin_expect(unlikely, 0)) {
      wait_for_leave(1);
      unlikely = 0;
      wait_for_leave(2);
      sum += 1000;
    }
  }
  return sum;
}

static void *enter(void *unused) {
  answer = work(3);
  return unused;
}

int main(void) {
  char line[256], byte = 0;
  pthread_t thread;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (pipe(leave) || pipe(inside)) return 1;
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "enter", 5)) {
      unlikely = 1;
      if (pthread_create(&thread, NULL, enter, NULL) || read(inside[0], &byte, 1) != 1) return 1;
      puts("inside");
    } else if (!strncmp(line, "leave", 5)) {
      if (write(leave[1], &byte, 1) != 1 || pthread_join(thread, NULL)) return 1;
      printf("%d\n", answer);
    } else {
      printf("%d\n", work(3));
    }
  }
  return 0;
}
