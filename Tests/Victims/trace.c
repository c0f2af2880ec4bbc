// A victim for the tracing tests: one kind of work on the main thread (or on another one), questions answered by a helper thread.
//
//   trace KIND [thread]      KIND is a name of `kinds` below; with `thread` the work is done on a thread of its own
//   trace KIND calls COUNT   and beside it two threads that call the functions of calls.h, of which COUNT are patched
//   report, settle           -> the generation, the values, what was wrong; with `settle` what was mixed is forgotten
//   status                   -> "ok LOOPS EINTRS ERRORS"
//   mask                     -> the worker's signal mask as it sees it, after each loop
//   area                     -> where the restartable sequence begins and ends
#define _GNU_SOURCE
#include "calls.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/rseq.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile uint64_t loops, interrupted, errors, mask_seen, aborts, sent, received;
static void check(int ok) { if (!ok) errors++; }
static void result(long r) { if (r == -1 && errno == EINTR) interrupted++; }
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

// Vector registers, floating point, flags and the red zone: one sum in two ways.
__attribute__((noinline)) static double sum(const double *v, int n) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (int i = 0; i < n; i += 4) { s0 += v[i] * 1.5; s1 += v[i + 1] / 3; s2 -= v[i + 2] * v[i]; s3 += v[i + 3]; }
  return s0 + s1 + s2 + s3;
}
__attribute__((noinline)) static uint64_t red_zone(uint64_t x) {
  uint64_t out;
  asm volatile(
      "movq %1, -8(%%rsp)\n movq %1, -120(%%rsp)\n movq $400, %%rcx\n"
      "1: decq %%rcx\n jnz 1b\n movq -8(%%rsp), %0\n xorq -120(%%rsp), %0\n"
      : "=&r"(out) : "r"(x) : "rcx", "cc", "memory");
  return out;
}
__attribute__((noinline, target("avx2"))) static uint64_t wide(uint64_t seed) {
  uint64_t out[4];
  asm volatile(
      "vmovq %1, %%xmm8\n vpbroadcastq %%xmm8, %%ymm8\n vpxor %%ymm9, %%ymm9, %%ymm9\n movl $600, %%ecx\n"
      "1: vpaddq %%ymm8, %%ymm9, %%ymm9\n decl %%ecx\n jnz 1b\n vmovdqu %%ymm9, %0\n vzeroupper\n"
      : "=m"(out) : "r"(seed) : "ecx", "xmm8", "xmm9", "cc");
  return out[0] == out[3] && out[1] == out[2] && out[0] == seed * 600 ? 0 : 1;
}
static void arithmetic(void) {
  static double v[1024];
  for (int i = 0; i < 1024; i++) v[i] = i * 0.37 + 1;
  double expected = sum(v, 1024);
  int avx = __builtin_cpu_supports("avx2");
  for (;; loops++) {
    check(sum(v, 1024) == expected);
    check(red_zone(loops + 7) == 0);
    if (avx) check(wide(loops + 3) == 0);
  }
}

static void do_nanosleep(void) {
  for (;; loops++) {
    struct timespec t = {0, 30000000};
    double start = now();
    long r = nanosleep(&t, NULL);
    result(r);
    check(r == -1 || now() - start >= 0.0299);
  }
}
static void do_epoll(void) {
  int e = epoll_create1(0);
  struct epoll_event event;
  for (;; loops++) { long r = epoll_wait(e, &event, 1, 20); result(r); check(r <= 0); }
}
static void do_poll(void) {
  int p[2];
  check(pipe(p) == 0);
  for (;; loops++) { struct pollfd f = {p[0], POLLIN, 0}; long r = poll(&f, 1, 20); result(r); check(r <= 0); }
}
static int feed[2];
static void *feeder(void *unused) {
  struct timespec t = {0, 5000000};
  for (unsigned char next = 0;; next++) { nanosleep(&t, NULL); check(write(feed[1], &next, 1) == 1); }
  return unused;
}
static void do_read(void) {
  check(pipe(feed) == 0);
  pthread_t t;
  pthread_create(&t, NULL, feeder, NULL);
  for (unsigned char next = 0, got;; loops++) {
    long r = read(feed[0], &got, 1);
    result(r);
    if (r == 1) check(got == next++);
  }
}
static void do_futex(void) {
  static int word;
  for (;; loops++) {
    struct timespec t = {0, 20000000};
    double start = now();
    long r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0);
    result(r);
    check(r == -1 && (errno == EINTR || (errno == ETIMEDOUT && now() - start >= 0.0199)));
  }
}
static void do_sigtimedwait(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  for (;; loops++) { struct timespec t = {0, 20000000}; result(sigtimedwait(&set, NULL, &t)); }
}
static void do_semtimedop(void) {
  int s = semget(IPC_PRIVATE, 1, 0600);
  for (;; loops++) {
    struct timespec t = {0, 20000000};
    struct sembuf op = {0, -1, 0};
    result(semtimedop(s, &op, 1, &t));
    if (loops == 0) semctl(s, 0, IPC_STAT, NULL);
  }
}
static void do_recv(void) {
  int s[2];
  check(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
  struct timeval t = {0, 20000};
  setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  char c;
  for (;; loops++) result(recv(s[0], &c, 1, 0));
}

static void do_malloc(void) {
  void *p[64] = {0};
  for (uint64_t x = 1;; loops++) {
    x = x * 6364136223846793005u + 1;
    int i = x >> 58;
    if (p[i]) check(*(uint64_t *)p[i] == (uint64_t)i * 3);
    free(p[i]);
    p[i] = malloc(16 + (x >> 40) % 5000);
    *(uint64_t *)p[i] = (uint64_t)i * 3;
  }
}
static void do_blocked(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 3);
  pthread_sigmask(SIG_SETMASK, &set, NULL);
  for (;; loops++) {
    uint64_t m = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &m, 8);
    mask_seen = m;
    check(m == (1ull << (SIGUSR1 - 1) | 1ull << (SIGRTMIN + 3 - 1)));
  }
}

// A thread in a restartable sequence most of the time.
extern char sequence_start[], sequence_end[];
static void do_rseq(void) {
  struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
  for (;; loops++) {
    uint64_t aborted = 0;
    asm volatile(
        ".pushsection __rseq_cs, \"aw\"\n .balign 32\n 3: .long 0, 0\n .quad sequence_start, sequence_end - sequence_start, 4f\n"
        ".popsection\n"
        "leaq 3b(%%rip), %%rax\n movq %%rax, %0\n"
        ".globl sequence_start\n sequence_start:\n movq $20000000, %%rcx\n 5: decq %%rcx\n jnz 5b\n"
        ".globl sequence_end\n sequence_end:\n jmp 6f\n"
        ".long 0x53053053\n 4: movq $1, %1\n 6:\n"
        : "+m"(area->rseq_cs), "+r"(aborted) : : "rax", "rcx", "cc", "memory");
    aborts += aborted;
  }
}

// Signals that queue: each one sent must arrive once, in its turn.
static pthread_t worker;
static void receive(int s, siginfo_t *info, void *context) {
  (void)s, (void)context;
  check((uint64_t)info->si_value.sival_int == received++);
}
static void *storm(void *unused) {
  struct timespec t = {0, 1000000};
  for (;;) {
    union sigval v = {.sival_int = (int)sent};
    if (pthread_sigqueue(worker, SIGRTMIN, v) == 0) sent++;
    nanosleep(&t, NULL);
  }
  return unused;
}
static void do_storm(void) {
  struct sigaction action = {.sa_sigaction = receive, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGRTMIN, &action, NULL);
  worker = pthread_self();
  pthread_t t;
  pthread_create(&t, NULL, storm, NULL);
  for (;; loops++) { struct timespec t = {0, 3000000}; nanosleep(&t, NULL); }
}

static ucontext_t main_context, small_context;
static void on_small_stack(void) {
  volatile uint64_t canary[8];
  for (int i = 0; i < 8; i++) canary[i] = 0x1234 + i;
  for (;; loops++)
    for (int i = 0; i < 8; i++) check(canary[i] == (uint64_t)0x1234 + i);
}
static void do_coroutine(void) {
  static char stack[8192 + 4096];
  memset(stack, 0x5a, sizeof stack);
  getcontext(&small_context);
  small_context.uc_stack.ss_sp = stack + 4096;
  small_context.uc_stack.ss_size = 8192;
  makecontext(&small_context, on_small_stack, 0);
  swapcontext(&main_context, &small_context);
}

static void filter(int flags, int allow_only) {
  struct sock_filter deny[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  // Only what the victim itself needs (the last three for the first read of a stream in the thread that answers),
  // rt_sigreturn and getpid; mmap only without PROT_EXEC.
  static const int allowed[] = {SYS_read, SYS_write, SYS_nanosleep, SYS_clock_nanosleep, SYS_futex, SYS_exit_group, SYS_exit,
                                SYS_restart_syscall, SYS_rt_sigreturn, SYS_getpid, SYS_mprotect, SYS_brk,
                                SYS_newfstatat, SYS_munmap, SYS_madvise};
  struct sock_filter list[64];
  int n = 0, known = sizeof allowed / sizeof *allowed;
  list[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  list[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 1, 0);
  list[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  list[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < known; i++) {
    list[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
    list[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  }
  list[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3);
  list[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
  list[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 1, 0);
  list[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  list[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  struct sock_fprog program = allow_only ? (struct sock_fprog){n, list} : (struct sock_fprog){4, deny};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0);
}
static void spin(void) { for (;; loops++) { struct timespec t = {0, 2000000}; nanosleep(&t, NULL); } }
static void do_filter_one(void) { filter(0, 0); spin(); }
static void do_filter_all(void) { filter(SECCOMP_FILTER_FLAG_TSYNC, 0); spin(); }
static void do_filter_list(void) { filter(SECCOMP_FILTER_FLAG_TSYNC, 1); spin(); }

static void *sleeper(void *unused) {
  for (;;) { struct timespec t = {0, 50000000}; nanosleep(&t, NULL); __atomic_add_fetch(&loops, 1, __ATOMIC_RELAXED); }
  return unused;
}
static void do_threads(void) {
  pthread_attr_t a;
  pthread_attr_init(&a);
  pthread_attr_setstacksize(&a, 65536);
  for (int i = 0; i < 1000; i++) { pthread_t t; check(pthread_create(&t, &a, sleeper, NULL) == 0); }
  sleeper(NULL);
}
static void *short_lived(void *unused) { loops++; return unused; }
// Each starts the next and ends: one that is missed goes on, for all to see.
static pthread_attr_t detached;
static void *generation(void *unused) {
  pthread_t next;
  while (pthread_create(&next, &detached, generation, NULL) != 0) usleep(1000);
  return unused;
}
static void do_births(void) {
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  generation(NULL);
  for (;;) { pthread_t t; if (pthread_create(&t, NULL, short_lived, NULL) == 0) pthread_join(t, NULL); }
}
static void do_vfork(void) {
  int p[2];
  check(pipe(p) == 0);
  if (vfork() == 0) { char c; close(p[1]); while (read(p[0], &c, 1) < 0) {} _exit(0); }
  spin();
}
static volatile int leave;
static void *survivor(void *unused) { (void)unused; spin(); return NULL; }
static void do_leader(void) {
  pthread_t t;
  pthread_create(&t, NULL, survivor, NULL);
  while (!leave) usleep(1000);
  pthread_exit(NULL);
}

static const struct { const char *name; void (*work)(void); } kinds[] = {
    {"arithmetic", arithmetic}, {"nanosleep", do_nanosleep}, {"epoll_wait", do_epoll}, {"poll", do_poll}, {"read", do_read},
    {"futex", do_futex}, {"sigtimedwait", do_sigtimedwait}, {"semtimedop", do_semtimedop}, {"recv", do_recv},
    {"malloc", do_malloc}, {"blocked", do_blocked}, {"rseq", do_rseq}, {"storm", do_storm}, {"coroutine", do_coroutine},
    {"filter-one", do_filter_one}, {"filter-all", do_filter_all}, {"filter-list", do_filter_list}, {"threads", do_threads},
    {"births", do_births}, {"vfork", do_vfork}, {"leader", do_leader}, {"spin", spin},
};

static sem_t answers;
static void *answer(void *unused) {
  char line[100];
  sem_post(&answers);
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "status", 6)) printf("ok %lu %lu %lu\n", loops, interrupted, errors);
    else if (!strncmp(line, "mask", 4)) printf("%lx\n", mask_seen);
    else if (!strncmp(line, "area", 4)) printf("%lx %lx %lu\n", (long)sequence_start, (long)sequence_end, aborts);
    else if (!strncmp(line, "storm", 5)) printf("%lu %lu\n", sent, received);
    else if (!strncmp(line, "leave", 5)) printf("%d\n", leave = 1);
    else if (!strncmp(line, "report", 6) || !strncmp(line, "settle", 6)) report(line);
    else printf("what?\n");
    fflush(stdout);
  }
  _exit(0);
  return unused;
}
static void *run(void *work) { (*(void (**)(void))work)(); return NULL; }
int main(int argc, char **argv) {
  // A buffer that stdio has to make would need system calls that a filter forbids.
  static char in[4096], out[4096];
  setvbuf(stdin, in, _IOLBF, sizeof in);
  setvbuf(stdout, out, _IOLBF, sizeof out);
  pthread_t t;
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (argc < 2 || strcmp(argv[1], kinds[i].name)) continue;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    sem_init(&answers, 0, 0);
    pthread_create(&t, NULL, answer, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    // The C library's own calls at a thread's start (set_robust_list, rseq) are none that a filter of ours allows.
    while (sem_wait(&answers) != 0) {}
    printf("ready\n");
    fflush(stdout);
    if (argc > 3) start_calls(atoi(argv[3]), 2);
    else if (argc > 2) { pthread_create(&t, NULL, run, (void *)&kinds[i].work); pause(); }
    kinds[i].work();
  }
  return 2;
}
