internal import Glibc

extension Interruption {
  /// Lets SIGINT, SIGTERM and SIGHUP ask for the end, from now on and for the whole process.
  ///
  /// They are blocked in the calling thread, and so in every thread that it starts, and taken by a thread of its own with
  /// sigwait(3): nothing ever runs inside a signal handler. A second signal changes nothing: the end is on its way.
  package func watchSignals() {
    var set = sigset_t()
    // SAFETY: the pointers are to a local value for the duration of each call.
    unsafe sigemptyset(&set)
    for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    WorkerThreads.detach { [self] in
      var set = sigset_t()
      // SAFETY: as above.
      unsafe sigemptyset(&set)
      for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, signal) }
      var signal: Int32 = 0
      while unsafe sigwait(&set, &signal) == 0 { want() }
    }
  }
}
