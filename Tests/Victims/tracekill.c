// Runs a program and kills it, and all processes that it has started, at one of their system calls.
//
//   tracekill N PROGRAM ARG…     counts the system calls of all their threads from the first ptrace(2) on; at the entry of the
//                                Nth they get SIGKILL. Prints "killed NUMBER", or "ended STATUS COUNT" if it ended before.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  long when = atol(argv[1]), count = 0;
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  int status;
  waitpid(child, &status, WUNTRACED);
  if (ptrace(PTRACE_SEIZE, child, 0,
             PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
                 PTRACE_O_EXITKILL) != 0)
    return 3;
  kill(child, SIGCONT);
  pid_t started[64];
  int starts = 0;
  for (;;) {
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid == -1 && errno == EINTR) continue;
    if (tid == -1) return 4;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (tid != child) continue;
      printf("ended %d %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), count);
      return 0;
    }
    int signal = WSTOPSIG(status), deliver = 0;
    if (signal == (SIGTRAP | 0x80)) {
      struct user_regs_struct r;
      if (ptrace(PTRACE_GETREGS, tid, 0, &r) == 0 && (long)r.rax == -ENOSYS) {
        if (count > 0 || r.orig_rax == SYS_ptrace) count++;
        if (count == when && when > 0) {
          kill(child, SIGKILL);
          for (int i = 0; i < starts; i++) kill(started[i], SIGKILL);
          while (waitpid(-1, &status, __WALL) != -1 || errno == EINTR) {}
          printf("killed %ld\n", (long)r.orig_rax);
          return 0;
        }
      }
    } else if (status >> 16 == PTRACE_EVENT_FORK || status >> 16 == PTRACE_EVENT_VFORK) {
      unsigned long new = 0;
      ptrace(PTRACE_GETEVENTMSG, tid, 0, &new);
      if (starts < 64) started[starts++] = (pid_t)new;
    } else if (status >> 16 == 0) {
      deliver = signal;
    }
    ptrace(PTRACE_SYSCALL, tid, 0, deliver);
  }
}
