internal import Glibc

extension Interruption {
  /// Lets SIGINT, SIGTERM and SIGHUP ask for the end, from now on and for the whole process.
  ///
  /// They are blocked in the calling thread, and so in every thread that it starts, and taken by a thread of its own with
  /// sigwait(3): nothing ever runs inside a signal handler. A second signal changes nothing: the end is on its way.
  ///
  /// - Parameter beforeWork: ends the program where nothing has been begun yet (``begin()``).
  package func watchSignals(beforeWork: @escaping @Sendable () -> Void) {
    var set = sigset_t()
    // SAFETY: the pointers are to a local value for the duration of each call.
    unsafe sigemptyset(&set)
    for signal in Self.signals { unsafe sigaddset(&set, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    WorkerThreads.detach { [self] in
      var set = sigset_t()
      // SAFETY: as above.
      unsafe sigemptyset(&set)
      for signal in Self.signals { unsafe sigaddset(&set, signal) }
      var signal: Int32 = 0
      while unsafe sigwait(&set, &signal) == 0 {
        if want() { beforeWork() }
      }
    }
  }

  /// The signals that ask for the end; not one that whoever started the tool wants ignored, as nohup(1) does.
  private static var signals: [Int32] {
    [SIGINT, SIGTERM, SIGHUP].filter { signal in
      var action = sigaction()
      // SAFETY: sigaction fills the structure that the pointer is to; SIG_IGN is the address 1 (bits/signum-generic.h).
      guard unsafe sigaction(signal, nil, &action) == 0 else { return true }
      return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1
    }
  }
}
