extension EntryRefusal {
  /// The stable code of the reason.
  package var code: BuildCode {
    switch self {
    case .sizeUnknown, .notInFile, .undecodable, .flagsLive, .redZoneLive, .runsOff: .cannotMove
    case .tooShort: .tooShort
    case .crossesPage: .crossesPage
    case .branchInto, .pointerInto, .anotherSymbolWithin, .returnsInto: .branchInto
    case .breakpoint: .breakpoint
    }
  }

  /// What is wrong, in one sentence without the function's name.
  package var message: String {
    switch self {
    case .sizeUnknown: "the binary does not say how long this function is"
    case .notInFile: "its bytes are not in the file"
    case .tooShort(let size, let usable):
      "is \(size) bytes long, with \(usable) bytes for a branch that needs 5"
    case .crossesPage(let address): "its first instructions at \(address) lie on two pages"
    case .branchInto(let from, let to): "code at \(from) branches to \(to), into the bytes of the branch"
    case .pointerInto(let at, let to): "a pointer or jump table at \(at) leads to \(to), into the bytes of the branch"
    case .anotherSymbolWithin(let name): "\(name) begins inside the bytes of the branch"
    case .returnsInto(let address): "a call returns to \(address), into the bytes of the branch"
    case .breakpoint(let address): "holds a breakpoint instruction at \(address)"
    case .undecodable(let address): "cannot be decoded at \(address)"
    case .flagsLive(let address): "the instruction at \(address) reads flags set before the entry"
    case .redZoneLive(let address): "loops back to its entry with data below the stack pointer (\(address))"
    case .runsOff: "runs past its own end"
    }
  }

  /// What to do about it, in one sentence.
  package var nextStep: String {
    switch self {
    case .notInFile: "give the binary itself, not its debug file"
    case .sizeUnknown, .tooShort, .crossesPage, .branchInto, .pointerInto, .anotherSymbolWithin, .returnsInto,
      .breakpoint, .undecodable, .flagsLive, .redZoneLive, .runsOff:
      "replace the functions that call it"
    }
  }
}
