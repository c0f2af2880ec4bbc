import Glibc
import Manifest
import Testing

@Suite("Patterns match as fnmatch(3) does")
struct MatchingTests {
  @Test("Random patterns and texts get the same answer as from the C library")
  func sameAsLibc() throws {
    var generator = SplitMix(state: 3)
    let signs = Array("ab/*?[]!-\\")
    var compared = 0
    var matched = 0
    for _ in 0..<60_000 {
      let pattern = String(
        (0..<Int.random(in: 0...8, using: &generator)).map { _ in signs.randomElement(using: &generator) ?? "a" })
      let text = String(
        (0..<Int.random(in: 0...6, using: &generator)).map { _ in "ab/".randomElement(using: &generator) ?? "a" })
      for (slashes, flags) in [(Glob.Slashes.literal, FNM_PATHNAME), (.ordinary, 0)] {
        // glibc does not find the `/` that a star may not cross when it is written as `\/`.
        if pattern.contains("\\/") { continue }
        // A `/` in brackets is malformed to fnmatch where slashes are literal.
        guard let glob = try? Glob(pattern, slashes: slashes), !pattern.contains("[") || !pattern.contains("/") else {
          continue
        }
        let expected = unsafe fnmatch(pattern, text, flags) == 0
        #expect(glob.matches(text) == expected, "\(pattern) \(text) \(slashes)")
        compared += 1
        matched += expected ? 1 : 0
      }
    }
    #expect(compared > 40_000 && matched > 1000)
  }

  @Test("Many stars take no more than polynomial time")
  func manyStars() throws {
    let glob = try Glob(String(repeating: "*a", count: 200) + "b", slashes: .ordinary)
    #expect(!glob.matches(String(repeating: "a", count: 4000)))
  }

  @Test("A binary's path matches with its wildcards, never across a slash, deleted or not")
  func binary() {
    var set = PatchSet(
      name: "a", binary: "/usr/*/redis-*", builds: [],
      policy: PatchSet.Policy(declaredAt: SourceRange(file: "m", line: 1, column: 1, endColumn: 1)),
      declaredAt: SourceRange(file: "m", line: 1, column: 1, endColumn: 1))
    #expect(set.matches(binaryPath: "/usr/bin/redis-server"))
    #expect(set.matches(binaryPath: "/usr/bin/redis-server (deleted)"))
    #expect(!set.matches(binaryPath: "/usr/local/bin/redis-server"))
    #expect(!set.matches(binaryPath: "/usr/bin/nginx"))
    set.binary = "/usr/bin/a"
    #expect(set.matches(binaryPath: "/usr/bin/a (deleted)"))
    #expect(!set.matches(binaryPath: "/usr/bin/ab"))
  }

  @Test("All given keys of a filter must match")
  func filter() {
    let arguments = ["/usr/bin/redis-server", "*:6379", "--daemonize"]
    func matches(_ filter: PatchSet.ProcessFilter) -> Bool {
      filter.matches(userName: "redis", userID: 104, cgroup: "/system.slice/redis.service", arguments: arguments)
    }
    #expect(matches(PatchSet.ProcessFilter()))
    #expect(matches(PatchSet.ProcessFilter(users: ["root", "redis"])))
    #expect(matches(PatchSet.ProcessFilter(users: ["104"])))
    #expect(!matches(PatchSet.ProcessFilter(users: ["root"])))
    #expect(matches(PatchSet.ProcessFilter(cgroups: ["/system.slice/*.service"])))
    #expect(!matches(PatchSet.ProcessFilter(cgroups: ["/*"])))
    #expect(matches(PatchSet.ProcessFilter(command: ["*/redis-server"])))
    #expect(matches(PatchSet.ProcessFilter(command: ["*/redis-server", "\\*:6379"])))
    #expect(!matches(PatchSet.ProcessFilter(command: ["*", "*", "*", "*"])))
    #expect(!matches(PatchSet.ProcessFilter(users: ["redis"], command: ["nginx"])))
    #expect(
      !PatchSet.ProcessFilter(cgroups: ["*"]).matches(userName: nil, userID: 0, cgroup: nil, arguments: []))
  }
}
