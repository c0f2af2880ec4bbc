package import Patch

/// An exact walk over the frames of a stopped thread, by call-frame information and nothing else.
package struct StackWalk: Equatable, Sendable {
  /// One activation of a function.
  package struct Frame: Equatable, Sendable {
    /// The instruction that runs next in it.
    package var instruction: RemoteAddress
    /// Its stack pointer: the lowest address of what belongs to it and its callers.
    package var stackPointer: RemoteAddress
    /// Where the instruction's address was read from: the return address's place or a signal frame; nil in the first.
    package var slot: RemoteAddress?
    /// Whether it was interrupted at the instruction; otherwise it is calling, and the instruction is the next one.
    package var isInterrupted: Bool

    /// An address inside the instruction that runs: a call's return address may belong to the next function already.
    package var lookup: RemoteAddress { isInterrupted ? instruction : RemoteAddress(instruction.value &- 1) }
  }

  /// Why a walk ended.
  package enum End: Equatable, Sendable {
    /// At the thread's first function: all its frames are known.
    case outermost
    /// No call-frame information for an instruction, or it needs what cannot be known.
    case unknownCode(RemoteAddress)
    /// The information itself is damaged.
    case damaged(DamagedUnwindTable)
    /// More frames than ``StackWalk/frameLimit``.
    case tooManyFrames
  }

  /// What one step found.
  enum Step {
    case caller(WalkRegisters, returnSlot: UInt64?)
    case outermost
    case lost
  }

  /// The most frames that are walked.
  package static let frameLimit = 100_000

  /// From the innermost frame on.
  package private(set) var frames: [Frame] = []
  /// Why it ended.
  package private(set) var end = End.tooManyFrames

  /// Walks from a thread's registers.
  package init<Memory: WalkMemory>(
    from registers: WalkRegisters, tables: inout UnwindTables, memory: Memory, limit: Int = StackWalk.frameLimit
  ) {
    var current = registers
    var slot: RemoteAddress?
    var isInterrupted = true
    while frames.count < limit {
      guard let instruction = current.instructionPointer, let stackPointer = current.stackPointer else {
        end = .unknownCode(frames.last?.instruction ?? RemoteAddress(0))
        return
      }
      // A thread's first function returns to nowhere where nobody said "undefined".
      if instruction == 0 && !frames.isEmpty {
        end = .outermost
        return
      }
      let frame = Frame(
        instruction: RemoteAddress(instruction), stackPointer: RemoteAddress(stackPointer), slot: slot,
        isInterrupted: isInterrupted)
      frames.append(frame)
      do {
        let (step, isSignalFrame) = try tables.step(from: current, at: frame.lookup, memory: memory)
        switch step {
        case .outermost:
          end = .outermost
          return
        case .lost:
          end = .unknownCode(frame.instruction)
          return
        case .caller(let caller, let returnSlot):
          // Callers lie above; only a signal handler may have come from another stack.
          guard isSignalFrame || (caller.stackPointer ?? 0) > stackPointer else {
            end = .unknownCode(frame.instruction)
            return
          }
          current = caller
          slot = returnSlot.map(RemoteAddress.init)
          isInterrupted = isSignalFrame
        }
      } catch {
        end = .damaged(error)
        return
      }
    }
  }

  /// What a word on a stack is, as far as this walk tells.
  package enum Verdict: Equatable, Sendable {
    /// The frame with this index returns through it.
    case frame(Int)
    /// It lies in a frame that is known exactly and is not its return address, or above the outermost frame.
    case stale
    /// The walk did not come so far.
    case unexplained
  }

  /// What the word at an address is.
  ///
  /// `stack`: the range scanned that the word was found in; a walk that crossed from one stack to another
  /// (a signal handler on an alternate one) is judged within this one.
  package func verdict(on address: RemoteAddress, in stack: Range<RemoteAddress>) -> Verdict {
    var reachedStack = false
    for index in frames.indices {
      if frames[index].slot == address { return .frame(index) }
      guard stack.contains(frames[index].stackPointer) else { continue }
      reachedStack = true
      let isLast = index + 1 == frames.count
      if !isLast, frames[index].stackPointer <= address, address < frames[index + 1].stackPointer,
        stack.contains(frames[index + 1].stackPointer)
      {
        return .stale
      }
    }
    return reachedStack && end == .outermost ? .stale : .unexplained
  }
}
