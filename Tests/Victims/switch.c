// A program of 200 functions over several pages and two values, called and read by threads that never rest: each call must
// give a result of one of the worlds (unpatched, patched, patched by the successor), each pass at most one change between
// them, and the values must belong together.
//
//     switch COUNT THREADS [MODE]     the first COUNT functions are called; MODE is one of `modes` below
//     worlds A B C D                  the patch has the functions from A to B, its successor those from C to D
//     report, settle                  the world, the values, what was wrong; with `settle` what was mixed is forgotten
//     seen, forget                    the worlds that were seen
//     exec PATH                       becomes another program
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

volatile long pair_a = 1, pair_b = 2;

// A 5-byte branch overwrites the first instructions: three in part, or, with SPINS, three whole ones of which two take long.
#ifdef SPINS
#define HEAD "  pause\n  pause\n"
#else
#define HEAD "  mov %rsp, %rbp\n"
#endif
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
    HEAD
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
static volatile int from[3] = {0, 0, 0}, to[3] = {0, 200, 0};
static atomic_int seen;
static atomic_long passes[64], wrong, mixed, interrupted;

// The worlds that a call's result fits, one bit each.
static int fits(int index) {
  int result = table[index](index), worlds = 0;
  for (int w = 0; w < 3; w++)
    if (result == index + 1 + (index >= from[w] && index < to[w] ? 1000 * w : 0)) worlds |= 1 << w;
  if (!worlds) atomic_fetch_add(&wrong, 1);
  return worlds;
}

static int pass(void) {
  int changes = 0, world = 7;
  for (int i = 0; i < count; i++) {
    int now = fits(i);
    if (!(world & now)) changes++, world = now;
    else world &= now;
    // Only one fits: this one was seen.
    if (!(world & (world - 1))) atomic_fetch_or(&seen, world);
  }
  if (changes > 1) atomic_fetch_add(&mixed, 1);
  return changes ? 0 : world;
}

static void check(long thread) {
  pass();
  long a = pair_a, b = pair_b;
  if (a == pair_a && !((a == 1 && b == 2) || (a == 11 && b == 12) || (a == 21 && b == 22))) atomic_fetch_add(&mixed, 1);
  atomic_fetch_add(&passes[thread], 1);
}

static void *work(void *number) {
  for (;;) check((long)number);
}

// A blocked call must not end before its time.
static void *wait_for_nothing(void *unused) {
  (void)unused;
  int descriptor = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event;
  for (;;)
    if (epoll_wait(descriptor, &event, 1, 3600 * 1000) < 0 && errno == EINTR) atomic_fetch_add(&interrupted, 1);
}

// The calling thread, and those that it starts, die of this call.
static void forbid(int call) {
  struct sock_filter deny[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, deny};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) exit(3);
}

int main(int argc, char **argv) {
  // No thread may make the call that writes values; all but one may not; no memory may be both written and run.
  static const char *const modes[] = {"none-writes", "one-writes", "mdwe"};
  const char *mode = argc > 3 ? argv[3] : "";
  char line[256];
  pthread_t thread;
  setvbuf(stdout, NULL, _IOLBF, 0);
  count = argc > 1 ? atoi(argv[1]) : 200;
  if (!strcmp(mode, modes[0])) forbid(SYS_process_vm_writev);
  pthread_create(&thread, NULL, wait_for_nothing, NULL);
  if (!strcmp(mode, modes[1])) forbid(SYS_process_vm_writev);
  if (!strcmp(mode, modes[2]) && prctl(65 /* PR_SET_MDWE */, 1 /* refuse exec gain */, 0, 0, 0)) { puts("no mdwe"); return 4; }
  int workers = argc > 2 ? atoi(argv[2]) : 3;
  for (long i = 0; i < workers && i < 64; i++) pthread_create(&thread, NULL, work, (void *)i);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, "worlds", 6)) {
      if (sscanf(line + 6, "%d %d %d %d", (int *)&from[1], (int *)&to[1], (int *)&from[2], (int *)&to[2]) != 4) return 5;
      puts("set");
    } else if (!strcmp(line, "seen") || !strcmp(line, "forget")) {
      int worlds = !strcmp(line, "seen") ? atomic_load(&seen) : atomic_exchange(&seen, 0);
      printf("%s%s%s\n", worlds & 1 ? "old " : "", worlds & 2 ? "new " : "", worlds & 4 ? "newer " : "");
    } else if (!strncmp(line, "exec ", 5)) {
      execl(line + 5, line + 5, "200", "1", NULL);
      return 6;
    } else {
      int world = pass();
      if (!strcmp(line, "settle")) {
        // Every thread: one that lost the processor in the middle of a pass still knows the world of before.
        for (int i = 0; i < workers; i++) {
          long before = atomic_load(&passes[i]);
          while (atomic_load(&passes[i]) < before + 100) usleep(100);
        }
      }
      printf("%s %ld %ld wrong %ld mixed %ld\n", world & 1 ? "old" : world & 2 ? "new" : world & 4 ? "newer" : "half", pair_a,
          pair_b, atomic_load(&wrong), atomic_exchange(&mixed, 0));
    }
  }
  return 0;
}
