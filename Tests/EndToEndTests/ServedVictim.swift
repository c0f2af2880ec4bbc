import Testing
import VictimKit

/// A running victim of `Tests/Victims/trace.c` whose functions and values are patched by the program itself: built, declared
/// in manifests, applied.
struct ServedVictim {
  /// What is patched.
  enum Patch: String, CaseIterable {
    case oneFunction, manyFunctions, functionAndValues

    var functions: Int { self == .manyFunctions ? 200 : 1 }
    var hasValues: Bool { self == .functionAndValues }
  }

  let victim: Victim
  let patch: Patch
  private let files: PatchFiles

  /// Starts one.
  ///
  /// `kind`: what its first thread does all the time.
  init(_ kind: String, _ files: PatchFiles) throws {
    self.files = files
    patch = files.patch
    victim = try Victim(files.program, arguments: [kind, "calls", String(files.patch.functions)])
  }

  /// The command line that makes it old or new.
  func command(isOn: Bool, _ options: [String] = []) -> [String] {
    [Checkout.program, "apply", "--yes", "--pid", String(victim.pid)] + options + [isOn ? files.on : files.off]
  }

  /// What a wholly old or a wholly new process reports.
  func report(isOn: Bool) -> String {
    "\(isOn ? "new" : "old") \(isOn && patch.hasValues ? "11 12" : "1 2") wrong 0 mixed 0"
  }

  /// It works on, right, wholly old or wholly new, and is neither traced nor stopped.
  func expectUnharmed(_ comment: Comment) throws {
    let before = try loops()
    #expect(try eventually { try loops() > before }, comment)
    #expect(try victim.status("TracerPid") == "0", comment)
    let state = try victim.status("State")
    #expect(!state.hasPrefix("T") && !state.hasPrefix("t"), comment)
    // A commit with values that loses its tool goes on while the others run already: for the moment of that one system call
    // they may see one value and not yet the next, and never afterwards.
    _ = try victim.ask("settle")
    let report = try victim.ask("report")
    #expect([true, false].contains { self.report(isOn: $0) == report }, "\(comment): \(report)")
  }

  /// How often its first thread has done its work; it says so only if it has found no error.
  private func loops() throws -> Int {
    let words = try victim.ask("status").split(separator: " ").compactMap { Int($0) }
    guard words.count == 3, words[2] == 0 else { throw VictimTrouble("it was harmed: \(words)") }
    return words[0]
  }
}
