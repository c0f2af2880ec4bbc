// A program with one function that is patched, in which a thread can be made to wait, six frames deep.
//
//     enter N    a thread goes in and stays N milliseconds; -1: until told to leave
//     leave      the thread leaves; what it was answered
//     bytes      the function's first bytes
//     report     what a call answers, and the two values
//     exec PATH  becomes another program
//
// With TRAPS the thread waits in a signal's handler that interrupted the function behind its first byte.
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define FRAME __attribute__((noinline, noclone))

volatile long pair_a = 1, pair_b = 2;
static volatile int after;
static int leave[2], inside[2], stay, answer;
static __thread int waits;

static void stand(void) {
  if (waits) {
    struct pollfd descriptor = {.fd = leave[0], .events = POLLIN};
    int thread = (int)syscall(SYS_gettid);
    if (write(inside[1], &thread, sizeof thread) != sizeof thread) abort();
    if (poll(&descriptor, 1, stay) < 0) abort();
  }
}
#ifdef TRAPS
static void trapped(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  stand();
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}
#define HEAD "  ud2\n  xchg %ax, %ax\n"
FRAME int six(int x) { after++; return x + 1; }
#else
#define HEAD "  mov %rsp, %rbp\n"
FRAME int six(int x) { stand(); return x + 1; }
#endif
FRAME int five(int x) { int r = six(x); after++; return r; }
FRAME int four(int x) { int r = five(x); after++; return r; }
FRAME int three(int x) { int r = four(x); after++; return r; }
FRAME int two(int x) { int r = three(x); after++; return r; }

// Its beginning is that of the functions of switch.c.
__asm__(
    ".text\n"
    ".globl function_0\n"
    ".type function_0, @function\n"
    ".p2align 7\n"
    "function_0:\n"
    "  .cfi_startproc\n"
    "  push %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    HEAD
    "  lea 1(%rdi), %eax\n"
    "  call two\n"
    "  pop %rbp\n"
    "  .cfi_def_cfa_offset 8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size function_0, .-function_0\n");
int function_0(int);

static void *enter(void *unused) {
  waits = 1;
  answer = function_0(0);
  return unused;
}

int main(void) {
  char line[256];
  pthread_t thread;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (pipe(leave) || pipe(inside)) return 1;
#ifdef TRAPS
  struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, NULL);
#endif
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "enter ", 6)) {
      int id;
      stay = atoi(line + 6);
      if (pthread_create(&thread, NULL, enter, NULL) || read(inside[0], &id, sizeof id) != sizeof id) return 1;
      printf("%d\n", id);
    } else if (!strncmp(line, "leave", 5)) {
      char byte = 0;
      if (write(leave[1], &byte, 1) != 1 || pthread_join(thread, NULL) || read(leave[0], &byte, 1) != 1) return 1;
      printf("%d\n", answer);
    } else if (!strncmp(line, "bytes", 5)) {
      for (int i = 0; i < 16; i++) printf("%02x", ((const unsigned char *)function_0)[i]);
      puts("");
    } else if (!strncmp(line, "exec ", 5)) {
      line[strcspn(line, "\n")] = 0;
      execl(line + 5, line + 5, "200", "1", NULL);
      return 6;
    } else {
      printf("%s %ld %ld wrong 0 mixed 0\n", function_0(0) == 1 ? "old" : function_0(0) == 1001 ? "new" : "wrong", pair_a,
          pair_b);
    }
  }
  return 0;
}
