package import LiveProcess
internal import Manifest
internal import Patch

/// The machine that the tool runs on.
package struct LinuxMachine: Machine {
  private let workers = TransitionWorkers()
  private let progress: @Sendable (LookProgress) -> Void

  /// `progress`: called while processes are looked at, often, and once more at the end of each look.
  package init(progress: @escaping @Sendable (LookProgress) -> Void = { _ in }) { self.progress = progress }

  /// Where the program was started as a worker (`TransitionWorkers`), works as one until the tool that started it ends.
  ///
  /// - Returns: whether it was; there is nothing left to do then.
  package static func serve(_ arguments: [String]) -> Bool {
    guard arguments == [TransitionWorker.argument] else { return false }
    TransitionWorker.serve()
    return true
  }

  package func observe(_ question: Question) -> Observation {
    let scan = ProcessScan(
      ScanQuestion(builds: question.builds, paths: question.binaries, processes: question.processes))
    var observation = Observation(processes: [])
    let found: ScanResult
    defer { progress(.over) }
    do throws(SystemCallFailed) {
      found = try scan.run { progress(.looking(done: $0, of: $1)) }
    } catch {
      observation.failure = Finding(
        "LP0620", "the processes cannot be listed: \(error.call): \(SystemError.text(error.errno))",
        next: ["`lpreconcile config` shows what this machine allows"])
      return observation
    }
    observation.canonicalPaths = found.canonicalPaths
    for (index, process) in found.processes.enumerated() {
      progress(.reading(done: index, of: found.processes.count))
      var process = process
      if process.unreadable == nil { PatchReader.observe(&process) }
      // ESRCH: it ended while it was read. That is neither unreadable nor a failure.
      if case .denied(3, _) = process.unreadable { continue }
      observation.processes.append(process)
      if process.unreadable == nil { readDisk(process, question, into: &observation) }
    }
    return observation
  }

  package func transition(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    try workers.run(request)
  }

  /// Notes where the disk holds another build under a mapped path that matters.
  private func readDisk(_ process: ObservedProcess, _ question: Question, into observation: inout Observation) {
    // A root that cannot be opened belongs to a process that ended, or hides a disk that nothing is said about then.
    guard let root = try? ProcessRoot(of: process.identity.pid) else { return }
    for binary in process.binaries {
      let isMeant =
        question.builds.contains(binary.buildID) || process.patches.contains { $0.buildID == binary.buildID }
      guard isMeant, let onDisk = root.buildOnDisk(binary.path), onDisk != binary.buildID else { continue }
      observation.buildsOnDisk[process.identity, default: [:]][binary.path] = onDisk
    }
  }
}
