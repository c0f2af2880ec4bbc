/// The object inside an artifact: sections, symbols and relocations, all of whose references are in range.
package struct PatchObject: Equatable, Sendable {
  /// The sections that are loaded, in the file's order; last, where there are any, one for the common symbols.
  package let sections: [PatchSection]
  /// The symbols, in the file's order without its null symbol.
  package let symbols: [PatchSymbol]
}
