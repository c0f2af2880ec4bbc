import Reconciler
import Testing
import VictimKit

@Suite("Apply does what was asked for, once, and says how to take it back", .needsRoot)
struct ApplyTests {
  @Test("The undo command works as it is printed, and touches only what this apply changed")
  func undo() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let first = try enclosure.start("'\(shop.desk)' first")
    // Asked once before: the functions of the C library are bound at their first calls.
    #expect(try enclosure.ask(first, "price 24") == DeskShop.before)
    let original = try enclosure.digest(of: shop.desk, in: first)
    let one = try enclosure.tool("apply", "--yes", manifest)
    #expect(try enclosure.ask(first, "price 24") == DeskShop.after)
    let second = try enclosure.start("'\(shop.desk)' second")
    let two = try enclosure.tool("apply", "--yes", manifest)
    #expect(try enclosure.ask(second, "price 24") == DeskShop.after)

    try undo(two, in: enclosure)
    #expect(try enclosure.ask(second, "price 24") == DeskShop.before)
    #expect(try enclosure.ask(first, "price 24") == DeskShop.after)
    try undo(one, in: enclosure)
    #expect(try enclosure.ask(first, "price 24") == DeskShop.before)
    #expect(try enclosure.digest(of: shop.desk, in: first) == original)
    #expect(try enclosure.mappings(of: first) == 0 && enclosure.mappings(of: second) == 0)
    #expect(try enclosure.tool("verify").output == "No process carries a patch.\n")
  }

  private func undo(_ apply: Command, in enclosure: Enclosure) throws {
    let line = try #require(apply.output.split(separator: "\n").first { $0.hasPrefix("Undo: lpreconcile ") })
    let done = try enclosure.run("'\(Checkout.program)' \(line.dropFirst("Undo: lpreconcile ".count))")
    #expect(done.status == 0, "\(line): \(done.errors)")
    #expect(done.output.contains("Result: 1 changed, 0 failed.\n"), "\(done.output)")
  }

  @Test("What plan prints as the next command works as it is printed")
  func applyExactly() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    let plan = try enclosure.tool("plan", manifest)
    #expect(plan.status == 2)
    let head = "Apply exactly this:  "
    let line = try #require(plan.output.split(separator: "\n").first { $0.hasPrefix(head) })
    let commands = String(line.dropFirst(head.count)).split(separator: "; ").map { String($0) }
    #expect(commands.count == 2)
    let script = commands.map { $0.replacing("lpreconcile ", with: "'\(Checkout.program)' ", maxReplacements: 1) }
    let done = try enclosure.run(script.joined(separator: "; "))
    #expect(done.status == 0, "\(done.errors)")
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.after)
  }

  @Test("A second apply changes nothing, stops nothing, and ends with 0")
  func second() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    _ = try enclosure.start("'\(shop.desk)' first")
    _ = try enclosure.start("'\(shop.desk)' second")
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    let again = try enclosure.run(
      "strace -f -qq -o calls -e trace=ptrace,process_vm_writev \(Enclosure.words(["apply", manifest]))")
    #expect(again.status == 0)
    #expect(again.output == "Result: 0 changed, 2 converged, 0 failed. Protected now: 2 of 2.\n")
    // The end of a thread is told by strace too; calls that stop or write are what must not be there.
    let calls = try enclosure.output("grep -cE 'ptrace\\(|process_vm_writev\\(' calls || true")
    #expect(calls == "0\n")
  }

  @Test("A process that ends in between is gone, which is no failure")
  func gone() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "60s"))
    let busy = try enclosure.start("'\(shop.desk)' busy")
    #expect(try enclosure.ask(busy, "hold") == "held")
    let job = try enclosure.begin("apply", "--yes", manifest)
    #expect(try eventually { try enclosure.output(of: job).contains("waiting") })
    try enclosure.output("kill -KILL \(busy.pid)")
    let done = try enclosure.end(job)
    #expect(done.status == 0, "\(done.output)")
    #expect(done.output.contains("Result: 0 changed, 0 converged, 1 gone, 0 failed."), "\(done.output)")
  }

  @Test("--limit, --pid and --stop-on-failure touch no more than they say")
  func canary() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "0s"))
    let desks = try (1...3).map { try enclosure.start("'\(shop.desk)' shop-\($0)") }
    func patched() throws -> [Bool] { try desks.map { try enclosure.ask($0, "price 24") == DeskShop.after } }

    let limited = try enclosure.tool("apply", "--yes", "--limit", "1", manifest)
    #expect(limited.status == 3)
    #expect(try patched() == [true, false, false])
    #expect(limited.output.contains("Result: 1 changed, 0 converged, 2 busy, 0 failed. Protected now: 1 of 3."))
    #expect(limited.output.contains("not begun: --limit was reached [LP0613]"))

    let chosen = try enclosure.tool("apply", "--yes", "--pid", "\(desks[2].pid)", manifest)
    #expect(chosen.status == 0)
    #expect(try patched() == [true, false, true])

    #expect(try enclosure.tool("revert", "--yes", "--all").status == 0)
    #expect(try enclosure.ask(desks[0], "hold") == "held")
    let stopped = try enclosure.tool("apply", "--yes", "--stop-on-failure", manifest)
    #expect(stopped.status == 3)
    #expect(try patched() == [false, false, false])
    #expect(stopped.output.contains("not begun: another process failed before it [LP0614]"))
  }

  @Test("A saved plan is done exactly, from whatever folder, or refused with the process and what changed in it")
  func savedPlan() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    _ = try enclosure.write("desk.yaml", shop.manifest())
    let first = try enclosure.start("'\(shop.desk)' first")
    let second = try enclosure.start("'\(shop.desk)' second")
    // Made with a relative path, in the test's folder.
    for file in ["a.plan", "b.plan", "c.plan"] {
      #expect(try enclosure.tool("plan", "desk.yaml", "-o", file).status == 2)
    }
    let later = try enclosure.start("'\(shop.desk)' later")
    let folder = enclosure.folder.path
    let exact = try enclosure.run("(cd / && exec \(Enclosure.words(["apply", "--plan", folder + "/a.plan"])))")
    #expect(exact.status == 3, "\(exact.output)\(exact.errors)")
    #expect(exact.output.contains("\(later.pid) desk later  refused"))
    #expect(exact.output.contains("LP0605"))
    #expect(try enclosure.ask(first, "price 24") == DeskShop.after)
    #expect(try enclosure.ask(second, "price 24") == DeskShop.after)
    #expect(try enclosure.ask(later, "price 24") == DeskShop.before)

    let changed = try enclosure.tool("apply", "--plan", "b.plan")
    #expect(changed.status == 1)
    #expect(
      changed.errors.contains("process \(first.pid) (desk) carries every-item now (active), and carries lower-fee now"))
    try enclosure.output("kill -KILL \(first.pid) \(second.pid)")
    #expect(try eventually { try enclosure.run("kill -0 \(first.pid) || kill -0 \(second.pid)").status != 0 })
    let ended = try enclosure.tool("apply", "--plan", "c.plan")
    #expect(ended.status == 1)
    #expect(ended.errors.contains("process \(first.pid) (desk) has ended since the plan was made [LP0601]"))
    #expect(ended.errors.contains("process \(second.pid) (desk) has ended since the plan was made"))
    // Another one, though stale, can still be read: it is a report like any other.
    #expect(try JSONTests.check(try enclosure.output("cat c.plan")) == "")

    try enclosure.output("cp desk.yaml changed.yaml")
    #expect(try enclosure.tool("plan", "changed.yaml", "-o", "d.plan").status == 2)
    try enclosure.output("echo '# another content' >>changed.yaml")
    let content = try enclosure.tool("apply", "--plan", "d.plan")
    #expect(
      content.status == 1
        && content.errors.contains("changed.yaml has another content since the plan was made [LP0602]"))
    #expect(try enclosure.ask(later, "price 24") == DeskShop.before)
  }
}
