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
  private let replaced: ReplacedPlaces
  private let bias: UInt64
  private let values: [Value]

  init(
    _ artifact: PatchArtifact, _ plan: ImagePlan, base: UInt64, bias: UInt64, imports: [RemoteAddress?]
  ) throws(LinkRefused) {
    self.base = base
    self.plan = plan
    self.bias = bias
    replaced = ReplacedPlaces(artifact)
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

  /// How far it is from a replaced function's new code to the function itself; 0 for a place that holds no such code.
  private func wayToTarget(from place: ReplacedPlaces.Place) throws(LinkRefused.Reason) -> UInt64 {
    let functions = replaced.functions(at: place)
    guard functions.count < 2 else { throw .ambiguousAddress(functions.sorted { $0.value < $1.value }) }
    guard let function = functions.first else { return 0 }
    return function.value &+ bias &- (base + plan.sections[place.section] &+ place.offset)
  }

  /// What is to be added to a relocation's value so that the address it takes is the target's function instead of its new code.
  ///
  /// `section`: the index of the section that the relocation is in.
  func wayToTarget(of relocation: PatchRelocation, in section: Int) throws(LinkRefused.Reason) -> UInt64 {
    guard let place = replaced.place(takenBy: relocation, in: object.sections[section], of: object) else { return 0 }
    return try wayToTarget(from: place)
  }

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
    case (.address(let address), false):
      guard let symbol = key.symbol, let place = replaced.place(of: object.symbols[symbol]) else { return address }
      do throws(LinkRefused.Reason) {
        return address &+ (try wayToTarget(from: place))
      } catch {
        throw LinkRefused(symbol: name(symbol), reason: error)
      }
    case (.threadLocal(let offset), true): return UInt64(bitPattern: offset)
    // A call of __tls_get_addr through the table is part of a sequence that is replaced; any other is refused there.
    case (.threadLocalGetter, false): return 0
    case (.unloaded, _): throw LinkRefused(symbol: name(key.symbol), reason: .notLoaded)
    case (.address, true), (.threadLocal, false), (.threadLocalGetter, true):
      throw LinkRefused(symbol: name(key.symbol), reason: .threadLocalMismatch)
    }
  }
}
