/// What `lpreconcile build` is asked to make.
package struct BuildRequest: Equatable, Sendable {
  /// The path of the executable or shared library that the patch is for.
  package var binary: String
  /// An unstripped rebuild, or the separate debug file, of the binary; nil to look for the latter where the system keeps it.
  package var symbols: String?
  /// The C files with the new functions.
  package var sources: [String]
  /// The functions to replace: `name`, or `name@0x1f40` or `file.c:name` where several share a name.
  package var functions: [String]
  /// Which of several variables or functions of one name the replacement means, in the same notation.
  package var choices: [String]
  /// The patch's name: 1 to 64 of `A-Z a-z 0-9 . _ -`.
  package var name: String
  /// One line for people.
  package var description: String?
  /// What it fixes, such as `CVE-2025-32023`.
  package var fixes: [String]
  /// The path of the artifact to write.
  package var output: String
  /// The C compiler: a name to look up in `PATH`, or a path; one that takes the options of gcc or clang.
  package var compiler: String
  /// The user's own flags, behind the tool's defaults and so stronger than them.
  package var flags: [String]

  package init(
    binary: String, symbols: String? = nil, sources: [String], functions: [String], choices: [String] = [],
    name: String, description: String? = nil, fixes: [String] = [], output: String, compiler: String = "gcc",
    flags: [String] = []
  ) {
    self.binary = binary
    self.symbols = symbols
    self.sources = sources
    self.functions = functions
    self.choices = choices
    self.name = name
    self.description = description
    self.fixes = fixes
    self.output = output
    self.compiler = compiler
    self.flags = flags
  }
}
