import Reconciler
import Testing
import VictimKit

@Suite("The way back works whatever else does not", .needsRoot)
struct EmergencyTests {
  /// Gives an enclosure an /etc of its own.
  static func ownEtc(_ enclosure: Enclosure) throws {
    try enclosure.output("cp -a /etc etc && rm -rf etc/lpreconcile && mount --bind etc /etc")
  }

  enum Trouble: String, CaseIterable { case noFolder, unreadableManifest, killSwitch, killSwitchOfTheKernel }

  @Test(
    "revert --all without manifests, with unreadable ones, and with applying switched off", arguments: Trouble.allCases)
  func revertAll(trouble: Trouble) throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desks = try ["first", "second"].map { try enclosure.start("'\(shop.desk)' \($0)") }
    // Asked once before: the functions of the C library are bound at their first calls.
    for desk in desks { #expect(try enclosure.ask(desk, "price 24") == DeskShop.before) }
    let originals = try desks.map { try enclosure.digest(of: shop.desk, in: $0) }
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    try Self.ownEtc(enclosure)
    switch trouble {
    case .noFolder: break
    case .unreadableManifest:
      try enclosure.output(
        "mkdir -p /etc/lpreconcile/manifests.d/desk.yaml && echo ': [' >/etc/lpreconcile/manifests.d/x.yaml")
    case .killSwitch:
      try enclosure.output("mkdir -p /etc/lpreconcile && echo 'change freeze' >/etc/lpreconcile/disabled")
    case .killSwitchOfTheKernel:
      try enclosure.output("echo 'quiet lpreconcile.mode=no-apply' >cmdline && mount --bind cmdline /proc/cmdline")
    }
    let done = try enclosure.tool("revert", "--all")
    #expect(done.status == 0, "\(done.errors)")
    #expect(done.output.contains(" changed, 0 failed.\n"))
    for (desk, original) in zip(desks, originals) {
      #expect(try enclosure.digest(of: shop.desk, in: desk) == original)
      #expect(try enclosure.mappings(of: desk) == 0)
      #expect(try enclosure.ask(desk, "price 24") == DeskShop.before)
    }
    let again = try enclosure.tool("revert", "--all")
    #expect(again.status == 0 && again.output.contains("Nothing to take away"))
  }

  @Test(
    "With the kill switch on, apply ends with 1 and the reason, status and plan show it",
    arguments: [
      ("/etc/lpreconcile/disabled", "change freeze until Monday, ask Ana"),
      ("/proc/cmdline", "lpreconcile.mode=no-apply is on the kernel command line"),
    ])
  func killSwitch(source: String, reason: String) throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    #expect(try enclosure.tool("plan", manifest, "-o", "saved.plan").status == 2)
    try Self.ownEtc(enclosure)
    if source == "/proc/cmdline" {
      try enclosure.output("echo 'quiet lpreconcile.mode=no-apply' >cmdline && mount --bind cmdline /proc/cmdline")
    } else {
      try enclosure.output("mkdir -p /etc/lpreconcile && printf '%s\\nmore words\\n' '\(reason)' >'\(source)'")
    }
    let message = "applying is switched off here: \(reason) (\(source)) [LP0610]\n"
    for arguments in [["apply", "--yes", manifest], ["apply", "--plan", "saved.plan"]] {
      let done = try enclosure.run(Enclosure.words(arguments))
      #expect(done.status == 1)
      #expect(done.errors.hasPrefix("error: " + message), "\(done.errors)")
      #expect(done.errors.contains("next: lpreconcile revert works all the same\n"))
      #expect(done.output.isEmpty)
    }
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.before)
    for command in ["plan", "status"] {
      let done = try enclosure.tool(command, manifest)
      #expect(done.output.hasPrefix(message), "\(done.output)")
      #expect(!done.output.contains("Apply exactly this"))
    }
    let json = try enclosure.tool("apply", "--yes", manifest, "--format", "json")
    #expect(Report.read(Array(json.output.utf8))?.error?.code == "LP0610")
    #expect(try enclosure.tool("config").output.contains("kill switch"))
  }

  @Test("--prune takes away what no manifest lists, and only with it")
  func prune() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    let elsewhere = try enclosure.write(
      "other.yaml",
      shop.manifest(isEmpty: true).replacing(shop.buildID, with: "00112233").replacing(shop.desk, with: "/nowhere/x"))
    let kept = try enclosure.tool("apply", "--yes", elsewhere)
    #expect(kept.status == 0)
    #expect(kept.output.contains("carries every-item, lower-fee, and no manifest lists the build"))
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.after)
    let pruned = try enclosure.tool("apply", "--yes", "--prune", elsewhere)
    #expect(pruned.status == 0)
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.before)
    #expect(try enclosure.mappings(of: desk) == 0)
  }

  @Test("An empty list takes the patches of a build away: `git revert` reverts the processes")
  func emptyList() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    _ = try enclosure.write("desk.yaml", shop.manifest(isEmpty: true))
    let plan = try enclosure.tool("plan", manifest)
    #expect(plan.status == 2)
    #expect(plan.output.contains("- every-item   active -> absent   gives back price   (the list does not name it)"))
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.before)
  }
}
