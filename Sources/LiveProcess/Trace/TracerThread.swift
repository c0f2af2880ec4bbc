internal import Glibc

/// A thread of our own for tracing: the kernel answers only the thread that seized, and when it ends whatever it still traces runs on.
package enum TracerThread {
  /// Runs a piece of work on a new thread and waits for it.
  ///
  /// `work`: traces at most one process at a time; nothing in it may outlive it.
  @available(*, noasync, message: "blocks until the work is done")
  package static func run<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let task = Task(work)
    var thread = pthread_t()
    // SAFETY: the thread takes over the one retain that is passed; pthread_join orders its writes before our reads.
    let error = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<AnyTask>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, Unmanaged<AnyTask>.passRetained(task).toOpaque())
    precondition(error == 0, "no thread can be started: nothing has been touched yet")
    pthread_join(thread, nil)
    return try task.outcome()
  }

  private class AnyTask {
    func run() {}
  }

  private final class Task<Value: Sendable, Failure: Error>: AnyTask {
    private let work: @Sendable () throws(Failure) -> Value
    private var result: Result<Value, Failure>?

    init(_ work: @escaping @Sendable () throws(Failure) -> Value) { self.work = work }

    override func run() {
      do throws(Failure) { result = .success(try work()) } catch { result = .failure(error) }
    }

    func outcome() throws(Failure) -> Value {
      guard let result else { preconditionFailure("the thread ended without running its work") }
      return try result.get()
    }
  }
}
