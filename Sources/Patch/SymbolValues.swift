/// What the symbols of an artifact stand for in one process.
struct SymbolValues {
  /// A symbol's value, or why it has none.
  enum Value {
    /// An address or a number.
    case address(UInt64)
    /// An offset from the thread pointer.
    case threadLocal(Int64)
    case threadLocalGetter
    case unloaded
  }

  /// Where the image lies.
  let base: UInt64
  let object: PatchObject
  private let plan: ImagePlan
  private let values: [Value]

  init(
    _ artifact: PatchArtifact, _ plan: ImagePlan, base: UInt64, bias: UInt64, imports: [RemoteAddress?]
  ) throws(LinkRefused) {
    self.base = base
    self.plan = plan
    object = artifact.object
    var values: [Value] = []
    values.reserveCapacity(object.symbols.count)
    for symbol in object.symbols {
      switch symbol.definition {
      case .section(let section, let offset): values.append(.address(base + plan.sections[section] + offset))
      case .absolute(let value): values.append(.address(value))
      case .offsetTable: values.append(.address(base + plan.table))
      case .threadLocalGetter: values.append(.threadLocalGetter)
      case .unloaded: values.append(.unloaded)
      case .target(let index):
        let reference = artifact.info.targetReferences[index]
        switch reference.kind {
        case .threadLocal: values.append(.threadLocal(Int64(bitPattern: reference.address.value)))
        case .function, .object: values.append(.address(reference.address.value &+ bias))
        }
      case .imported(let index):
        guard let address = imports[index]?.value ?? (artifact.info.imports[index].weak ? 0 : nil) else {
          throw LinkRefused(symbol: symbol.name, reason: .unresolvedImport)
        }
        values.append(.address(address))
      }
    }
    self.values = values
  }

  /// What a relocation's symbol stands for; no symbol is the number 0.
  func value(_ symbol: Int?) -> Value { symbol.map { values[$0] } ?? .address(0) }

  /// A symbol's name for an error; that of its section for a section symbol.
  func name(_ symbol: Int?) -> String {
    guard let symbol else { return "" }
    guard object.symbols[symbol].name.isEmpty, case .section(let section, _) = object.symbols[symbol].definition else {
      return object.symbols[symbol].name
    }
    return object.sections[section].name
  }

  /// Where a symbol lies in the image, which the caller knows it does.
  func imageOffset(_ symbol: Int) -> UInt64 {
    guard case .section(let section, let offset) = object.symbols[symbol].definition else { return 0 }
    return plan.sections[section] + offset
  }

  /// What an entry of the offset table holds.
  func tableValue(_ key: ImagePlan.TableKey) throws(LinkRefused) -> UInt64 {
    switch (value(key.symbol), key.isThreadLocal) {
    case (.address(let address), false): return address
    case (.threadLocal(let offset), true): return UInt64(bitPattern: offset)
    // A call of __tls_get_addr through the table is part of a sequence that is replaced; any other is refused there.
    case (.threadLocalGetter, false): return 0
    case (.unloaded, _): throw LinkRefused(symbol: name(key.symbol), reason: .notLoaded)
    case (.address, true), (.threadLocal, false), (.threadLocalGetter, true):
      throw LinkRefused(symbol: name(key.symbol), reason: .threadLocalMismatch)
    }
  }
}
