extension FileReport {
  /// Reports every tab and forbidden character; the text for libyaml, with a space in the place of each of them.
  ///
  /// So the places stay the same and the rest of the file can be checked in the same run.
  mutating func checkedCharacters() -> [UInt8] {
    var clean = String.UnicodeScalarView()
    var index = 0
    let scalars = source.scalars
    while index < scalars.count {
      let scalar = scalars[index]
      if scalar == "\t" {
        var end = index
        while end < scalars.count, scalars[end] == "\t" {
          clean.append(" ")
          end += 1
        }
        error(.tab, at: index..<end, "a tab; a manifest has none", hint: "write spaces, or \\t in double quotes")
        index = end
        continue
      }
      if ForbiddenCharacter.contains(scalar) {
        error(
          .forbiddenCharacter, at: index..<(index + 1),
          "the character \(ForbiddenCharacter.name(of: scalar)) may not stand here",
          hint: "delete it")
        clean.append(" ")
      } else {
        clean.append(scalar)
      }
      index += 1
    }
    return Array(String(clean).utf8)
  }
}
