// A program with one function and two values, which starts processes of three kinds.
//
//     fork, child LINE    a copy of itself, and what that answers to a line
//     vfork, clone        a process that shares its memory; it stays until `release`
//     report              what a call answers, and the two values
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile long pair_a = 1, pair_b = 2;

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
    "  mov %rsp, %rbp\n"
    "  lea 1(%rdi), %eax\n"
    "  pop %rbp\n"
    "  .cfi_def_cfa_offset 8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size function_0, .-function_0\n");
int function_0(int);

static int hold[2], started[2], to_child[2], from_child[2];

static int stay(void *unused) {
  (void)unused;
  int me = getpid();
  char byte;
  if (write(started[1], &me, sizeof me) != sizeof me) _exit(2);
  while (read(hold[0], &byte, 1) < 0) {}
  _exit(0);
}

static void *run_vfork(void *unused) {
  if (vfork() == 0) stay(NULL);
  return unused;
}

static void answer(const char *line, FILE *out) {
  int result = function_0(0);
  if (strncmp(line, "report", 6)) fprintf(out, "what?\n");
  else fprintf(out, "%s %ld %ld wrong 0 mixed 0\n", result == 1 ? "old" : result == 1001 ? "new" : "wrong", pair_a, pair_b);
  fflush(out);
}

int main(void) {
  char line[256];
  pthread_t thread;
  int child;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (pipe(hold) || pipe(started) || pipe(to_child) || pipe(from_child)) return 1;
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "fork", 4)) {
      child = fork();
      if (child == 0) {
        FILE *in = fdopen(to_child[0], "r"), *out = fdopen(from_child[1], "w");
        close(to_child[1]);
        while (fgets(line, sizeof line, in)) answer(line, out);
        _exit(0);
      }
      printf("%d\n", child);
    } else if (!strncmp(line, "child ", 6)) {
      char byte = 0;
      if (write(to_child[1], line + 6, strlen(line + 6)) < 0) return 1;
      while (byte != '\n' && read(from_child[0], &byte, 1) == 1) putchar(byte);
    } else if (!strncmp(line, "vfork", 5) || !strncmp(line, "clone", 5)) {
      if (line[0] == 'v') pthread_create(&thread, NULL, run_vfork, NULL);
      else if (clone(stay, (char *)malloc(65536) + 65536, CLONE_VM | SIGCHLD, NULL) < 0) return 1;
      if (read(started[0], &child, sizeof child) != sizeof child) return 1;
      printf("%d\n", child);
    } else if (!strncmp(line, "release", 7)) {
      char byte = 0;
      if (write(hold[1], &byte, 1) != 1) return 1;
      waitpid(child, NULL, 0);
      puts("released");
    } else {
      answer(line, stdout);
    }
  }
  return 0;
}
