package import LiveProcess
package import Manifest
internal import Patch

extension TransitionRefused {
  /// The one word for what became of the process.
  package var result: ProcessResult { reason.result }

  /// The reason for reports, with what can be done.
  ///
  /// - Parameter retryForAt: where a manifest says how long to retry.
  /// - Returns: code, message and next steps; never without a next step.
  package func report(retryForAt: SourceRange?) -> Finding {
    var text = reason.message
    if let symbol {
      // A sentence about the function itself.
      text = reason.isAboutUse ? "\(symbol) is \(text)" : "\(symbol): \(text)"
    }
    if let patch { text = "\(patch): \(text)" }
    return Finding(reason.code, text, next: reason.nextSteps(retryForAt: retryForAt?.description))
  }
}

extension TransitionRefused {
  /// What keeps the tool waiting, in a few words.
  package var summary: String {
    reason.isAboutUse ? "\(symbol ?? "a function") is in use" : report(retryForAt: nil).message
  }
}

extension TransitionRefused.Reason {
  /// Whether trying later may help.
  package var isBusy: Bool { result == .busy }

  /// Whether a function is in use.
  package var isAboutUse: Bool { if case .functionInUse = self { true } else { false } }

  /// The one word for what became of the process.
  package var result: ProcessResult {
    switch self {
    case .functionInUse, .anotherReconciler, .traced, .stopTooLong, .stopEnded, .sharesMemory, .noUsableThread,
      .noRestingThread:
      .busy
    case .foreignBytes, .placeTaken, .unexpectedValue, .noSuchValue, .unresolvedImport, .outOfReach, .tooManyPatches,
      .directFormOnly, .crossesPage, .loopsToEntry, .unsupported, .buildNotMapped, .newerLedger, .damagedLedger,
      .changedSincePlan, .stillReferenced:
      .refused
    case .kernel, .notLoaded, .workerEnded: .failed
    case .gone: .gone
    }
  }

  /// The stable code.
  package var code: String {
    switch self {
    case .functionInUse: "LP0501"
    case .anotherReconciler: "LP0502"
    case .traced: "LP0503"
    case .stopTooLong: "LP0504"
    case .sharesMemory: "LP0505"
    case .noUsableThread: "LP0506"
    case .noRestingThread: "LP0507"
    case .foreignBytes: "LP0511"
    case .placeTaken: "LP0512"
    case .unexpectedValue: "LP0513"
    case .noSuchValue: "LP0514"
    case .unresolvedImport: "LP0515"
    case .outOfReach: "LP0516"
    case .tooManyPatches: "LP0517"
    case .directFormOnly: "LP0518"
    case .crossesPage: "LP0519"
    case .loopsToEntry: "LP0520"
    case .unsupported: "LP0521"
    case .kernel: "LP0522"
    case .buildNotMapped: "LP0523"
    case .notLoaded: "LP0524"
    case .newerLedger: "LP0525"
    case .damagedLedger: "LP0526"
    case .changedSincePlan: "LP0527"
    case .gone: "LP0528"
    case .stillReferenced: "LP0531"
    case .stopEnded: "LP0532"
    case .workerEnded: "LP0533"
    }
  }

  /// What is the matter, in one line.
  package var message: String {
    switch self {
    case .functionInUse(let thread, _): "in use by thread \(thread)"
    case .anotherReconciler(let pid): "another lpreconcile (process \(pid)) works on it"
    case .traced(let pid, let name): "\(name) (process \(pid)) traces it"
    case .stopTooLong(let limit):
      "the stop would have been longer than \(limit.milliseconds); everything resumed unchanged"
    case .stopEnded(let limit):
      "the stop reached its limit of \(limit.milliseconds), and the kernel let the process go"
    case .workerEnded(let how): "the worker that held it ended (\(how)); the process runs on"
    case .sharesMemory(let pid): "it shares its memory with process \(pid) (vfork or CLONE_VM)"
    case .noUsableThread(let why): "no thread of it can make a system call for us now: \(why)"
    case .noRestingThread(let why):
      "no thread of it is where it can tell the program's unwinder of the patch: \(why)"
    case .foreignBytes(let drift):
      "\(drift.kind.noun) at \(drift.address): expected \(drift.expected.spaced), found \(drift.found.spaced)"
    case .placeTaken(let other): "the place is taken by the active patch \(other)"
    case .unexpectedValue(let expected, let found):
      "the value before is not the expected one: expected \(expected.spaced), found \(found.spaced)"
    case .noSuchValue(let what): "there is no such value: \(what)"
    case .unresolvedImport(let symbol, let library):
      "\(symbol)\(library.map { " of \($0)" } ?? "") cannot be found in the process"
    case .outOfReach: "no free memory lies within 2 GiB, and the function has no room for a longer branch"
    case .tooManyPatches: "it carries 64 patches already"
    case .directFormOnly(let why): "can be switched only alone: \(why)"
    case .crossesPage: "the branch would lie on two pages, which no single write can change"
    case .loopsToEntry: "the function branches back to its own entry, which `consistency: immediate` cannot allow"
    case .unsupported(let what): "not supported: \(what)"
    case .kernel(let call, let errno): "the kernel refused \(call): \(SystemError.text(errno))"
    case .buildNotMapped(let build): "does not map build \(build.short) any more"
    case .notLoaded: "is not loaded"
    case .newerLedger(let version): "its patches were loaded by a newer lpreconcile (ledger version \(version))"
    case .damagedLedger(let field, let address): "the ledger in its memory is damaged: \(field) at \(address)"
    case .changedSincePlan: "it is not what it was when the plan was made"
    case .gone: "ended in between"
    case .stillReferenced(.word(let address, let mapping, let value)):
      "the word at \(address) in \(mapping) points to \(value) in its memory"
    case .stillReferenced(.mangled(let address, let mapping, let value)):
      "the word at \(address) in \(mapping) points, as the C library mangles pointers, to \(value) in its memory"
    case .stillReferenced(.handler(let signal, let value)):
      "the handler of signal \(signal) is at \(value) in its memory"
    }
  }

  /// What can be done, in the order to try it.
  ///
  /// - Parameter retryForAt: where a manifest says how long to retry, as `file:line:column`.
  /// - Returns: at least one step.
  package func nextSteps(retryForAt: String?) -> [String] {
    let place = retryForAt.map { " (\($0))" } ?? ""
    return switch self {
    case .functionInUse: ["apply again later, or raise policy.retryFor\(place)"]
    case .anotherReconciler: ["wait for the other to end, then lpreconcile status"]
    case .traced(_, let name): ["end \(name), then apply again"]
    case .stopTooLong, .stopEnded: ["apply again at a quieter time, or raise policy.maxStop\(place)"]
    case .sharesMemory: ["apply again when that process has called exec or ended"]
    case .noUsableThread: ["apply again later"]
    case .noRestingThread: ["apply again later, at a quieter time, or raise policy.retryFor\(place)"]
    case .foreignBytes(let drift): [drift.kind.nextStep]
    case .placeTaken(let other): ["revert \(other) first, or build one patch that holds both changes"]
    case .unexpectedValue: ["look why the program has another value, then correct `expect` in the manifest"]
    case .noSuchValue: ["correct the value's symbol, offset and type in the manifest"]
    case .unresolvedImport: ["build the patch without this function, or bring it in a replacement file"]
    case .outOfReach: ["restart the process with the fixed package when convenient"]
    case .tooManyPatches: ["build one cumulative patch in place of several"]
    case .directFormOnly: ["apply it alone, in a manifest without the other changes"]
    case .crossesPage: ["replace the functions that call it instead"]
    case .loopsToEntry: ["use `consistency: stack-check`"]
    case .unsupported:
      [
        "restart the process with the fixed package when convenient",
        "`lpreconcile config` shows what this machine allows",
      ]
    case .kernel: ["`lpreconcile config` shows what this machine allows", "lpreconcile status shows what is there now"]
    case .buildNotMapped: ["apply again: the process runs another program now"]
    case .notLoaded: ["lpreconcile status shows what is there now", "apply again"]
    case .newerLedger: ["install that version of lpreconcile here, then apply again"]
    case .damagedLedger: ["restart the process when convenient; nothing in it is touched until then"]
    case .changedSincePlan: ["make a new plan and review it"]
    case .workerEnded: ["apply again: it completes or rolls back what was begun"]
    case .gone: ["nothing: a new process is found by the next apply"]
    case .stillReferenced: ["nothing now: it is not in effect, and a later apply unloads it when nothing points there"]
    }
  }
}

extension ObservedPatch.Drift.Kind {
  /// What stands there, called by its name.
  package var noun: String {
    switch self {
    case .breakpoint: "a breakpoint"
    case .foreignBranch: "another tool's branch"
    case .valueChanged: "a value that the program has changed"
    case .foreignBytes: "foreign bytes"
    case .restoredByOthers: "the original bytes, put back by somebody,"
    case .imageChanged: "changed code of the patch"
    }
  }

  /// What can be done about it.
  package var nextStep: String {
    switch self {
    case .breakpoint: "remove it in the debugger, or the probe in perf or bpftrace, then apply again"
    case .foreignBranch: "remove the other hook with its own tool, then apply again"
    case .valueChanged: "take the value out of the manifest, or correct `expect`"
    case .foreignBytes: "find out who wrote them; restart the process when convenient"
    case .restoredByOthers: "lpreconcile apply writes the patch again"
    case .imageChanged: "restart the process when convenient"
    }
  }
}

extension Duration {
  /// In milliseconds with two digits behind the point, or without where it is a whole number: `0.31 ms`.
  package var milliseconds: String {
    let micros = components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    if micros % 1000 == 0 { return "\(micros / 1000) ms" }
    let hundredths = max((micros + 5) / 10, 1)
    let rest = String(hundredths % 100)
    return "\(hundredths / 100).\(rest.count == 1 ? "0" : "")\(rest) ms"
  }
}
