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
  private let directory: TemporaryDirectory

  /// Compiles the victim and makes its patches.
  ///
  /// `functions`: how many are patched; 0 for the values alone.
  /// `threads`: how many threads call them all the time.
  /// `program`: the victim's source.
  init(functions: Int, threads: Int = 3, program source: String = "switch.c") throws {
    directory = try TemporaryDirectory()
    let program = try VictimProgram.compile(source)
    guard let build = BuildID(hex: try program.buildID()) else { throw VictimTrouble("no build-id") }
    self.build = build
    if functions > 0 {
      let bytes = try SwitchVictim.artifact(functions, of: try ElfFile(path: program.path), in: directory)
      artifactPath = directory.file("patch.lpatch")
      try TestFile.write(bytes, to: artifactPath)
      artifact = try PatchArtifact(reading: bytes)
    } else {
      artifactPath = "-"
      artifact = nil
    }
    victim = try Victim(program, arguments: [String(functions == 0 ? 200 : functions), String(threads)])
  }

  var process: ProcessID { ProcessID(victim.pid) }

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

  private static func artifact(
    _ count: Int, of target: ElfFile, in directory: TemporaryDirectory
  ) throws -> [UInt8] {
    let symbols = Dictionary(
      try target.symbols(.full).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var assembly = ".text\n"
    var functions: [ReplacedFunction] = []
    for index in 0..<count {
      let name = "function_\(index)"
      guard let symbol = symbols[name] else { throw VictimTrouble("the victim has no \(name)") }
      assembly += """
        .globl new_\(index)
        .type new_\(index), @function
        new_\(index):
          .cfi_startproc
          lea 1001(%rdi), %eax
          ret
          .cfi_endproc
        .size new_\(index), .-new_\(index)
        .globl moved_\(index)
        .type moved_\(index), @function
        moved_\(index):
          push %rbp
          mov %rsp, %rbp
          lea 1(%rdi), %eax
          jmp \(name) + 7
        .size moved_\(index), .-moved_\(index)

        """
      let at = LinkAddress(symbol.value)
      functions.append(
        ReplacedFunction(
          symbol: name, at: at, size: symbol.size,
          sha256: SHA256Digest(of: try target.content(at: at, count: symbol.size)), replacement: "new_\(index)",
          entry: ReplacedFunction.Entry(
            at: 0, original: try target.content(at: at, count: 5),
            gate: .moved(
              symbol: "moved_\(index)",
              instructions: [
                ReplacedFunction.MovedInstruction(from: 0, to: 0), .init(from: 1, to: 1), .init(from: 4, to: 4),
              ], branchesToEntry: false))))
    }
    assembly += ".section .note.GNU-stack,\"\",@progbits\n"
    try TestFile.write(Array(assembly.utf8), to: directory.file("new.s"))
    let recipe = ArtifactRecipe(
      sources: [directory.file("new.s")], flags: [], target: target,
      functions: functions.sorted { $0.address < $1.address })
    return try recipe.make(in: directory)
  }
}
