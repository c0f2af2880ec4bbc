// A program with one function that is patched, whose replacement (held-new.c) leaves a way back into itself behind.
//
//     enter WAY    calls the function so that it leaves a way: heap, global, shared, hidden, exit, jump, handler, coroutine
//     use          goes that way; what it was answered
//     drop         forgets it
//     report       what a call answers, and the two values
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

volatile long pair_a = 1, pair_b = 2;
static const char *const ways[] = {"none", "heap", "global", "shared", "hidden", "exit", "handler", "coroutine"};
enum { NONE, HEAP, GLOBAL, SHARED, HIDDEN, EXIT, HANDLER, COROUTINE };
volatile int way;

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

typedef int callback(int);
static callback **heap, **shared, **hidden;
static callback *global;

// What the replacement calls: it leaves one of its functions behind.
__attribute__((noinline)) void leave_callback(callback *function, void (*at_exit)(void), void (*handler)(int)) {
  switch (way) {
    case HEAP: heap[77] = function; break;
    case GLOBAL: global = function; break;
    case SHARED: shared[99] = function; break;
    case HIDDEN:
      hidden[5] = function;
      mprotect(hidden, 4096, PROT_NONE);
      break;
    case EXIT: atexit(at_exit); break;
    case HANDLER: signal(SIGUSR1, handler); break;
  }
}

// A coroutine whose stack is a small part of the heap.
static ucontext_t scheduler, coroutine;
static char *stack;
static volatile int answer;
__attribute__((noinline)) void suspend(void) { swapcontext(&coroutine, &scheduler); }
static void body(void) { answer = function_0(0); }
static void start(void) {
  stack = malloc(65536);
  getcontext(&coroutine);
  coroutine.uc_stack.ss_sp = stack;
  coroutine.uc_stack.ss_size = 65536;
  coroutine.uc_link = &scheduler;
  makecontext(&coroutine, body, 0);
  swapcontext(&scheduler, &coroutine);
}

// Registers that are saved with a context may hold what a call before left.
static void drop(void) {
  if (way == COROUTINE) memset(stack, 0, 65536);
  memset(&scheduler, 0, sizeof scheduler);
  memset(&coroutine, 0, sizeof coroutine);
  heap[77] = shared[99] = global = NULL;
  mprotect(hidden, 4096, PROT_READ | PROT_WRITE);
  hidden[5] = NULL;
  signal(SIGUSR1, SIG_DFL);
  way = NONE;
}

static int use(void) {
  switch (way) {
    case HEAP: return heap[77](1);
    case GLOBAL: return global(1);
    case SHARED: return shared[99](1);
    case HIDDEN: mprotect(hidden, 4096, PROT_READ | PROT_WRITE); return hidden[5](1);
    case HANDLER: return raise(SIGUSR1);
    case COROUTINE: swapcontext(&scheduler, &coroutine); return answer;
  }
  return -1;
}

// What a call leaves on the stack lies far below what later calls use.
static void call(void) { function_0(0); }
__attribute__((noinline)) static void far_below(void (*function)(void)) {
  volatile char space[65536];
  space[0] = 0;
  function();
  space[1] = space[0];
}
static volatile int used;
static void use_it(void) { used = use(); }

int main(void) {
  static char line[256];
  static char in[4096], out[4096];
  setvbuf(stdin, in, _IOLBF, sizeof in);
  setvbuf(stdout, out, _IOLBF, sizeof out);
  heap = calloc(100, sizeof *heap);
  // A page that nobody has touched must stay so.
  const size_t large = 1ul << 30;
  shared = mmap(NULL, large, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  hidden = mmap(NULL, large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, "enter ", 6)) {
      for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
        if (!strcmp(line + 6, ways[i])) way = (int)i;
      if (way == COROUTINE) start(); else far_below(call);
      puts("entered");
    } else if (!strcmp(line, "use")) {
      far_below(use_it);
      printf("%d\n", used);
    } else if (!strcmp(line, "drop")) {
      far_below(drop);
      puts("dropped");
    } else {
      int result = function_0(0);
      printf("%s %ld %ld wrong 0 mixed 0\n", result == 1 ? "old" : result == 1001 ? "new" : "wrong", pair_a, pair_b);
    }
  }
  return 0;
}
