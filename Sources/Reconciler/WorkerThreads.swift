internal import Glibc
internal import Synchronization

/// Threads of our own for work that blocks: tracing must stay on the thread that began it, and waits long.
enum WorkerThreads {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Does something for each element, on several threads side by side, and returns when all is done.
  ///
  /// - Parameters:
  ///   - items: what to work on; begun in this order.
  ///   - limit: how many threads at most.
  ///   - body: the work.
  static func forEach<Item: Sendable>(
    _ items: [Item], atMost limit: Int, _ body: @escaping @Sendable (Item) -> Void
  ) {
    let next = Mutex(0)
    let loop: @Sendable () -> Void = {
      while true {
        let index = next.withLock { index in
          defer { index += 1 }
          return index
        }
        guard items.indices.contains(index) else { return }
        body(items[index])
      }
    }
    var threads: [pthread_t] = []
    for _ in 0..<min(limit, items.count) {
      if let thread = start(loop) { threads.append(thread) }
    }
    // No thread could be made: the work is done here, one after the other.
    if threads.isEmpty { loop() }
    for thread in threads {
      _ = pthread_join(thread, nil)
    }
  }

  /// Runs something on a thread that nobody waits for.
  static func detach(_ body: @escaping @Sendable () -> Void) {
    if let thread = start(body) { pthread_detach(thread) }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    // SAFETY: the retained object is taken over by the thread, which releases it; where no thread starts, below.
    let work = unsafe Unmanaged.passRetained(Work(body))
    var thread = pthread_t()
    let failed = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        // SAFETY: the pointer is the one that was retained for this thread.
        unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    guard failed == 0 else {
      // SAFETY: nobody else has taken it over.
      unsafe work.release()
      return nil
    }
    return thread
  }
}
