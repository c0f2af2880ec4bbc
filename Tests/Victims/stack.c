// A program that stands where the stack check must find it (or must not): argv[1] names how it got there.
//
// All that counts as "the function" lies in a section of its own, whose bounds the link editor names; the words asked
// for are answered by the main thread, or by a thread of its own where the main thread stands still.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define GUARDED __attribute__((section("watched"), noinline))
#define FRAME __attribute__((noinline))

extern char __start_watched[], __stop_watched[];
// After each call something is left to do, so that no call becomes a jump.
static volatile int after;
static int standing[2];

// Says that the place has been reached, and stays there. A compiler that knew that it never returns would not let others
// jump to it.
static volatile int leaves;
FRAME static int stand(int x) {
  if (write(standing[1], "x", 1) != 1) abort();
  while (!leaves) pause();
  return x;
}

FRAME static int six(int x) { int r = stand(x); after++; return r + 1; }
FRAME static int five(int x) { int r = six(x); after++; return r + 2; }
FRAME static int four(int x) { int r = five(x); after++; return r + 3; }
FRAME static int three(int x) { int r = four(x); after++; return r + 4; }
FRAME static int two(int x) { int r = three(x); after++; return r + 5; }
FRAME static int one(int x) { int r = two(x); after++; return r + 6; }
GUARDED int guarded(int x) { int r = one(x); after++; return r * 2; }
FRAME static void deep(void) { int r = guarded(1); after += r; }

// Below a signal handler.
static void handler(int signal) { stand(signal); after++; }
FRAME static int interrupted(int x) { raise(SIGUSR1); after++; return x; }
GUARDED int guarded_interrupted(int x) { int r = interrupted(x); after++; return r * 2; }
static void handle(int signal, int on_alternate_stack) {
  if (on_alternate_stack) {
    stack_t stack = {.ss_size = 65536};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, NULL);
  }
  struct sigaction action = {.sa_handler = handler, .sa_flags = on_alternate_stack ? SA_ONSTACK : 0};
  sigaction(signal, &action, NULL);
}

// A handler whose restorer has no call-frame information, as in C libraries other than glibc.
void own_restorer(void);
__asm__(".text\n.type own_restorer,@function\nown_restorer:\nmov $15,%rax\nsyscall\n");
static void handle_with_own_restorer(int signal) {
  struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } action = {
      handler, 0x04000000, own_restorer, 0};
  syscall(SYS_rt_sigaction, signal, &action, NULL, 8);
}

// The head of a function: a trap behind its first byte, and a loop there.
int guarded_trap(void), guarded_loop(void);
__asm__(
    ".pushsection watched,\"ax\",@progbits\n"
    ".type guarded_trap,@function\nguarded_trap:\n.cfi_startproc\nnop\nud2\nret\n.cfi_endproc\n"
    ".type guarded_loop,@function\nguarded_loop:\n.cfi_startproc\nnop\n1: pause\njmp 1b\n.cfi_endproc\n"
    ".popsection\n");

// A leftover: the function has been called and has returned, and its return address lies in a hole of a later frame.
FRAME static int leaf(int x) { volatile char space[64]; space[0] = (char)x; after++; return space[0]; }
GUARDED int guarded_leaf(int x) { int r = leaf(x); after++; return r * 2; }
// Keeps an array whole: the compiler must think that somebody looks at it.
#define KEEP(array) __asm__ volatile("" ::"r"(array) : "memory")
FRAME static int leave(int x) { volatile char space[4096]; KEEP(space); space[x] = 1; int r = guarded_leaf(x); after++; return r + space[x]; }
FRAME static int hold(int x) { volatile char hole[16384]; KEEP(hole); hole[0] = (char)x; int r = stand(x); after++; return r + hole[0]; }

// A call that never returns is the last instruction of the function.
FRAME __attribute__((noreturn)) static void never(int x) { stand(x); after++; abort(); }
__attribute__((section("watched"), noinline, noreturn)) void guarded_end(int x) { after++; never(x); }

// A tail call: the function has gone when its callee runs.
GUARDED int guarded_tail(int x) { return two(x); }

// Coroutines.
static ucontext_t scheduler, coroutine;
static void stands_in_function(void) { deep(); }
static void suspends_in_function_body(int x) { after += x; swapcontext(&coroutine, &scheduler); after++; }
GUARDED int guarded_suspended(int x) { suspends_in_function_body(x); after++; return after; }
static void suspends_in_function(void) { after += guarded_suspended(1); }
static void only_stands(void) { stand(1); after++; }
static void make(void (*body)(void)) {
  getcontext(&coroutine);
  coroutine.uc_stack.ss_size = 65536;
  coroutine.uc_stack.ss_sp = malloc(65536);
  coroutine.uc_link = &scheduler;
  makecontext(&coroutine, body, 0);
}
FRAME static void switch_to(void) { swapcontext(&scheduler, &coroutine); after++; }
GUARDED int guarded_switch(int x) { switch_to(); after++; return x; }

static void *run(void *name) {
  const char *how = name;
  if (!strcmp(how, "deep")) deep();
  if (!strcmp(how, "handler")) { handle(SIGUSR1, 0); guarded_interrupted(1); }
  if (!strcmp(how, "alternate")) { handle(SIGUSR1, 1); guarded_interrupted(1); }
  if (!strcmp(how, "own-restorer")) { handle_with_own_restorer(SIGUSR1); guarded_interrupted(1); }
  if (!strcmp(how, "trap")) { handle(SIGILL, 0); guarded_trap(); }
  if (!strcmp(how, "alternate-trap")) { handle(SIGILL, 1); guarded_trap(); }
  if (!strcmp(how, "loop")) { if (write(standing[1], "x", 1) == 1) guarded_loop(); }
  if (!strcmp(how, "stale")) { leave(1); hold(1); }
  if (!strcmp(how, "end")) guarded_end(1);
  if (!strcmp(how, "tail")) guarded_tail(1);
  if (!strcmp(how, "coroutine")) { make(stands_in_function); switch_to(); }
  if (!strcmp(how, "scheduler")) { make(only_stands); guarded_switch(1); }
  if (!strcmp(how, "suspended")) { make(suspends_in_function); switch_to(); stand(1); }
  stand(1);
  return NULL;
}

static void *answer(void *unused) {
  (void)unused;
  char line[64], byte;
  if (read(standing[0], &byte, 1) != 1) abort();
  printf("ready\n");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (!strcmp(line, "range\n")) printf("%lx %lx\n", (long)__start_watched, (long)__stop_watched);
    if (!strcmp(line, "trap\n")) printf("%lx\n", (long)guarded_trap);
    if (!strcmp(line, "loop\n")) printf("%lx\n", (long)guarded_loop);
    if (!strcmp(line, "standing\n")) printf("%lx\n", (long)stand);
    fflush(stdout);
  }
  _exit(0);
}

static void *sleeping(void *unused) {
  for (;;) pause();
  return unused;
}

// stack HOW [THREADS]: with THREADS, that many more threads sleep and the last one does it; else the main thread does.
int main(int count, char **arguments) {
  if (count < 2 || pipe(standing) != 0) return 2;
  pthread_t thread;
  if (pthread_create(&thread, NULL, answer, NULL) != 0) return 2;
  int threads = count > 2 ? atoi(arguments[2]) : 0;
  for (int i = 0; i < threads; i++)
    if (pthread_create(&thread, NULL, i + 1 < threads ? sleeping : run, arguments[1]) != 0) return 2;
  if (threads > 0) for (;;) pause();
  run(arguments[1]);
}
