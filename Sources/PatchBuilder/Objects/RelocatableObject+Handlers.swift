internal import Patch

extension RelocatableObject {
  /// For each section of code the tables of exception handlers (`.gcc_except_table…`) that the records of its call-frame information
  /// name (LSB core specification 10.6.1); code that has none is left out.
  func handlerTables() -> [Int: [Int]] {
    var tables: [Int: [Int]] = [:]
    for case let section? in sections where section.isUnwind {
      var rest = section.references[...]
      var start = 0
      while let length = section.content.little(UInt32.self, at: start), length > 0, length < 0xffff_fff0 {
        let end = start + 4 + Int(length)
        let own = rest.prefix { $0.offset < end }
        rest = rest.dropFirst(own.count)
        if let first = own.first, first.offset == start + 8, let code = self.section(of: symbols[first.symbol]),
          code.isCode
        {
          for reference in own {
            guard let table = self.section(of: symbols[reference.symbol]), table.isOfHandlers else { continue }
            tables[code.header.index, default: []].append(table.header.index)
          }
        }
        start = end
      }
    }
    return tables
  }
}
