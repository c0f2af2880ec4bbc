internal import Glibc
internal import Patch

/// The commit of a switch with values: one system call of a stopped thread on its own process, which writes the values and
/// last the word; the death of the tool cannot leave a part of it.
///
/// A class: Swift looks up the type of an optional struct by its name when the first one goes, and that would be in the stop.
final class CommitCall {
  private let step: SwitchPlan.Step
  private let arguments: [UInt64]
  private let scratch: RemoteAddress
  private let content: [UInt8]

  /// The most ranges of one process_vm_writev (`UIO_MAXIOV`).
  private static let mostRanges = 1024

  /// Lays out the call, before anything stops; nil when the commit is a plain store.
  init?(_ plan: SwitchPlan, _ target: borrowing TransitionTarget) throws(SwitchRefusal) {
    guard let step = plan.steps.first(where: { $0.writes.count > 1 }), let state = target.carried.state else {
      return nil
    }
    self.step = step
    scratch = RemoteAddress(state.range.lowerBound.value + StateWord.scratch.lowerBound)
    // iovec { base, length } of the data behind them all; then one for each range.
    let data = step.writes.flatMap(\.bytes)
    let head = UInt64(16 * (step.writes.count + 1))
    var content = (scratch.value + head).littleEndianBytes + UInt64(data.count).littleEndianBytes
    for write in step.writes {
      content += write.start.value.littleEndianBytes + UInt64(write.bytes.count).littleEndianBytes
    }
    content += data
    guard step.writes.count < CommitCall.mostRanges, content.count <= StateWord.scratch.count else {
      throw SwitchRefusal(.unsupported("values of more than \(StateWord.scratch.count) bytes in one switch"))
    }
    self.content = content
    arguments = [
      UInt64(try ThreadList.innermostNumber(of: target.identity.pid)), scratch.value, 1, scratch.value + 16,
      UInt64(step.writes.count), 0,
    ]
  }

  /// A thread that can make the call.
  func thread(
    of stopped: borrowing StoppedProcess, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) -> Int32 {
    do throws(TraceRefused) {
      return try stopped.usableThread(
        for: [RemoteSystemCall(RemoteFile.processWrite, arguments.map { $0 })], at: target.sites, frame: target.frame)
    } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
  }

  /// Makes the call; when it writes less than all, the rest is put back before anybody runs.
  func make(
    in thread: Int32, _ target: borrowing TransitionTarget, _ stopped: inout StoppedProcess,
    before deadline: ContinuousClock.Instant
  ) throws(SwitchRefusal) {
    var before: [MemoryImage.Span] = []
    for write in step.writes {
      before.append(MemoryImage.Span(start: write.start, bytes: try target.read(write.bytes.count, at: write.start)))
    }
    try target.write(content, at: scratch)
    let wanted = Int64(step.writes.reduce(0) { $0 + $1.bytes.count })
    let a = arguments
    let result: Int64
    do throws(TraceRefused) {
      result = try stopped.withRemoteCalls(in: thread, at: target.sites, frame: target.frame, before: deadline) {
        (call: inout RemoteCall) throws(TraceRefused) -> Int64 in
        try call.perform(RemoteFile.processWrite, a[0], a[1], a[2], a[3], a[4], a[5])
      }
    } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
    guard result != wanted else { return }
    for span in before { try target.write(span.bytes, at: span.start) }
    throw SwitchRefusal(.kernel(call: "process_vm_writev", errno: result < 0 ? Int32(clamping: -result) : EFAULT))
  }
}
