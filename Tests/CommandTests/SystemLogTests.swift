import Testing
import VictimKit

@Suite("Each changed process leaves one line in the system's log", .needsRoot)
struct SystemLogTests {
  /// A log of our own in the place of /dev/log: prints what arrives.
  static let listener = """
    import os, socket
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind('/dev/log')
    print('ready', flush=True)
    while True: print(log.recv(65536).decode(), file=open('log', 'a'), flush=True)
    """

  @Test("Who, code, PID, build, patch, sha256, result and stop; none for a process that was not changed")
  func lines() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "0s"))
    let file = try enclosure.write("listener.py", Self.listener)
    try enclosure.output(
      """
      mkdir dev; for name in null zero full random urandom tty ptmx; do
        touch dev/$name; mount --bind /dev/$name dev/$name; done
      mount --rbind dev /dev; touch log
      """)
    _ = try enclosure.start("/usr/bin/python3 '\(file)'")
    let first = try enclosure.start("'\(shop.desk)' first")
    let busy = try enclosure.start("'\(shop.desk)' busy")
    #expect(try enclosure.ask(busy, "hold") == "held")

    #expect(try enclosure.tool("apply", "--yes", manifest).status == 3)
    #expect(try eventually { try enclosure.output("cat log") != "" })
    #expect(try enclosure.tool("apply", "--yes", "--pid", "\(first.pid)", manifest).status == 0)
    #expect(try enclosure.tool("revert", "--pid", "\(first.pid)").status == 0)
    #expect(try eventually { try enclosure.output("wc -l <log") == "2\n" })
    let log = try enclosure.output("cat log").split(separator: "\n")
    #expect(log.count == 2, "\(log)")
    for (line, command) in zip(log, ["apply", "revert"]) {
      // Facility authpriv, severity notice.
      #expect(try #/<85>lpreconcile\[[0-9]+\]: by=[^ ]+ command=.*/#.wholeMatch(in: line) != nil, "\(line)")
      let (before, after) = command == "apply" ? ("absent", "active") : ("active", "absent")
      for field in [
        "command=\(command)", "code=LP0500", "pid=\(first.pid)", "name=desk", "build=\(shop.buildID)", "result=changed",
      ] {
        #expect(line.contains(" \(field) "), "\(field) in \(line)")
      }
      #expect(line.contains("every-item:\(before)->\(after):sha256=\(shop.sha256)"), "\(line)")
      #expect(line.contains("lower-fee:\(before)->\(after):sha256="), "\(line)")
      #expect(try #/.* stop_us=[0-9]+$/#.wholeMatch(in: line) != nil, "\(line)")
    }
  }

  @Test("A machine without a log loses nothing else")
  func without() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    try enclosure.output(
      "mkdir dev; for name in null zero urandom; do touch dev/$name; mount --bind /dev/$name dev/$name; done; mount --rbind dev /dev"
    )
    let desk = try enclosure.start("'\(shop.desk)' first")
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.after)
  }
}
