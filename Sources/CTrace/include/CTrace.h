// The system calls that Swift's Glibc module does not import, each wrapped once.
//
// A wrapper makes one call and answers 0 or the errno value: read from Swift, errno may already be another one's. No
// policy, no loop, no allocation. ptrace(2) is variadic in C, and so never imported; timer_create(2) takes a union that
// is not; the rest has no wrapper in glibc 2.36.
#pragma once
#include "observe.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// The general registers as PTRACE_GETREGSET(NT_PRSTATUS) gives them on x86-64: struct user_regs_struct.
struct trace_registers {
  uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
  uint64_t orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};

/// What waitid(2) says about one thread.
struct trace_report {
  /// 0 when nothing is to be reported.
  pid_t tid;
  /// CLD_TRAPPED, CLD_STOPPED, CLD_EXITED, CLD_KILLED or CLD_DUMPED.
  int code;
  /// For a trap the signal, with a PTRACE_EVENT_… above the lowest 8 bits; for an exit its status.
  int status;
};

/// One instruction of classic BPF: struct sock_filter.
struct trace_filter_instruction {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};

/// Where a thread's rseq area lies: struct ptrace_rseq_configuration.
struct trace_rseq {
  uint64_t area;
  uint32_t size, signature, flags, pad;
};

/// The scheduling of a thread: struct sched_attr, version 0.
struct trace_scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

/// The caller's thread number (gettid(2)).
pid_t trace_gettid(void);

int trace_seize(pid_t tid, uint64_t options);
int trace_interrupt(pid_t tid);
int trace_continue(pid_t tid, int signal);
int trace_continue_to_call(pid_t tid, int signal);
int trace_detach(pid_t tid, int signal);
int trace_event_message(pid_t tid, uint64_t *message);

/// Looks at what a thread (-1: any) of the calling thread's tracees has to report, without taking the report away, so that a
/// signal that is about to be delivered is not lost should the tracer die now (the kernel clears it when it is taken).
int trace_look(pid_t tid, int wait, struct trace_report *report);
/// Takes a thread's report away.
int trace_take(pid_t tid);

int trace_get_registers(pid_t tid, struct trace_registers *registers);
int trace_set_registers(pid_t tid, const struct trace_registers *registers);
/// The extended state (NT_X86_XSTATE) in the standard format; `size` is the room on entry and what was written after.
int trace_get_extended_state(pid_t tid, void *state, size_t *size);
int trace_get_signal_mask(pid_t tid, uint64_t *mask);
int trace_set_signal_mask(pid_t tid, uint64_t mask);
int trace_get_rseq(pid_t tid, struct trace_rseq *configuration);
/// A seccomp filter of a thread, 0 the newest; `count` is its number of instructions. ENOENT behind the last.
int trace_get_filter(pid_t tid, uint64_t index, struct trace_filter_instruction *_Nullable instructions, int *count);
int trace_peek_word(pid_t tid, uint64_t address, uint64_t *word);
int trace_poke_word(pid_t tid, uint64_t address, uint64_t word);

/// Whether two processes share one address space (kcmp(2), KCMP_VM): `order` is 0 when they do.
int trace_compare_memory(pid_t one, pid_t other, int *order);

/// A timer on CLOCK_MONOTONIC that sends SIGKILL to the whole process.
int trace_create_kill_timer(int *timer);
/// A timer on CLOCK_MONOTONIC that sends one thread a signal.
int trace_create_thread_timer(int *timer, pid_t tid, int signal);
/// Arms a timer, in nanoseconds from now; 0 disarms it.
int trace_set_timer(int timer, uint64_t first, uint64_t interval);
int trace_delete_timer(int timer);
/// Lets a signal interrupt blocking calls of the thread that it is sent to, and do nothing else.
int trace_handle_as_wakeup(int signal);
/// Unblocks a signal for the calling thread.
int trace_unblock(int signal);
/// The signal that wakes a tracer thread: one that glibc leaves to the program.
int trace_wakeup_signal(void);

int trace_get_scheduling(pid_t tid, struct trace_scheduling *scheduling);
int trace_set_scheduling(pid_t tid, const struct trace_scheduling *scheduling);

/// Names the calling thread: what `/proc/PID/comm` says of a process is its first thread's name (prctl(2)).
int trace_set_name(const char *name);
/// Keeps all that the program has mapped now in memory (mlockall(2)).
int trace_lock_memory(void);
/// Starts a process that sleeps for ever and ends with the thread that started it; it shares the caller's memory, so that
/// nothing has to be copied for it.
int trace_start_sleeper(pid_t *pid);
/// Ends a process made by `trace_start_sleeper`, and waits for it.
void trace_end_sleeper(pid_t pid);

/// One sub-leaf of CPUID leaf 13: the size (eax) and offset (ebx) of one component of the extended state.
void trace_extended_state_component(uint32_t component, uint32_t *size, uint32_t *offset);

#pragma clang assume_nonnull end
