import Testing
import VictimKit

@Suite("config shows which manifests are in force, in the order of systemd", .needsRoot)
struct ConfigTests {
  @Test("/etc hides /run hides /usr/local/lib hides /usr/lib, by file name, and a link to /dev/null masks")
  func order() throws {
    let enclosure = try Enclosure()
    // The program is one static file: a root of its own needs nothing else.
    let manifest = Program.manifest.replacing("0ba9a5c1d809b1cd700507b0b965045153efcaf7", with: "ID")
    _ = try enclosure.write("manifest", manifest)
    try enclosure.output(
      """
      mkdir -p root/{etc,run,usr/local/lib,usr/lib}/lpreconcile/manifests.d root/proc root/dev
      cp '\(Checkout.program)' root/lpreconcile
      touch root/dev/null; mount --bind /dev/null root/dev/null; mount --rbind /proc root/proc
      number=10
      put() { number=$((number + 1)); sed \"s/ID/$number/\" manifest >\"root/$1/lpreconcile/manifests.d/$2\"; }
      put usr/lib a.yaml; put usr/lib b.yaml; put usr/lib c.yaml; put usr/lib d.yaml; put usr/lib m.yaml
      put usr/local/lib b.yaml; put usr/local/lib c.yaml; put usr/local/lib d.yaml
      put run c.yaml; put run d.yaml
      put etc d.yaml; ln -s /dev/null root/etc/lpreconcile/manifests.d/m.yaml
      """)
    let config = try enclosure.run("chroot root /lpreconcile config")
    #expect(config.status == 0)
    let d = "/lpreconcile/manifests.d"
    #expect(
      config.output.hasPrefix(
        """
        Manifests, the first folder wins:
          /etc\(d)
          /run\(d)
          /usr/local/lib\(d)
          /usr/lib\(d)
        By name:
          a.yaml  from /usr/lib\(d)/a.yaml
          b.yaml  from /usr/local/lib\(d)/b.yaml
              hides /usr/lib\(d)/b.yaml
          c.yaml  from /run\(d)/c.yaml
              hides /usr/local/lib\(d)/c.yaml
              hides /usr/lib\(d)/c.yaml
          d.yaml  from /etc\(d)/d.yaml
              hides /run\(d)/d.yaml
              hides /usr/local/lib\(d)/d.yaml
              hides /usr/lib\(d)/d.yaml
          m.yaml  masked by /etc\(d)/m.yaml
              hides /usr/lib\(d)/m.yaml

        """), "\(config.output)")
    #expect(try JSONTests.check(try enclosure.run("chroot root /lpreconcile config --format json").output) == "")
    let validate = try enclosure.run("chroot root /lpreconcile validate")
    #expect(validate.status == 0, "\(validate.errors)")
    #expect(validate.output == "No error in 4 files; no process was looked at.\n")

    try enclosure.output("echo 'kind: [' >root/run/lpreconcile/manifests.d/z.yaml")
    let bad = try enclosure.run("chroot root /lpreconcile plan")
    #expect(bad.status == 1)
    #expect(bad.errors.hasPrefix("/run\(d)/z.yaml:"), "\(bad.errors)")
    try enclosure.output("rm -r root/*/lpreconcile root/usr/lib/lpreconcile root/usr/local/lib/lpreconcile")
    let nothing = try enclosure.run("chroot root /lpreconcile plan")
    #expect(nothing.status == 1 && nothing.errors.contains("[LP0615]"))
    #expect(try enclosure.run("chroot root /lpreconcile config").output.contains("No manifest is in force.\n"))
  }

  @Test(
    "It says what follows from how the kernel lets code be written",
    arguments: [
      ("proc_mem.force_override=always proc_mem.force_override=never", "code is written eight bytes at a time"),
      ("proc_mem.force_override=ptrace", "/proc/PID/mem writes code in a stop only, which is enough"),
    ])
  func forceOverride(words: String, meaning: String) throws {
    let enclosure = try Enclosure()
    try enclosure.output("echo 'quiet \(words)' >cmdline && mount --bind cmdline /proc/cmdline")
    let config = try enclosure.tool("config")
    #expect(config.status == 0 && config.output.contains(meaning), "\(config.output)")
  }
}
