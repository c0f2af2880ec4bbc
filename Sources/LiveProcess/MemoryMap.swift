package import Patch

/// What a process has mapped, by address: `/proc/PID/maps` (proc(5)), parsed strictly.
package struct MemoryMap: Equatable, Sendable {
  /// The mappings, by address, none overlapping another.
  package let mappings: [Mapping]

  /// Reads the mappings of a process; empty for a kernel thread and for a zombie.
  package static func read(_ process: ProcessID) throws(ProcessUnreadable) -> MemoryMap {
    try MemoryMap(parsing: try ProcessFile.read("maps", of: process), path: "/proc/\(process)/maps")
  }

  /// Parses the text of a `maps` file.
  ///
  /// `path`: the file, for the error.
  package init(parsing text: [UInt8], path: String = "maps") throws(ProcessUnreadable) {
    var mappings: [Mapping] = []
    var number = 0
    var rest = text[...]
    while !rest.isEmpty {
      number += 1
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")), let mapping = Mapping(line: rest[..<end]),
        mappings.last.map({ $0.range.upperBound <= mapping.range.lowerBound }) ?? true
      else { throw .malformed(path: path, line: number) }
      mappings.append(mapping)
      rest = rest[(end + 1)...]
    }
    self.mappings = mappings
  }

  /// The mapping that holds an address; nil when none does.
  package func mapping(at address: RemoteAddress) -> Mapping? {
    var low = 0
    var high = mappings.count
    while low < high {
      let middle = (low + high) / 2
      if mappings[middle].range.upperBound <= address { low = middle + 1 } else { high = middle }
    }
    guard low < mappings.count, mappings[low].range.contains(address) else { return nil }
    return mappings[low]
  }

  /// Whether every byte of a range is mapped with some permissions.
  package func covers(_ range: Range<RemoteAddress>, with permissions: Mapping.Permissions) -> Bool {
    var place = range.lowerBound
    while place < range.upperBound {
      guard let mapping = mapping(at: place), mapping.permissions.isSuperset(of: permissions) else { return false }
      place = mapping.range.upperBound
    }
    return true
  }
}

extension Mapping {
  /// Parses one line of `maps`, without its end: `start-end rwxp offset major:minor inode   path`.
  init?(line: ArraySlice<UInt8>) {
    var text = ByteScanner(line)
    guard let start = text.hexadecimal(), text.skip("-"), let end = text.hexadecimal(), start < end, text.skip(" "),
      let read = text.flag("r"), let write = text.flag("w"), let execute = text.flag("x"),
      let kind = text.next(), kind == UInt8(ascii: "p") || kind == UInt8(ascii: "s"), text.skip(" "),
      let offset = text.hexadecimal(), text.skip(" "),
      let major = text.hexadecimal().flatMap(UInt32.init(exactly:)), text.skip(":"),
      let minor = text.hexadecimal().flatMap(UInt32.init(exactly:)), text.skip(" "),
      let inode = text.decimal()
    else { return nil }
    range = RemoteAddress(start)..<RemoteAddress(end)
    permissions = []
    if read { permissions.insert(.read) }
    if write { permissions.insert(.write) }
    if execute { permissions.insert(.execute) }
    if kind == UInt8(ascii: "s") { permissions.insert(.shared) }
    self.offset = offset
    file = inode == 0 && major == 0 && minor == 0 ? nil : File(major: major, minor: minor, inode: inode)

    guard text.skip(" ") else {
      guard text.rest.isEmpty else { return nil }
      path = ""
      isDeleted = false
      return
    }
    text.skipSpaces()
    var name = text.rest
    let suffix = Array(" (deleted)".utf8)
    isDeleted = file != nil && name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
    if isDeleted { name = name.dropLast(suffix.count) }
    path = Mapping.unescaped(name)
  }

  /// A path with the kernel's `\012` as the newline that it stands for (mangle_path in fs/seq_file.c).
  private static func unescaped(_ text: ArraySlice<UInt8>) -> String {
    guard text.contains(UInt8(ascii: "\\")) else { return String(decoding: text, as: UTF8.self) }
    let escape = Array("\\012".utf8)
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.first {
      if rest.starts(with: escape) {
        bytes.append(UInt8(ascii: "\n"))
        rest = rest.dropFirst(escape.count)
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
