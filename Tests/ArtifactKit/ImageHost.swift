package import Patch
internal import VictimKit

/// A running `image-host`: loads linked images into itself as a test tells it, and compares functions.
package struct ImageHost: Sendable {
  /// Its file.
  package let elf: ElfFile
  /// Its load bias.
  package let bias: UInt64
  private let victim: Victim
  private let directory: TemporaryDirectory

  /// Starts a host that holds the reference functions, too, compiled with flags such as `-no-pie`.
  package init(flags: [String]) throws {
    let reference = VictimProgram.sources + "/image-features.c"
    let program = try VictimProgram.compile(
      "image-host.c", flags: ["-O1", "-fcommon", "-DNAME(x)=reference_##x", reference, "-lm", "-rdynamic"] + flags)
    victim = try Victim(program)
    elf = try ElfFile(path: program.path)
    bias = try ImageHost.number(try victim.ask("bias"))
    directory = try TemporaryDirectory()
  }

  /// The address of one of its own symbols.
  package func address(_ symbol: String) throws -> RemoteAddress {
    guard let found = try elf.symbols(.full).first(where: { $0.name == symbol && $0.isDefined }),
      let address = LinkAddress(found.value).loaded(bias: bias)
    else { throw VictimTrouble("the host has no \(symbol)") }
    return address
  }

  /// The address that its dynamic linker has for a name; nil when nothing defines it.
  package func resolve(_ symbol: String) throws -> RemoteAddress? {
    let address = try ImageHost.number(try victim.ask("symbol \(symbol)"))
    return address == 0 ? nil : RemoteAddress(address)
  }

  /// Maps an image and protects its parts as the loader does.
  package func load(_ image: LinkedImage, at base: RemoteAddress, layout: ImageLayout) throws {
    let file = directory.file("image")
    try TestFile.write(image.bytes, to: file)
    try expect("yes", "load \(file) \(hex(base)) \(String(layout.size, radix: 16))")
    for part in layout.parts {
      let protection = part.isExecutable ? 5 : part.isWritable ? 3 : 1
      try expect(
        "yes", "protect \(String(base.value + part.offset, radix: 16)) \(String(part.size, radix: 16)) \(protection)")
    }
  }

  /// Asks a function of the host's process.
  package func call(_ function: RemoteAddress, _ argument: UInt64) throws -> UInt64 {
    try ImageHost.number(try victim.ask("call \(hex(function)) \(String(argument, radix: 16))"))
  }

  /// Calls two functions with 0, 1, 2, …: `same`, or where they differ.
  package func compare(_ a: RemoteAddress, _ b: RemoteAddress, count: UInt64) throws -> String {
    try victim.ask("compare \(hex(a)) \(hex(b)) \(String(count, radix: 16))")
  }

  /// Writes a word of its data.
  package func poke(_ address: RemoteAddress, _ value: UInt64) throws {
    try expect("yes", "poke \(hex(address)) \(String(value, radix: 16))")
  }

  /// Writes bytes of its code.
  package func write(_ bytes: [UInt8], at address: RemoteAddress) throws {
    try expect("yes", "write \(hex(address)) \(bytes.hexadecimal)")
  }

  private func expect(_ answer: String, _ question: String) throws {
    let got = try victim.ask(question)
    guard got == answer else { throw VictimTrouble("\(question): \(got)") }
  }

  private func hex(_ address: RemoteAddress) -> String { String(address.value, radix: 16) }

  private static func number(_ text: String) throws -> UInt64 {
    guard let value = UInt64(text, radix: 16) else { throw VictimTrouble("not a number: \(text)") }
    return value
  }
}
