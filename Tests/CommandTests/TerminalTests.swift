import Testing
import VictimKit

@Suite("On a terminal there is colour, a line that is redrawn, and a question; elsewhere nothing of it", .needsRoot)
struct TerminalTests {
  /// Runs a command on a terminal of 24 lines and 100 columns, answers the question, and prints the screen as pyte sees it.
  static let script = """
    import fcntl, os, pty, select, struct, sys, termios, time
    try: import pyte
    except ImportError: sys.exit('pyte is missing: apt-get install -y python3-pyte')
    answer, rest = sys.argv[1], sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.read(0, 1)   # the size is set before anything runs
        os.execv(rest[0], rest)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    attributes = termios.tcgetattr(terminal)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    os.write(terminal, b'\\n')
    screen, raw, answered, end = pyte.Screen(100, 24), b'', False, time.monotonic() + 100
    stream = pyte.ByteStream(screen)
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]: continue
        try: piece = os.read(terminal, 4096)
        except OSError: break
        if not piece: break
        raw += piece; stream.feed(piece)
        if not answered and (b'[y/N]' in raw or answer == 'INTERRUPT' and b'waiting' in raw):
            answered = True
            attributes[3] |= termios.ECHO
            termios.tcsetattr(terminal, termios.TCSANOW, attributes)
            os.write(terminal, b'\\x03' if 'INTERRUPT' in answer else (answer + '\\n').encode())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print('\\n'.join(line.rstrip() for line in screen.display).rstrip())
    colours = {}
    for y in range(24):
        for x in range(100):
            cell = screen.buffer[y][x]
            if cell.fg != 'default' and cell.data != ' ': colours.setdefault(cell.fg, []).append(cell.data)
    print('colours:', ' '.join(f'{name}={"".join(data)}' for name, data in sorted(colours.items())))
    looks = raw.count(b'looking at processes: ')
    print('escapes:', raw.count(b'\\x1b'), 'looks:', looks, 'redraws:', raw.count(b'\\r\\x1b[K'), 'status:', status)
    """

  /// The screen, and what is said about colours, escape codes and the exit status.
  struct Seen {
    var screen: String
    var colours: String
    var escapes: String
  }

  @Test("apply shows the plan, asks, does it, and says how to take it back")
  func golden() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    _ = try enclosure.write("d.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    let seen = try Self.run(enclosure, "y", "apply", "d.yaml")
    #expect(
      seen.screen == """
        desk   \(shop.desk)*   1 process
          build \(shop.buildID.prefix(8))  listed at d.yaml:8
            \(desk.pid) desk first
              + every-item   absent -> active   replaces price   CVE-2025-12345
              + lower-fee    absent -> active   fee+0 (int32) 900 -> 500
        Plan: 1 to change, 0 converged. Nothing was touched.
        Change 1 process? [y/N] y
        [1/1] \(desk.pid) desk first  changed    every-item, lower-fee   stopped N ms · 1 thread · first try
        Result: 1 changed, 0 converged, 0 failed. Protected now: 1 of 1.
        Undo: lpreconcile revert --patch every-item --patch lower-fee
              (the manifest still asks for them: `git revert` it to keep them out)
        """)
    #expect(seen.colours == "colours: green=++changed")
    #expect(seen.escapes.hasSuffix("status: 0"))
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.after)
  }

  @Test("Any answer but yes leaves everything as it is", arguments: ["n", "", "yess", "INTERRUPT the question"])
  func no(answer: String) throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("d.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    let seen = try Self.run(enclosure, answer, "apply", manifest)
    let isInterrupt = answer.hasPrefix("INTERRUPT")
    #expect(
      seen.screen.contains(isInterrupt ? "nothing was changed [LP0611]" : "not confirmed; nothing was changed [LP0616]")
    )
    #expect(seen.escapes.hasSuffix(isInterrupt ? "status: 130" : "status: 1"))
    #expect(try enclosure.mappings(of: desk) == 0)
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.before)
  }

  @Test("What keeps an apply waiting is redrawn on one line, with the time left, and Ctrl-C leaves it as it is")
  func waiting() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("d.yaml", shop.manifest(retryFor: "3m"))
    let desk = try enclosure.start("'\(shop.desk)' busy")
    #expect(try enclosure.ask(desk, "hold") == "held")
    let seen = try Self.run(enclosure, "INTERRUPT", "apply", "--yes", manifest)
    #expect(seen.screen.hasPrefix("[1/1] \(desk.pid) desk busy  busy       unchanged after "), "\(seen.screen)")
    #expect(!seen.screen.contains("waiting"))
    #expect(seen.screen.hasSuffix("Interrupted: what is counted as changed was changed, everything else is as it was."))
    #expect(seen.escapes.hasSuffix("status: 130"))
    #expect(!seen.escapes.contains("redraws: 0 "))
  }

  @Test("A long look says how far it is, a short one nothing, and without colour neither does")
  func looking() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("d.yaml", shop.manifest())
    for name in ["first", "second", "third"] { _ = try enclosure.start("'\(shop.desk)' \(name)") }
    let slow = "/usr/bin/strace -f -qq -o /dev/null -e trace=openat -e inject=openat:delay_enter=50000"
    let seen = try Self.run(enclosure, "", through: slow, "plan", manifest)
    #expect(!seen.escapes.contains("looks: 0 "), "\(seen.escapes)")
    // Of the line nothing is left.
    #expect(seen.screen.hasPrefix("desk   "), "\(seen.screen)")
    #expect(!seen.screen.contains("looking at"))
    let plain = try Self.run(enclosure, "", environment: "NO_COLOR=1", through: slow, "plan", manifest)
    #expect(plain.escapes.hasPrefix("escapes: 0 looks: 0 "))
  }

  @Test("revert --all asks and says from how many, and an apply that removes says so")
  func howMany() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("d.yaml", shop.manifest())
    for name in ["first", "second"] { _ = try enclosure.start("'\(shop.desk)' \(name)") }
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    #expect(
      try Self.run(enclosure, "n", "revert", "--all").screen.contains("Take patches away from 2 processes? [y/N]"))
    let none = try enclosure.write("none.yaml", shop.manifest(isEmpty: true))
    let removing = "Change 2 processes (patches are taken away from 2)? [y/N]"
    #expect(try Self.run(enclosure, "n", "apply", none).screen.contains(removing))
    let elsewhere = try enclosure.write(
      "other.yaml",
      shop.manifest(isEmpty: true).replacing(shop.buildID, with: "00112233").replacing(shop.desk, with: "/no/x"))
    #expect(try Self.run(enclosure, "n", "apply", "--prune", elsewhere).screen.contains(removing))
    #expect(try enclosure.tool("status", manifest).output.contains("2 of 2 protected"))
    #expect(try Self.run(enclosure, "y", "revert", "--all").screen.contains("Result: 2 changed, 0 failed."))
  }

  @Test("No colour with NO_COLOR, TERM=dumb or --color=never, and without a terminal no question and no escape code")
  func plain() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("d.yaml", shop.manifest())
    _ = try enclosure.start("'\(shop.desk)' first")
    #expect(!(try Self.run(enclosure, "", "plan", manifest).escapes.hasPrefix("escapes: 0 ")))
    #expect(try Self.run(enclosure, "", environment: "NO_COLOR=1", "plan", manifest).escapes.hasPrefix("escapes: 0 "))
    #expect(try Self.run(enclosure, "", environment: "TERM=dumb", "plan", manifest).escapes.hasPrefix("escapes: 0 "))
    #expect(try Self.run(enclosure, "", "plan", "--color=never", manifest).escapes.hasPrefix("escapes: 0 "))
    // An empty NO_COLOR is none (no-color.org).
    #expect(!(try Self.run(enclosure, "", environment: "NO_COLOR=", "plan", manifest).escapes.hasPrefix("escapes: 0 ")))
    for arguments in [
      ["plan", manifest], ["status", manifest], ["apply", manifest], ["revert", "--all"], ["verify"],
    ] {
      let done = try enclosure.run(Enclosure.words(arguments), deadline: .seconds(60))
      #expect(!(done.output + done.errors).contains("\u{1b}"), "\(arguments)")
      #expect(!done.output.contains("[y/N]"))
    }
    // Each stream by itself: the errors of a command whose output is a terminal go to a pipe.
    let bad = try enclosure.write("bad.yaml", "kind: [")
    #expect(try enclosure.run("\(Enclosure.words(["validate", bad])) 2>errors; ! grep -q $'\\e' errors").status == 0)
  }

  private static func run(
    _ enclosure: Enclosure, _ answer: String, environment: String = "", through wrapper: String = "",
    _ arguments: String...
  ) throws -> Seen {
    let file = try enclosure.write("terminal.py", script)
    let tool = Enclosure.words(arguments)
    let done = try enclosure.run(
      "TERM=xterm; unset NO_COLOR; export TERM; \(environment) /usr/bin/python3 '\(file)' '\(answer)' \(wrapper) \(tool)"
    )
    guard done.status == 0 else { throw VictimTrouble("the terminal: \(done.errors)") }
    // Times differ from run to run, and so does how often a busy machine makes a switch be tried.
    var lines = done.output.split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0).replacing(#/stopped [0-9.]+ ms/#, with: "stopped N ms").replacing(#/[0-9]+ tries$/#, with: "first try")
    }
    lines.removeLast()
    guard lines.count > 2 else { throw VictimTrouble("the terminal: \(done.output)") }
    let escapes = lines.removeLast()
    let colours = lines.removeLast()
    return Seen(screen: lines.joined(separator: "\n"), colours: colours, escapes: escapes)
  }
}
