/// The records of an `.eh_frame` section (LSB core specification 10.6.1): a length, and so many bytes.
enum UnwindRecords {
  /// Checks that the records fill the section and that none ends the list early, so that the sections of an image can stand one
  /// behind the other and a walk through them ends where it should.
  static func check(_ bytes: [UInt8], section: ElfSection) throws(DamagedArtifact) {
    var at = 0
    while at < bytes.count {
      guard let length = bytes.little(UInt32.self, at: at), length >= 4, length < 0xffff_fff0, length % 4 == 0,
        Int(length) <= bytes.count - at - 4
      else {
        throw DamagedArtifact(
          field: "section \(section.index) (.eh_frame) record", offset: section.offset + UInt64(at),
          found: bytes[at..<min(at + 4, bytes.count)].hexadecimal,
          allowed: "a length in whole words, of a record that ends within the section")
      }
      at += 4 + Int(length)
    }
  }
}
