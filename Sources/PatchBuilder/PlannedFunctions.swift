internal import Patch

/// A function of the target, and the function of the replacement that is to run in its place.
struct FunctionChange: Equatable {
  let original: TargetSymbol
  /// The name of a function that the joined object defines for others.
  let definition: String
}

/// The functions to replace, each with its entry planned and the code that the artifact needs for it.
struct PlannedFunctions {
  /// By address.
  private(set) var functions: [ReplacedFunction] = []
  private(set) var assembly = GeneratedAssembly()
  /// The places of the target that the generated code names, by the artifact's symbol.
  private(set) var places: [String: TargetReference] = [:]
  private(set) var notes: [BuildNote] = []
  let references: CodeReferences

  /// Plans the entries of all functions that are to be replaced.
  ///
  /// `earlier`: what stands against the build already, to be reported with what is found here.
  init(
    _ changes: [FunctionChange], refused earlier: [BuildRefusal] = [], target: TargetImage,
    replacement: ReplacementObject
  ) throws(BuildRefused) {
    references = CodeReferences(target)
    guard let planner = EntryPlanner(target, references: references) else {
      throw BuildRefused(.toolMissing("Capstone"))
    }
    var refusals = earlier
    var seen: Set<LinkAddress> = []
    for change in changes.sorted(by: { $0.original.address < $1.original.address })
    where seen.insert(change.original.address).inserted {
      let symbol = change.original
      do throws(EntryRefusal) {
        let plan = try planner.plan(address: symbol.address.value, size: symbol.size)
        // Not every function allows the longer branch; without it the patch needs room near the target.
        let far =
          plan.cannotMove == nil ? try? planner.plan(address: symbol.address.value, size: symbol.size, form: .far) : nil
        add(change, plan, far: far?.cannotMove == nil ? far : nil, parts: planner.pieces(of: symbol), target)
      } catch {
        refusals.append(BuildRefusal(place: target.path, symbol: symbol.name, reason: .entry(error)))
      }
    }
    addFortifyChecks(replacement)
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
  }

  private mutating func add(
    _ change: FunctionChange, _ plan: EntryPlan, far: EntryPlan?, parts: [Range<UInt64>], _ target: TargetImage
  ) {
    let symbol = change.original
    let gate: ReplacedFunction.Gate
    if let reason = plan.cannotMove {
      gate = .direct(reason: reason)
      notes.append(BuildNote(symbol: symbol.name, fact: .directFormOnly(reason: reason)))
    } else {
      let moved = add(MovedCode(plan, function: symbol.address.value), target)
      gate = .moved(symbol: moved.symbol, instructions: moved.instructions, branchesToEntry: plan.branchesToEntry)
      if plan.branchesToEntry { notes.append(BuildNote(symbol: symbol.name, fact: .branchesToEntry)) }
    }
    let others = target.symbols.code(in: symbol.address.value..<(symbol.address.value + 1)).map(\.name)
      .filter { $0 != symbol.name }
    if !others.isEmpty { notes.append(BuildNote(symbol: symbol.name, fact: .sharesItsCode(with: others))) }
    let copies = target.symbols.specialisedCopies(of: symbol.name).map(\.name)
    if !copies.isEmpty { notes.append(BuildNote(symbol: symbol.name, fact: .specialisedCopies(copies))) }
    functions.append(
      ReplacedFunction(
        symbol: symbol.name, at: symbol.address, size: symbol.size,
        sha256: SHA256Digest(of: target.code(at: symbol.address.value, count: symbol.size) ?? []),
        replacement: change.definition,
        entry: ReplacedFunction.Entry(
          at: plan.offset, original: plan.original, gate: gate,
          far: far.map { farEntry($0, function: symbol.address.value, target) }),
        parts: parts.map {
          ReplacedFunction.Part(at: LinkAddress($0.lowerBound), size: $0.upperBound - $0.lowerBound)
        }))
  }

  /// Takes a copy of an entry in, and the places of the target that it names.
  private mutating func add(_ moved: MovedCode, _ target: TargetImage) -> MovedCode {
    assembly.add(moved)
    for place in moved.places {
      let name = MovedCode.symbol(of: place)
      places[name] = TargetReference(name, at: LinkAddress(place), kind: target.isCode(place) ? .function : .object)
    }
    return moved
  }

  private mutating func farEntry(
    _ plan: EntryPlan, function: UInt64, _ target: TargetImage
  ) -> ReplacedFunction.FarEntry {
    let moved = add(MovedCode(plan, function: function), target)
    return ReplacedFunction.FarEntry(
      original: plan.original, symbol: moved.symbol, instructions: moved.instructions,
      branchesToEntry: plan.branchesToEntry)
  }

  /// Lets the branch lead to a stub that calls the replacement.
  mutating func put(_ stub: RegisterSavingStub, before index: Int) {
    assembly.add(stub.lines)
    functions[index].replacement = stub.symbol
    notes.append(BuildNote(symbol: stub.replacement, fact: .keepsRegisters(stub.saved.names)))
  }

  /// Lets exceptions pass through the replacements.
  mutating func registerUnwind() { assembly.addRegistration() }

  private mutating func addFortifyChecks(_ replacement: ReplacementObject) {
    for symbol in replacement.undefined {
      if let plain = FortifyCheck.plain(symbol.name) { assembly.add(FortifyCheck.lines(symbol.name, plain: plain)) }
    }
  }
}
