import ArtifactKit
import LiveProcess
import Patch
import TransitionKit
import VictimKit

/// A running `switch.c`, or a program of the same functions, and the patches for it.
struct SwitchVictim {
  let victim: Victim
  let build: BuildID
  let artifact: PatchArtifact?
  /// The artifact's file; `-` for none.
  let artifactPath: String
  private let head: SwitchArtifact.Head
  private let directory: TemporaryDirectory

  /// Compiles the victim and makes its patches.
  ///
  /// `functions`: how many are patched; 0 for the values alone.
  /// `threads`: how many threads call them all the time.
  /// `program`: the victim's source.
  /// `head`: how its functions begin.
  /// `replacement`: a source of `Tests/Victims` that has the new function as `new_0`; nil for one that adds 1001.
  /// `mode`: a further argument of the victim.
  /// `path`: where the program is to lie; nil where it was compiled.
  init(
    functions: Int, threads: Int = 3, program source: String = "switch.c", head: SwitchArtifact.Head = .plain,
    replacement: String? = nil, mode: String? = nil, at path: String? = nil
  ) throws {
    directory = try TemporaryDirectory()
    self.head = head
    var program = try VictimProgram.compile(source, flags: ["-O2", "-g", "-pthread"] + head.flags)
    if let path { program = try program.copy(to: path) }
    guard let build = BuildID(hex: try program.buildID()) else { throw VictimTrouble("no build-id") }
    self.build = build
    if functions > 0 {
      let bytes = try SwitchArtifact(functions: 0..<functions, head: head, replacement: replacement)
        .make(of: try ElfFile(path: program.path), in: directory)
      artifactPath = directory.file("patch.lpatch")
      try TestFile.write(bytes, to: artifactPath)
      artifact = try PatchArtifact(reading: bytes)
    } else {
      artifactPath = "-"
      artifact = nil
    }
    victim = try Victim(
      program, arguments: [String(functions == 0 ? 200 : functions), String(threads)] + (mode.map { [$0] } ?? []))
  }

  var process: ProcessID { ProcessID(victim.pid) }

  /// Another artifact for the same program.
  ///
  /// `generation`: what its functions add, in thousands.
  func artifact(
    functions: Range<Int>, generation: Int, named name: String
  ) throws -> (artifact: PatchArtifact, path: String) {
    let bytes = try SwitchArtifact(functions: functions, generation: generation, head: head)
      .make(of: try ElfFile(path: victim.program.path), in: try TemporaryDirectory())
    try TestFile.write(bytes, to: directory.file(name))
    return (try PatchArtifact(reading: bytes), directory.file(name))
  }

  /// Patches or takes everything away.
  func run(
    _ isOn: Bool,
    policy: SwitchPolicy = SwitchPolicy(maxStop: .seconds(10), checksStacks: false, retryFor: .seconds(10))
  ) throws -> TransitionOutcome {
    try Transition.run(try PairPatch.request(process, build, isOn: isOn, artifact, policy: policy))
  }

  /// What a wholly old or a wholly new process answers.
  func report(new: Bool) -> String {
    "\(new && artifact != nil ? "new" : "old") \(new ? "11 12" : "1 2") wrong 0 mixed 0"
  }

  /// The patches that it carries, by name, and their states.
  func states() throws -> [String: ObservedPatch.State] {
    Dictionary(
      try PatchReader.read(process).patches.map { ($0.name, $0.state) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether nothing of ours is mapped.
  func isBare() throws -> Bool {
    try !MemoryMap.read(process).mappings.contains { $0.memoryFileName?.hasPrefix(CarriedPatches.prefix) ?? false }
  }

  /// Where a symbol of the program lies in the process.
  func address(of symbol: String) throws -> RemoteAddress {
    let file = try ElfFile(path: victim.program.path)
    let map = try MemoryMap.read(process)
    guard let value = try file.symbols(.full).first(where: { $0.name == symbol })?.value,
      let first = map.mappings.first(where: { $0.path.hasPrefix(victim.program.path) && $0.offset == 0 })
    else { throw VictimTrouble("no \(symbol)") }
    return RemoteAddress(first.range.lowerBound.value + value)
  }
}
