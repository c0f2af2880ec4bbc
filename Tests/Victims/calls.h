// 200 functions over several pages and two values, called and read by threads that never rest: each call must give the old or
// the new result, each pass at most one change between them, and the values must belong together.
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile long pair_a = 1, pair_b = 2;

// Four instructions, of which a 5-byte branch overwrites the first three in part.
__asm__(
    ".text\n"
    ".altmacro\n"
    ".macro function n\n"
    ".globl function_\\n\n"
    ".type function_\\n, @function\n"
    ".p2align 7\n"
    "function_\\n:\n"
    "  .cfi_startproc\n"
    "  push %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  mov %rsp, %rbp\n"
    "  lea 1(%rdi), %eax\n"
    "  pop %rbp\n"
    "  .cfi_def_cfa_offset 8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size function_\\n, .-function_\\n\n"
    ".section .data.rel.ro, \"aw\"\n"
    "  .quad function_\\n\n"
    ".text\n"
    ".endm\n"
    ".section .data.rel.ro, \"aw\"\n"
    ".p2align 3\n"
    "table:\n"
    ".text\n"
    ".set i, 0\n"
    ".rept 200\n"
    "function %i\n"
    ".set i, i+1\n"
    ".endr\n"
    ".noaltmacro\n");
extern int (*const table[200])(int);

static int count;
static atomic_long passes, wrong, mixed;

static int version_of(int index) {
  int result = table[index](index);
  if (result == index + 1) return 0;
  if (result == index + 1001) return 1;
  atomic_fetch_add(&wrong, 1);
  return -1;
}

static void check_functions(void) {
  int changes = 0, last = version_of(0);
  for (int i = 1; i < count; i++) {
    int now = version_of(i);
    changes += now != last;
    last = now;
  }
  if (changes > 1) atomic_fetch_add(&mixed, 1);
  long a = pair_a, b = pair_b;
  if (a == pair_a && !((a == 1 && b == 2) || (a == 11 && b == 12))) atomic_fetch_add(&mixed, 1);
  atomic_fetch_add(&passes, 1);
}

static void *call_functions(void *unused) {
  for (;;) check_functions();
  return unused;
}

// The first `patched` functions are called by so many threads.
static void start_calls(int patched, int threads) {
  pthread_t thread;
  count = patched;
  for (int i = 0; i < threads; i++) pthread_create(&thread, NULL, call_functions, NULL);
}

// "report", or "settle": the same once every thread has made more calls, after which what was mixed is forgotten.
static void report(const char *question) {
  int new_ones = 0;
  for (int i = 0; i < count; i++) new_ones += version_of(i);
  if (!strncmp(question, "settle", 6)) {
    long before = atomic_load(&passes);
    while (atomic_load(&passes) < before + 1000) usleep(100);
  }
  printf("%s %ld %ld wrong %ld mixed %ld\n", new_ones == 0 ? "old" : new_ones == count ? "new" : "half", pair_a, pair_b,
      atomic_load(&wrong), atomic_exchange(&mixed, 0));
}
