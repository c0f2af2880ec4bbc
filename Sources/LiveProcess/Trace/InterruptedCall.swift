/// What becomes of a system call that a stop broke off.
///
/// The kernel marks such a call in rax, and begins it again on the way back to user mode when no signal handler is to run
/// (signal(7), "Interruption of system calls"). Some calls end with EINTR at any stop, handler or not; for those the mark is written
/// in its place. With it the kernel decides as it does for all others: a signal that has come at the same time and has a
/// handler makes the call end with EINTR, as it would have without us; otherwise it begins again, a relative timeout anew.
enum InterruptedCall {
  /// -ERESTARTNOHAND of the kernel's `include/linux/errno.h`: begin again unless a handler runs.
  static let restartNoHandler = UInt64(bitPattern: -514)

  /// The calls that signal(7) names as ended by a stop, and that are safe to begin again because they have done nothing when
  /// they end with EINTR.
  ///
  /// Not among them: close, which has closed its descriptor, and ioctl, which may mean anything.
  private static let restartable: Set<UInt64> = [
    0, 1, 19, 20,  // read, write, readv, writev: of a socket with SO_RCVTIMEO or SO_SNDTIMEO
    42, 43, 44, 45, 46, 47, 288, 299, 307,  // connect, accept, send…, recv…, accept4, recvmmsg, sendmmsg: the same
    65, 220,  // semop, semtimedop
    128,  // rt_sigtimedwait
    208, 333, 426,  // io_getevents, io_pgetevents, io_uring_enter
    232, 281, 441,  // epoll_wait, epoll_pwait, epoll_pwait2
  ]
  private static let pause: UInt64 = 34
  private static let interrupted = UInt64(bitPattern: -4)

  /// Whether a thread on its way out of a system call was given EINTR by the stop.
  static func isEndedByStop(_ registers: ThreadRegisters) -> Bool {
    registers.rax == interrupted && restartable.contains(registers.originalRax)
  }

  /// What a signal frame must hold for a thread so that returning through it does what the kernel would have done.
  ///
  /// rt_sigreturn forgets that there was a call and its restart block, so the frame points at the call's instruction, with
  /// its number in rax. A sleep with a relative time begins anew. pause() ends with EINTR instead: the signal that it
  /// waited for may be the one that has just come.
  static func resumable(_ registers: ThreadRegisters) -> ThreadRegisters {
    guard Int64(bitPattern: registers.originalRax) >= 0 else { return registers }
    var result = registers
    switch Int64(bitPattern: registers.rax) {
    case -514 where registers.originalRax == pause:
      result.rax = interrupted
    case -512, -513, -514, -516:
      result.rax = registers.originalRax
      result.rip &-= 2
    default:
      break
    }
    return result
  }
}
