import Reconciler
import Testing
import VictimKit

@Suite("Many processes give few lines, the summary last", .needsRoot)
struct ProgressTests {
  @Test("60 that are alike: at most 40 lines, with -v each; two plans are the same bytes")
  func many() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "60s"))
    let count = 60
    try enclosure.output(
      """
      mkfifo in; exec {in}<>in
      for ((i = 0; i < \(count); i++)); do '\(shop.desk)' shop-$i <in >ready-$i & done
      """)
    #expect(try eventually { try enclosure.output("cat ready-* | wc -l") == "\(count)\n" })
    func lines(_ arguments: String...) throws -> [Substring] {
      try enclosure.run(Enclosure.words(arguments)).output.split(separator: "\n")
    }
    let plan = try lines("plan", manifest)
    #expect(plan.count <= 10)
    #expect(plan.contains { $0.contains("and \(count - 3) more (-v shows all)") })
    #expect(try lines("plan", manifest) == plan)
    #expect(try lines("plan", "-v", manifest).joined().matches(of: #/desk shop-[0-9]+/#).count == count)
    let apply = try lines("apply", manifest)
    #expect(apply.count <= 40)
    #expect(apply.contains { $0.hasPrefix("… (further ones are counted at the end") })
    #expect(apply.contains("Result: \(count) changed, 0 converged, 0 failed. Protected now: \(count) of \(count)."))
    #expect(apply.firstIndex { $0.hasPrefix("Result:") } == apply.count - 3)
    let status = try lines("status", manifest)
    #expect(status.count <= 10)
    #expect(status.last == "\(count) of \(count) protected: \(count) converged.")
    let revert = try lines("revert", "--all", "-v")
    #expect(revert.count { $0.contains(" changed ") && $0.hasPrefix("[") } == count)
    #expect(revert.last == "Result: \(count) changed, 0 failed.")
  }

  @Test("The numbers and names of the processes stand below each other")
  func aligned() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    for name in ["a", "a-longer-name"] { _ = try enclosure.start("'\(shop.desk)' \(name)") }
    let apply = try enclosure.tool("apply", manifest).output.split(separator: "\n")
    let columns = apply.filter { $0.hasPrefix("[") }.compactMap {
      $0.firstRange(of: "changed")?.lowerBound.utf16Offset(in: $0)
    }
    #expect(columns.count == 2 && Set(columns).count == 1, "\(apply)")
  }
}
