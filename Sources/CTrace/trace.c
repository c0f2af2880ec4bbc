#include "CTrace.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/elf.h>
#include <linux/filter.h>
#include <linux/kcmp.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIRRORS(ours, field, theirs, their_field)                                                                        \
  _Static_assert(offsetof(struct ours, field) == offsetof(struct theirs, their_field), #field " is elsewhere")

_Static_assert(sizeof(struct trace_registers) == sizeof(struct user_regs_struct), "user_regs_struct");
MIRRORS(trace_registers, rax, user_regs_struct, rax);
MIRRORS(trace_registers, orig_rax, user_regs_struct, orig_rax);
MIRRORS(trace_registers, rip, user_regs_struct, rip);
MIRRORS(trace_registers, eflags, user_regs_struct, eflags);
MIRRORS(trace_registers, rsp, user_regs_struct, rsp);
MIRRORS(trace_registers, fs_base, user_regs_struct, fs_base);
MIRRORS(trace_registers, gs, user_regs_struct, gs);
_Static_assert(sizeof(struct trace_filter_instruction) == sizeof(struct sock_filter), "sock_filter");
MIRRORS(trace_filter_instruction, jt, sock_filter, jt);
MIRRORS(trace_filter_instruction, k, sock_filter, k);
_Static_assert(sizeof(struct trace_rseq) == sizeof(struct ptrace_rseq_configuration), "ptrace_rseq_configuration");
MIRRORS(trace_rseq, size, ptrace_rseq_configuration, rseq_abi_size);
MIRRORS(trace_rseq, signature, ptrace_rseq_configuration, signature);
_Static_assert(sizeof(struct trace_scheduling) == SCHED_ATTR_SIZE_VER0, "sched_attr");
MIRRORS(trace_scheduling, priority, sched_attr, sched_priority);
MIRRORS(trace_scheduling, period, sched_attr, sched_period);

// The kernel's own call: glibc's ptrace() turns the result of the PEEK requests round.
static int request(long what, pid_t tid, uint64_t address, uint64_t data) {
  return syscall(SYS_ptrace, what, (long)tid, address, data) == -1 ? errno : 0;
}

pid_t trace_gettid(void) { return gettid(); }

int trace_seize(pid_t tid, uint64_t options) { return request(PTRACE_SEIZE, tid, 0, options); }
int trace_interrupt(pid_t tid) { return request(PTRACE_INTERRUPT, tid, 0, 0); }
int trace_continue(pid_t tid, int signal) { return request(PTRACE_CONT, tid, 0, (uint64_t)signal); }
int trace_continue_to_call(pid_t tid, int signal) { return request(PTRACE_SYSCALL, tid, 0, (uint64_t)signal); }
int trace_detach(pid_t tid, int signal) { return request(PTRACE_DETACH, tid, 0, (uint64_t)signal); }

int trace_event_message(pid_t tid, uint64_t *message) {
  return request(PTRACE_GETEVENTMSG, tid, 0, (uint64_t)(uintptr_t)message);
}

int trace_look(pid_t tid, int wait, struct trace_report *report) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int options = WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD | (wait ? 0 : WNOHANG);
  if (waitid(tid == -1 ? P_ALL : P_PID, tid == -1 ? 0 : (id_t)tid, &info, options) == -1) return errno;
  *report = (struct trace_report){.tid = info.si_pid, .code = info.si_code, .status = info.si_status};
  return 0;
}

int trace_take(pid_t tid) {
  return waitpid(tid, NULL, WNOHANG | __WALL | __WNOTHREAD) == -1 ? errno : 0;
}

int trace_get_registers(pid_t tid, struct trace_registers *registers) {
  struct iovec area = {registers, sizeof *registers};
  return request(PTRACE_GETREGSET, tid, NT_PRSTATUS, (uint64_t)(uintptr_t)&area);
}

int trace_set_registers(pid_t tid, const struct trace_registers *registers) {
  struct iovec area = {(void *)(uintptr_t)registers, sizeof *registers};
  return request(PTRACE_SETREGSET, tid, NT_PRSTATUS, (uint64_t)(uintptr_t)&area);
}

int trace_get_extended_state(pid_t tid, void *state, size_t *size) {
  struct iovec area = {state, *size};
  int error = request(PTRACE_GETREGSET, tid, NT_X86_XSTATE, (uint64_t)(uintptr_t)&area);
  *size = area.iov_len;
  return error;
}

int trace_get_signal_mask(pid_t tid, uint64_t *mask) {
  return request(PTRACE_GETSIGMASK, tid, sizeof *mask, (uint64_t)(uintptr_t)mask);
}

int trace_set_signal_mask(pid_t tid, uint64_t mask) {
  return request(PTRACE_SETSIGMASK, tid, sizeof mask, (uint64_t)(uintptr_t)&mask);
}

int trace_get_rseq(pid_t tid, struct trace_rseq *configuration) {
  return request(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof *configuration, (uint64_t)(uintptr_t)configuration);
}

int trace_get_filter(pid_t tid, uint64_t index, struct trace_filter_instruction *instructions, int *count) {
  long result = syscall(SYS_ptrace, (long)PTRACE_SECCOMP_GET_FILTER, (long)tid, index, instructions);
  if (result == -1) return errno;
  *count = (int)result;
  return 0;
}

int trace_peek_word(pid_t tid, uint64_t address, uint64_t *word) {
  return request(PTRACE_PEEKDATA, tid, address, (uint64_t)(uintptr_t)word);
}

int trace_poke_word(pid_t tid, uint64_t address, uint64_t word) { return request(PTRACE_POKEDATA, tid, address, word); }

int trace_compare_memory(pid_t one, pid_t other, int *order) {
  long result = syscall(SYS_kcmp, (long)one, (long)other, (long)KCMP_VM, 0L, 0L);
  if (result == -1) return errno;
  *order = (int)result;
  return 0;
}

int trace_create_kill_timer(int *timer) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
  return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, timer) == -1 ? errno : 0;
}

int trace_create_thread_timer(int *timer, pid_t tid, int signal) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
  event._sigev_un._tid = tid;
  return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, timer) == -1 ? errno : 0;
}

int trace_set_timer(int timer, uint64_t first, uint64_t interval) {
  struct itimerspec times = {
      .it_value = {(time_t)(first / 1000000000), (long)(first % 1000000000)},
      .it_interval = {(time_t)(interval / 1000000000), (long)(interval % 1000000000)},
  };
  return syscall(SYS_timer_settime, timer, 0, &times, NULL) == -1 ? errno : 0;
}

int trace_delete_timer(int timer) { return syscall(SYS_timer_delete, timer) == -1 ? errno : 0; }

static void nothing(int signal) { (void)signal; }

int trace_handle_as_wakeup(int signal) {
  struct sigaction action = {.sa_handler = nothing};  // without SA_RESTART: the point is to interrupt
  return sigaction(signal, &action, NULL) == -1 ? errno : 0;
}

int trace_unblock(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int trace_wakeup_signal(void) { return SIGRTMAX - 4; }

int trace_get_scheduling(pid_t tid, struct trace_scheduling *scheduling) {
  return syscall(SYS_sched_getattr, (long)tid, scheduling, sizeof *scheduling, 0L) == -1 ? errno : 0;
}

int trace_set_scheduling(pid_t tid, const struct trace_scheduling *scheduling) {
  return syscall(SYS_sched_setattr, (long)tid, scheduling, 0L) == -1 ? errno : 0;
}

int trace_set_name(const char *name) { return prctl(PR_SET_NAME, name) == -1 ? errno : 0; }

int trace_lock_memory(void) { return mlockall(MCL_CURRENT) == -1 ? errno : 0; }

void trace_extended_state_component(uint32_t component, uint32_t *size, uint32_t *offset) {
  uint32_t c, d;
  __cpuid_count(0xd, component, *size, *offset, c, d);
}
