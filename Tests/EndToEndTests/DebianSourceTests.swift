import Testing
import VictimKit

/// Debian's own memcached: a multi-threaded server, stripped as it is shipped, rebuilt from its source package.
@Suite("A diff and a package's name make a patch for the distribution's stripped binary", .needsRoot)
struct DebianSourceTests {
  @Test("Fetched, built in a clean tree, proven, applied to the running server under load, and taken back")
  func memcached() throws {
    let directory = try TemporaryDirectory()
    let files = directory.file("package")
    _ = try Command.output(
      [
        Checkout.root + "/scripts/debian-package", "binary", files, "memcached", "libevent-2.1-7", "libsasl2-2",
        "libssl3",
      ])
    let versions = try Command.output(["cat", files + "/.versions"]).split(separator: "\n")
    let version = try #require(versions.first { $0.hasPrefix("memcached ") }?.dropFirst(10))
    let binary = files + "/usr/bin/memcached"
    let diff = directory.file("fix.diff")
    try write(DebianSourceTests.diff, to: diff)
    let built = try Command.run(
      [
        Checkout.program, "build", "--debian", "memcached=\(version)", "--binary", binary, "--diff", diff, "--cache",
        "",
        "--name", "version", "--output", directory.file("fix.lpatch"),
      ], deadline: .seconds(900))
    #expect(built.status == 0, "\(built.output)\(built.errors)")
    let manifest = directory.file("fix.yaml")
    let text = built.output.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { !$0.hasPrefix("apiVersion:") }.joined(separator: "\n")
    try write(text, to: manifest)

    let libraries = files + "/usr/lib/x86_64-linux-gnu"
    let socket = directory.file("socket")
    let server = try ChildProcess(
      ["env", "LD_LIBRARY_PATH=\(libraries)", binary, "-u", "root", "-t", "4", "-s", socket])
    var client = try ChildProcess(["python3", "-c", DebianSourceTests.client, socket])
    func seen() throws -> String {
      client.write("\n")
      return try client.readLine(until: .now + .seconds(60))
    }
    #expect(try seen() == "VERSION 1.6.18")
    let pid = ["--yes", "--pid", String(server.pid)]
    let applied = try Command.run([Checkout.program, "apply"] + pid + [manifest])
    #expect(applied.status == 0, "\(applied.output)\(applied.errors)")
    _ = try seen()
    #expect(try seen() == "VERSION 1.6.18, patched")
    let verified = try Command.run([Checkout.program, "verify", "--pid", String(server.pid), manifest])
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    let reverted = try Command.run([Checkout.program, "revert"] + pid)
    #expect(reverted.output.contains("1 changed"), "\(reverted.output)\(reverted.errors)")
    _ = try seen()
    #expect(try seen() == "VERSION 1.6.18")
  }

  @Test("A binary that no package owns, a version that nobody has, a name that is none")
  func unknown() throws {
    let directory = try TemporaryDirectory()
    let diff = directory.file("fix.diff")
    try write(DebianSourceTests.diff, to: diff)
    func refusal(_ package: String, _ binary: String) throws -> String {
      let built = try Command.run([
        Checkout.program, "build", "--debian", package, "--binary", binary, "--diff", diff, "--cache", "", "--name",
        "x",
        "--output", directory.file("x.lpatch"),
      ])
      #expect(built.status == 1)
      #expect(built.errors.contains("[LP0441]"), "\(built.errors)")
      return built.errors
    }
    let copy = directory.file("copy")
    _ = try Command.output(["cp", "/usr/bin/python3", copy])
    #expect(try refusal("python3.11", copy).contains("no installed package owns"))
    #expect(try refusal("redis", "/usr/bin/python3").contains("is built from the source package python3"))
    #expect(try refusal("python3.11=0.0.1", "/usr/bin/python3").contains("version 0.0.1 is not to be had"))
    #expect(try refusal("$(id)=1", "/usr/bin/python3").contains("no name and version"))
  }

  private func write(_ text: String, to path: String) throws {
    _ = try Command.output(["/bin/sh", "-c", "cat > \"$0\"", path], input: text)
  }

  private static let diff = """
    --- a/proto_text.c
    +++ b/proto_text.c
    @@ -2507,5 +2507,5 @@
     
     static void process_version_command(conn *c) {
    -    out_string(c, "VERSION " VERSION);
    +    out_string(c, "VERSION " VERSION ", patched");
     }
     

    """

  /// Eight connections that ask all the time.
  ///
  /// For each line it says which answers came since the last one, after each connection has had 100.
  private static let client = """
    import collections, socket, sys, threading, time
    seen, passes = collections.Counter(), [0] * 8
    def work(number):
        try:
            for _ in range(1000):
                try:
                    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); break
                except OSError:
                    time.sleep(0.01)
            f = s.makefile('rb')
            while True:
                s.sendall(b'version\\r\\n')
                seen[f.readline().decode().strip() or 'the connection was lost'] += 1
                passes[number] += 1
        except Exception as error:
            seen[repr(error)] += 1
    for number in range(8): threading.Thread(target=work, args=(number,), daemon=True).start()
    for line in sys.stdin:
        before, end = passes[:], time.time() + 30
        while any(now < then + 100 for now, then in zip(passes, before)) and time.time() < end: time.sleep(0.01)
        print(' | '.join(sorted(seen)), flush=True)
        seen.clear()
    """
}
