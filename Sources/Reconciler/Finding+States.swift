package import LiveProcess
internal import Manifest
internal import Patch

// What a look at a process can find; the text that people read is made here and in Finding+Refusals.swift.
extension Finding {
  /// The binary is meant, its build is listed nowhere.
  static func unlistedBuild(_ binary: MappedBinary, _ set: DesiredSet, _ process: ObservedProcess) -> Finding {
    let isExecutable = process.binaries.first == binary
    let file = isExecutable ? "/proc/\(process.identity.pid)/exe" : binary.path
    return Finding(
      "LP0301", "build \(binary.buildID.short) of \(binary.path) is listed in no manifest",
      next: [
        "lpreconcile build --binary \(file) … to make a patch for this build",
        "if it has the fix already, list build \(binary.buildID) with `patches: []` in \(set.declaredAt.file)",
      ])
  }

  /// A listed build, mapped under a path that the manifest does not mean.
  static func listedElsewhere(_ binary: MappedBinary, _ set: DesiredSet, _ build: DesiredBuild) -> Finding {
    Finding(
      "LP0302",
      "maps build \(binary.buildID.short), listed at \(build.declaredAt), as \(binary.path), not as \(set.binary)",
      next: ["let spec.binary in \(set.declaredAt.file) mean \(binary.path) too, with a glob or a second document"])
  }

  /// It could not be read.
  static func unreadable(_ why: ObservedProcess.UnreadableReason) -> Finding {
    switch why {
    case .denied(let errno, let path):
      Finding(
        "LP0303", "\(path) cannot be read: \(SystemError.text(errno))",
        next: [
          "run as root with CAP_SYS_PTRACE; `lpreconcile config` shows whether you have it",
          "narrow the manifest with `processes:` to what you may read",
        ])
    case .newerLedger(let version):
      Finding(
        "LP0304", "its patches were loaded by a newer lpreconcile (ledger version \(version))",
        next: ["install that version of lpreconcile here, then run this command again"])
    case .damagedLedger(let field, let address):
      Finding(
        "LP0305", "the ledger of a patch in its memory is damaged: \(field) at \(address)",
        next: ["restart the process when convenient; nothing in it is touched until then"])
    }
  }

  /// Something is to do.
  static func pending(_ changes: [PlannedChange], leftovers: [String]) -> Finding {
    let names = changes.map(\.patch).uniqued()
    guard !changes.isEmpty else {
      return Finding(
        "LP0307", "an interrupted run left \(leftovers.joined(separator: ", "))",
        next: ["lpreconcile apply clears it up"])
    }
    if changes.allSatisfy({ $0.why == .interrupted }) {
      return Finding(
        "LP0307",
        "an interrupted run left \(names.joined(separator: ", ")) half way; the process runs one whole version",
        next: ["lpreconcile apply completes it, lpreconcile revert takes it back"])
    }
    return Finding("LP0306", "to change: \(names.joined(separator: ", "))", next: ["lpreconcile apply"])
  }

  /// Patches for builds that no manifest lists.
  static func unmanaged(_ patches: [ObservedPatch]) -> Finding {
    let names = patches.map(\.name).sorted().uniqued().joined(separator: ", ")
    return Finding(
      "LP0308", "carries \(names), and no manifest lists the build it was loaded for",
      next: [
        "list the build in a manifest to keep it", "lpreconcile apply --prune, or lpreconcile revert, to remove it",
      ])
  }

  /// Two manifests list one build of one file.
  static func twoOwners(_ binary: MappedBinary, _ a: DesiredSet, _ b: DesiredSet) -> Finding {
    Finding(
      "LP0309",
      "build \(binary.buildID.short) of \(binary.path) is listed by two manifests: \(a.declaredAt) and \(b.declaredAt)",
      next: ["let one manifest own it; nothing in this process is touched until then"])
  }

  /// Memory is not what the ledger says.
  package static func drift(_ drift: ObservedPatch.Drift, of patch: ObservedPatch) -> Finding {
    let place = "\(drift.symbol) at \(drift.address) (\(patch.name))"
    let bytes = "expected \(drift.expected.spaced), found \(drift.found.spaced)"
    switch drift.kind {
    case .breakpoint:
      return Finding(
        "LP0310", "a breakpoint stands in \(place): \(bytes)",
        next: ["remove it in the debugger, or the probe in perf or bpftrace, then lpreconcile verify"])
    case .foreignBranch:
      return Finding(
        "LP0311", "another tool's branch stands in \(place): \(bytes)",
        next: ["remove the other hook with its own tool, then lpreconcile verify"])
    case .valueChanged:
      return Finding(
        "LP0312", "the program itself has changed \(place): \(bytes)",
        next: ["lpreconcile revert --patch \(patch.name), or take it out of the manifest: it is left alone on revert"])
    case .foreignBytes:
      return Finding(
        "LP0313", "foreign bytes in \(place): \(bytes)",
        next: ["find out who wrote them; restart the process when convenient"])
    case .restoredByOthers:
      return Finding(
        "LP0314", "the original bytes are back in \(place): \(bytes)",
        next: ["lpreconcile apply writes the patch again"])
    case .imageChanged:
      return Finding(
        "LP0315", "the code of the patch itself was changed: \(place): \(bytes)",
        next: ["lpreconcile revert --patch \(patch.name), then lpreconcile apply"])
    }
  }
}

extension Sequence where Element: Hashable {
  /// The elements without repetitions, in the order of their first appearance.
  package func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

extension Sequence<UInt8> {
  /// Hexadecimal bytes with blanks between them, as objdump shows them.
  package var spaced: String {
    var text = ""
    for byte in self {
      if !text.isEmpty { text += " " }
      text += [byte].hexadecimal
    }
    return text
  }
}
