#include "CTrace.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int sleep_for_ever(void *parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Killed before that, the parent's death has gone by unnoticed.
  if (getppid() != (pid_t)(intptr_t)parent) return 0;
  for (;;) pause();
}

int trace_start_sleeper(pid_t *pid) {
  static char stack[16384] __attribute__((aligned(16)));
  *pid = clone(sleep_for_ever, stack + sizeof stack, CLONE_VM | CLONE_UNTRACED | SIGCHLD,
               (void *)(intptr_t)getpid());
  return *pid == -1 ? errno : 0;
}

void trace_end_sleeper(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, __WALL) == -1 && errno == EINTR) {}
}
