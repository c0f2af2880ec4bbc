/// What `lpreconcile build` is asked to make from replacement files.
package struct BuildRequest: Equatable, Sendable {
  package var artifact: ArtifactRequest
  /// An unstripped rebuild, or the separate debug file, of the binary; nil to look for the latter where the system keeps it.
  package var symbols: String?
  /// The C files with the new functions.
  package var sources: [String]
  /// The functions to replace: `name`, or `name@0x1f40` or `file.c:name` where several share a name.
  package var functions: [String]
  /// Which of several variables or functions of one name the replacement means, in the same notation.
  package var choices: [String]
  /// The C compiler: a name to look up in `PATH`, or a path; one that takes the options of gcc or clang.
  package var compiler: String
  /// The user's own flags, behind the tool's defaults and so stronger than them.
  package var flags: [String]

  package init(
    binary: String, symbols: String? = nil, sources: [String], functions: [String], choices: [String] = [],
    name: String, description: String? = nil, fixes: [String] = [], output: String, compiler: String = "gcc",
    flags: [String] = []
  ) {
    artifact = ArtifactRequest(binary: binary, name: name, description: description, fixes: fixes, output: output)
    self.symbols = symbols
    self.sources = sources
    self.functions = functions
    self.choices = choices
    self.compiler = compiler
    self.flags = flags
  }
}
