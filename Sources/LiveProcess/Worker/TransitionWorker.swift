internal import CTrace
internal import Glibc

/// A process of the tool's own that makes transitions for it, one after the other.
///
/// The timer that bounds a stop kills whoever holds the target (``StopBound``). That is this process, so that the tool itself
/// lives on: it says what happened and goes on with the other processes.
package enum TransitionWorker {
  /// The argument with which the program becomes a worker.
  package static let argument = "transition-worker"

  /// Answers requests from the stream on standard input until it ends.
  package static func serve() {
    // Who looks at a target's tracer knows it by this name; started through /proc/self/exe it would have another.
    // SAFETY: the string is terminated and lives for the call.
    _ = unsafe trace_set_name("lpreconcile")
    // Without the right to (CAP_IPC_LOCK), what is paged out may make a stop longer; its bound holds all the same.
    _ = trace_lock_memory()
    Rehearsal.perform()
    let channel = WorkerChannel(OwnedDescriptor(owning: STDIN_FILENO))
    while let request = try? channel.receive(TransitionRequest.self) {
      let reply: WorkerReply
      do throws(TransitionRefused) { reply = .done(try Transition.run(request)) } catch { reply = .refused(error) }
      // Nobody is there to be told: then the stream has ended, too.
      try? channel.send(reply)
    }
  }
}
