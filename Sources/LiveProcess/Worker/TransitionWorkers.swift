internal import Glibc
internal import Synchronization

/// The workers of one run of the tool: each makes one transition at a time, and is used again.
package final class TransitionWorkers: Sendable {
  private let idle = Mutex<[WorkerProcess]>([])

  package init() {}

  /// Makes a transition in a worker, and waits for it.
  ///
  /// - Throws: why the process was left as it was. A worker that its own timer has killed was held up in the stop: the
  ///   kernel has let the process go at that moment, wholly old or wholly new, and the next attempt ends clean.
  package func run(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    let worker = try hand(request)
    let begin = ContinuousClock.now
    let reply: WorkerReply
    do throws(WorkerChannel.Ended) {
      reply = try worker.reply()
    } catch {
      throw Self.refusal(of: request, after: ContinuousClock.now - begin, worker.wait())
    }
    idle.withLock { $0.append(worker) }
    switch reply {
    case .done(let outcome): return outcome
    case .refused(let refused): throw refused
    }
  }

  /// Hands a request to an idle worker that lives, or to a new one.
  private func hand(_ request: TransitionRequest) throws(TransitionRefused) -> WorkerProcess {
    while let worker = idle.withLock({ $0.popLast() }) {
      if (try? worker.send(request)) != nil { return worker }
      // It ended while it was idle, so it has begun nothing.
    }
    do throws(SystemCallFailed) {
      let worker = try WorkerProcess()
      do throws(WorkerChannel.Ended) { try worker.send(request) } catch {
        throw SystemCallFailed(call: "send", errno: EPIPE)
      }
      return worker
    } catch {
      throw TransitionRefused(
        process: request.process, reason: .kernel(call: error.call, errno: error.errno), tries: 0)
    }
  }

  private static func refusal(
    of request: TransitionRequest, after time: Duration, _ end: WorkerProcess.End?
  ) -> TransitionRefused {
    let limit = request.policy.maxStop
    // The timer is armed after the request was handed over and goes off a whole limit later, never before.
    if end == .signal(SIGKILL), time >= limit {
      return TransitionRefused(process: request.process, reason: .stopEnded(limit: limit), tries: 1, longestStop: limit)
    }
    let how =
      switch end {
      case .signal(let signal): "signal \(signal)"
      case .status(let status): "status \(status)"
      case nil: "no status"
      }
    return TransitionRefused(process: request.process, reason: .workerEnded(with: how), tries: 1)
  }
}
