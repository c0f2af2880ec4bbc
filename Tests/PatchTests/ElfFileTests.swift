import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("ELF files are read as readelf reads them")
struct ElfFileTests {
  static let library = "/lib/x86_64-linux-gnu/libc.so.6"

  @Test("The C library: kind, names, build-id, versions")
  func library() throws {
    let elf = try ElfFile(path: ElfFileTests.library)
    #expect(try elf.targetKind() == .sharedLibrary)
    #expect(try elf.dynamic()?.soname == "libc.so.6")
    #expect(try elf.dynamic()?.needed == ["ld-linux-x86-64.so.2"])
    let notes = try Command.output(["readelf", "-nW", ElfFileTests.library])
    let id = try #require(try elf.buildID())
    #expect(notes.contains("Build ID: \(id)"))
    let symbols = try elf.symbols(.dynamic)
    let memcpy = symbols.filter { $0.name == "memcpy" }
    #expect(Set(memcpy.map(\.version)) == ["GLIBC_2.14", "GLIBC_2.2.5"])
    #expect(memcpy.first { $0.isDefaultVersion }?.version == "GLIBC_2.14")
    #expect(memcpy.allSatisfy { $0.isDefined })
    #expect(memcpy.first { $0.isDefaultVersion }?.type == .indirectFunction)
    #expect(symbols.contains { !$0.isDefined && $0.name == "__tls_get_addr" && $0.version == "GLIBC_2.3" })
    #expect(try elf.symbols(.full).isEmpty)
    #expect(try elf.debugLink()?.name.hasSuffix(".debug") == true)
  }

  @Test(
    "All symbols of an executable, with value, size and section",
    arguments: [["-no-pie", "-fno-pic"], ["-pie", "-fPIE"]])
  func executable(flags: [String]) throws {
    let host = try ImageHost(flags: flags)
    #expect(try host.elf.targetKind() == (flags[0] == "-pie" ? .executable : .fixedExecutable))
    let program = try VictimProgram.compile(
      "image-host.c",
      flags: [
        "-O1", "-fcommon", "-DNAME(x)=reference_##x", VictimProgram.sources + "/image-features.c", "-lm", "-rdynamic",
      ] + flags)
    #expect(try host.elf.buildID()?.description == program.buildID())
    var expected: Set<String> = []
    for line in try Command.output(["readelf", "-sW", program.path]).split(separator: "Symbol table")[1].split(
      separator: "\n"
    ).dropFirst(2) {
      let words = line.split(separator: " ").map(String.init)
      guard words.count >= 8, words[6] != "UND", let value = UInt64(words[1], radix: 16) else { continue }
      expected.insert("\(words[7].split(separator: "@")[0]) \(value)")
    }
    let full = Set(
      try host.elf.symbols(.full).filter { $0.isDefined && !$0.name.isEmpty }.map { "\($0.name) \($0.value)" })
    let dynamic = Set(try host.elf.symbols(.dynamic).filter(\.isDefined).map { "\($0.name) \($0.value)" })
    #expect(expected.count > 10)
    #expect(expected.subtracting(dynamic).isEmpty, "readelf's .dynsym is ours")
    #expect(full.contains { $0.hasPrefix("main ") })
  }

  @Test("Cut at any length, no file is read wrong: one error, or the same answers")
  func truncated() throws {
    let bytes = try SmallArtifact.made.get()
    for length in stride(from: 0, to: bytes.count, by: 7) {
      do throws(DamagedElf) {
        let elf = try ElfFile(bytes: Array(bytes[..<length]))
        _ = try elf.symbols(.full)
        _ = try elf.buildID()
        _ = try elf.dynamic()
        Issue.record("\(length) bytes of \(bytes.count) were enough")
      } catch {
        #expect(!error.field.isEmpty)
      }
    }
  }

  @Test("A flipped bit in an executable never crashes the reader", arguments: 0..<4)
  func flipped(seed: UInt64) throws {
    let bytes = try TestFile.read(try host().path)
    var random = SplitMix(seed: seed + 99)
    let tail = bytes.count - bytes.count / 4
    for round in 0..<400 {
      var damaged = bytes
      // The headers at both ends, and anywhere.
      let range = round % 3 == 0 ? 0..<1024 : round % 3 == 1 ? tail..<bytes.count : 0..<bytes.count
      for _ in 0..<4 { damaged[Int.random(in: range, using: &random)] ^= 1 << UInt8(random.next() % 8) }
      // An error and an answer are both right; what counts is that there is one.
      guard let elf = try? ElfFile(bytes: damaged) else { continue }
      _ = try? elf.symbols(.full)
      _ = try? elf.symbols(.dynamic)
      _ = try? elf.buildID()
      _ = try? elf.dynamic()
      _ = try? elf.targetKind()
      _ = try? elf.debugLink()
    }
  }

  private func host() throws -> VictimProgram {
    try VictimProgram.compile(
      "image-host.c", flags: ["-O1", "-DNAME(x)=reference_##x", VictimProgram.sources + "/image-features.c", "-lm"])
  }

  @Test("What is no ELF file is refused with the field", arguments: ["/etc/passwd", "/etc", "/nonexistent"])
  func notElf(path: String) {
    let error = #expect(throws: DamagedElf.self) { try ElfFile(path: path) }
    #expect(error?.field.isEmpty == false)
  }
}
