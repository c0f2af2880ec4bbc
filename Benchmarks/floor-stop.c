// The floor of a stop: seize all threads, interrupt all and wait for all, read their registers, write five bytes, let all
// go. Nothing is checked, and nothing is safe should it die.
//
//   floor-stop PID ADDRESS [PRIORITY]     -> nanoseconds from the first interrupt to the last detach
// With PRIORITY it runs at SCHED_FIFO, as lpreconcile does while the target stands still.
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int count, char **arguments) {
  if (count < 3) return 64;
  pid_t pid = atoi(arguments[1]);
  off_t place = (off_t)strtoull(arguments[2], NULL, 16);
  struct sched_param priority = {.sched_priority = count > 3 ? atoi(arguments[3]) : 0};
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int memory = open(path, O_RDWR);
  if (memory < 0) fail(path);
  char bytes[5];
  if (pread(memory, bytes, sizeof bytes, place) != sizeof bytes) fail("pread");
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *directory = opendir(path);
  if (!directory) fail(path);
  static pid_t tids[65536];
  int threads = 0;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (entry->d_name[0] != '.' && threads < 65536) tids[threads++] = atoi(entry->d_name);
  for (int i = 0; i < threads; i++)
    if (ptrace(PTRACE_SEIZE, tids[i], 0, 0) != 0) fail("seize");
  if (priority.sched_priority > 0 && sched_setscheduler(0, SCHED_FIFO, &priority) != 0) fail("sched_setscheduler");

  static struct user_regs_struct registers[65536];
  uint64_t start = now();
  for (int i = 0; i < threads; i++)
    if (ptrace(PTRACE_INTERRUPT, tids[i], 0, 0) != 0) fail("interrupt");
  for (int i = 0; i < threads; i++) {
    int status;
    if (waitpid(-1, &status, __WALL) < 0) fail("waitpid");
  }
  for (int i = 0; i < threads; i++) {
    struct iovec area = {&registers[i], sizeof registers[i]};
    if (ptrace(PTRACE_GETREGSET, tids[i], NT_PRSTATUS, &area) != 0) fail("registers");
  }
  if (pwrite(memory, bytes, sizeof bytes, place) != sizeof bytes) fail("pwrite");
  for (int i = 0; i < threads; i++)
    if (ptrace(PTRACE_DETACH, tids[i], 0, 0) != 0) fail("detach");
  printf("%lu\n", now() - start);
}
