import LiveProcess
import Patch
import PatchBuilder
import Testing
import VictimKit

/// A running `Tests/Victims/throwing.cc`, and a patch for two of its functions.
private struct ThrowingProgram {
  let victim: Victim
  let artifact: PatchArtifact
  private let folder: TemporaryDirectory

  private static let replacement = """
    #include <stdexcept>
    struct Refused : std::runtime_error { using std::runtime_error::runtime_error; };
    struct Guard { ~Guard(); };
    extern "C" long check(long x);
    extern "C" long through(long x) {
      Guard guard;
      return check(x) + 1001;
    }
    extern "C" long caught(long x) {
      try {
        return check(x) + 1001;
      } catch (const std::logic_error &) {
        return -1001;
      } catch (const Refused &) {
        return -1002;
      }
    }
    """

  /// Starts one.
  ///
  /// `kind`: what its first thread does, as the program says.
  /// `threads`: how many throw all the time.
  init(_ kind: String, threads: Int = 0) async throws {
    folder = try TemporaryDirectory()
    let program = try VictimProgram.compile("throwing.cc", compiler: "g++")
    try PatchedProgram.write(Self.replacement, to: folder.file("fix.cc"))
    let report = try await PatchBuild.run(
      BuildRequest(
        binary: program.path, sources: [folder.file("fix.cc")], functions: ["through", "caught"], name: "fix",
        output: folder.file("fix.lpatch"), compiler: "g++"))
    artifact = try PatchArtifact(reading: try PatchedProgram.read(report.artifact))
    victim = try Victim(program, arguments: [kind, String(threads)])
  }

  var process: ProcessID { ProcessID(victim.pid) }
  var artifactPath: String { folder.file("fix.lpatch") }
  var isCarried: Bool { get throws { try !PatchReader.read(process).patches.isEmpty } }

  @discardableResult
  func run(_ isOn: Bool, checksStacks: Bool = true, retryFor: Duration = .seconds(30)) throws -> TransitionOutcome {
    let identity = ProcessIdentity(pid: process, startTime: try ProcessStat.read(process).startTime)
    return try Transition.run(
      TransitionRequest(
        process: identity, load: isOn ? [.artifact(artifact)] : [], activate: isOn ? [artifact.id] : [],
        deactivate: isOn ? [] : [artifact.id], unload: isOn ? [] : [artifact.id],
        policy: SwitchPolicy(maxStop: .seconds(10), checksStacks: checksStacks, retryFor: retryFor)))
  }

  /// Takes the patch away, its memory too: what exceptions keep of handlers that they have left does not hold it.
  func remove() throws {
    var kept: [TransitionOutcome.KeptLoaded] = []
    let isGone = try eventually {
      kept = try run(false).keptLoaded
      return try !isCarried
    }
    #expect(isGone, "it stays loaded: \(kept)")
  }

  /// An exception goes through `through` to its caller and destroys what it holds, and into a handler of `caught`.
  func expect(new: Bool, _ comment: Comment = "") throws {
    let word = new ? 1000 : 0
    let destroyed = try victim.ask("destroyed")
    #expect(try victim.ask("seen 8") == "\(9 + word)", comment)
    #expect(try victim.ask("seen 7") == "-3", comment)
    #expect(try victim.ask("caught 8") == "\(9 + word)", comment)
    #expect(try victim.ask("caught 7") == "\(-2 - word)", comment)
    #expect(try victim.ask("destroyed") != destroyed, comment)
  }

  /// Its threads go on throwing, and see nothing wrong.
  func expectUnharmed(_ comment: Comment = "") throws {
    func report() throws -> [Int] { try victim.ask("report").split(separator: " ").compactMap { Int($0) } }
    let before = try report()
    var now = before
    #expect(
      try eventually {
        now = try report()
        return now[0] > before[0] + 1000
      }, comment)
    #expect(now[1] == 0, comment)
  }
}

@Suite("An exception passes through a replaced function, and into its handlers", .needsRoot, .serialized)
struct ExceptionPassageTests {
  @Test("Before, with and after the patch, and with it again")
  func quiet() async throws {
    let subject = try await ThrowingProgram("resting")
    #expect(subject.artifact.info.formatVersion == 3 && subject.artifact.registration != nil)
    try subject.expect(new: false)
    for _ in 0..<3 {
      #expect(try subject.run(true).changed)
      try subject.expect(new: true)
      #expect(try !subject.run(true).changed, "nothing is left to do")
      try subject.remove()
      try subject.expect(new: false)
    }
  }

  @Test("While other threads throw all the time")
  func busy() async throws {
    let subject = try await ThrowingProgram("resting", threads: 3)
    for round in 0..<10 {
      #expect(try subject.run(true, checksStacks: round % 2 == 0).changed)
      try subject.expect(new: true, "round \(round)")
      try subject.expectUnharmed("round \(round), patched")
      try subject.remove()
      try subject.expect(new: false, "round \(round)")
      try subject.expectUnharmed("round \(round), reverted")
    }
  }

  @Test("Where no thread rests, the patch is refused in time, and nothing has changed")
  func spinning() async throws {
    let subject = try await ThrowingProgram("spinning", threads: 1)
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true, retryFor: .milliseconds(500)) }
    guard case .noRestingThread(let why) = error?.reason else {
      Issue.record("not refused for want of a resting thread: \(String(describing: error))")
      return
    }
    #expect(why.contains("does not wait for anything from outside") && error?.patch == "fix", "\(why)")
    #expect(try !subject.isCarried)
    try subject.expect(new: false)
    try subject.expectUnharmed()
    #expect(try !Command.output(["cat", "/proc/\(subject.victim.pid)/maps"]).contains("memfd:lpreconcile"))
  }

  @Test("A thread that waits in a signal's handler is not used: what it interrupted may hold anything")
  func handling() async throws {
    let subject = try await ThrowingProgram("handling")
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true, retryFor: .milliseconds(300)) }
    guard case .noRestingThread(let why) = error?.reason else {
      Issue.record("not refused for want of a resting thread: \(String(describing: error))")
      return
    }
    #expect(why.contains("is in a signal handler"), "\(why)")
    try subject.expect(new: false)
    #expect(try !subject.isCarried)
  }

  @Test("The tool is killed at its Nth system call: exceptions pass all the time, and the next run converges")
  func killed() async throws {
    let subject = try await ThrowingProgram("resting", threads: 1)
    var killed = 0
    var number = 0
    var isFinished = false
    while !isFinished {
      number += 1
      isFinished = true
      for isOn in [true, false] {
        let isKilled = try KilledTransition.isKilled(
          atCall: number,
          [
            String(subject.victim.pid), subject.artifact.info.target.buildID.description, isOn ? "alone" : "off",
            subject.artifactPath,
          ])
        if isKilled {
          killed += 1
          isFinished = false
        }
        try subject.expectUnharmed("killed at call \(number), \(isOn ? "on" : "off")")
        if isOn { try subject.run(true) } else { try subject.remove() }
        try subject.expect(new: isOn, "after call \(number)")
      }
    }
    print("exceptions: killed \(killed) times, up to system call \(number)")
    #expect(killed > 100)
  }
}
