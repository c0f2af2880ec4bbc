// Runs a program as if the kernel had been started with proc_mem.force_override=never or =ptrace, which cannot be set
// later: a write through /proc/PID/mem to a page that its process may not write fails with EIO; with `ptrace` not so where
// the writing thread traces the one whose file it is.
//
//     override never|ptrace PROGRAM ARGUMENT…
//
// Every pwrite64 of the program and of all that it starts waits for this process, which lets it go on or refuses it
// (seccomp_unotify(2)). What the option says of reading is left out: code is readable.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int trace_counts;

static int install(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

// One number behind a word at the beginning of a line of a file; -1 for none.
static long number(const char *path, const char *word) {
  char line[256];
  long found = -1;
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  while (found < 0 && fgets(line, sizeof line, file))
    if (!strncmp(line, word, strlen(word))) found = strtol(line + strlen(word), NULL, 10);
  fclose(file);
  return found;
}

static int is_writable(const char *process, unsigned long address) {
  char path[PATH_MAX], line[PATH_MAX];
  unsigned long start, end;
  char flags[5];
  int writable = 0;
  snprintf(path, sizeof path, "/proc/%s/maps", process);
  FILE *file = fopen(path, "r");
  if (!file) return 1;  // It has ended: the kernel says the rest.
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) == 3 && start <= address && address < end) writable = flags[1] == 'w';
  fclose(file);
  return writable;
}

static int is_refused(const struct seccomp_notif *call) {
  char link[64], path[PATH_MAX], process[32];
  int end = 0;
  snprintf(link, sizeof link, "/proc/%u/fd/%d", call->pid, (int)call->data.args[0]);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  if (sscanf(path, "/proc/%31[0-9]/mem%n", process, &end) != 1 || end != size) return 0;
  if (is_writable(process, call->data.args[3])) return 0;
  snprintf(link, sizeof link, "/proc/%s/status", process);
  return !(trace_counts && number(link, "TracerPid:") == (long)call->pid);
}

int main(int count, char **arguments) {
  if (count < 3 || (strcmp(arguments[1], "never") && strcmp(arguments[1], "ptrace"))) return 64;
  trace_counts = arguments[1][0] == 'p';
  int ready[2], listener = -1, status;
  if (pipe2(ready, O_CLOEXEC)) return 1;
  // The child's descriptors are ours until it execs: so the listener comes here.
  pid_t child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child < 0) return 1;
  if (child == 0) {
    listener = install();
    if (write(ready[1], &listener, sizeof listener) < 0 || listener < 0) _exit(1);
    // Until the other has it, which closes its own end.
    if (unshare(CLONE_FILES)) _exit(1);
    execvp(arguments[2], arguments + 2);
    _exit(127);
  }
  if (read(ready[0], &listener, sizeof listener) != sizeof listener || listener < 0) {
    perror("override: seccomp");
    return 1;
  }
  for (;;) {
    struct pollfd events = {.fd = listener, .events = POLLIN};
    if (poll(&events, 1, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (!(events.revents & POLLIN)) break;  // POLLHUP: the last of them has ended
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) continue;
    struct seccomp_notif_resp answer = {.id = call.id};
    if (is_refused(&call))
      answer.error = -EIO;
    else
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    // Where it has been killed meanwhile, nobody waits for the answer.
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  if (waitpid(child, &status, 0) != child) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
