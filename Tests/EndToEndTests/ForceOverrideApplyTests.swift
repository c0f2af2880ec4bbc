import Testing
import VictimKit

@Suite("apply where proc_mem.force_override lets nobody write code through /proc/PID/mem", .needsRoot)
struct ForceOverrideApplyTests {
  @Test("Applied, verified and taken back", arguments: ServedVictim.Patch.allCases)
  func applied(patch: ServedVictim.Patch) throws {
    let kernel = try VictimProgram.compile("override.c", flags: ["-O2", "-Wall", "-Werror"])
    let files = try PatchFiles(patch)
    let subject = try ServedVictim("spin", files)
    for isOn in [true, false] {
      let run = try Command.run([kernel.path, "never"] + subject.command(isOn: isOn))
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      try subject.expectUnharmed("\(isOn)")
      #expect(try subject.victim.ask("report") == subject.report(isOn: isOn))
      let seen = try Command.run(
        [Checkout.program, "verify", "--pid", String(subject.victim.pid), isOn ? files.on : files.off])
      #expect(seen.status == 0, "\(seen.output)\(seen.errors)")
    }
  }
}
