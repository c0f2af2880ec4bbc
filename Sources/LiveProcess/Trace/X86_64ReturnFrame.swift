internal import Patch

/// A signal frame that we write, so that a thread returns through rt_sigreturn into the state that it holds.
///
/// The layout is `struct rt_sigframe` of the kernel's arch/x86/include/asm/sigframe.h, the sizes and offsets those of
/// asm/ucontext.h and asm/sigcontext.h:
///
///     start    +0    the restorer's address: `ret` takes it
///              +8    ucontext: flags, link, stack (24 bytes of zero: sigaltstack is left as it is), then
///              +48   sigcontext: r8…r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags, segments, …, fpstate
///              +304  the signal mask
///              +312  siginfo (128 bytes, unused)
///     extended +0    XSAVE area in the standard format, at 64 bytes; its words for software at +464
///              …     the second magic number
struct X86_64ReturnFrame {
  /// Where it starts: what rsp is set to.
  let start: UInt64
  /// From `start` on, extended state and padding included.
  let bytes: [UInt8]

  private static let fixedSize: UInt64 = 440
  /// The part that rt_sigreturn does not read, in bytes from the start.
  static let room = 312..<440
  private static let redZone: UInt64 = 128

  /// Bytes that it takes at most below the given stack pointer.
  static func reach(extendedSize: Int) -> UInt64 { redZone + fixedSize + UInt64(extendedSize) + 4 + 64 + 16 }

  /// Lays the frame out.
  ///
  /// - Parameters:
  ///   - top: the stack pointer, or the end of a scratch place.
  ///   - registers: what the thread returns to.
  ///   - mask: its signal mask.
  ///   - extended: its extended state (``ExtendedState``).
  ///   - restorer: where `mov $15,%eax; syscall` stands.
  init?(below top: UInt64, registers: ThreadRegisters, mask: UInt64, extended: ExtendedState, restorer: RemoteAddress) {
    let size = UInt64(extended.bytes.count) + 4
    guard top > Self.reach(extendedSize: extended.bytes.count) else { return nil }
    let area = (top - Self.redZone - size) & ~63
    // As the kernel aligns it: the stack pointer at a handler's first instruction is 8 short of 16.
    start = ((area - Self.fixedSize) & ~15) - 8
    var frame = [UInt8](repeating: 0, count: Int(area + size - start))
    func put(_ value: UInt64, at offset: Int) {
      for byte in 0..<8 { frame[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte))) }
    }
    put(restorer.value, at: 0)
    // UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS: what the kernel sets for 64-bit code.
    put(7, at: 8)
    let r = registers
    let context = [
      r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rdi, r.rsi, r.rbp, r.rbx, r.rdx, r.rax, r.rcx, r.rsp,
      r.rip, r.eflags, r.cs & 0xffff | (r.ss & 0xffff) << 48, 0, 0, 0, 0, area,
    ]
    for (index, value) in context.enumerated() { put(value, at: 48 + 8 * index) }
    put(mask, at: 304)
    let offset = Int(area - start)
    frame.replaceSubrange(offset..<offset + extended.bytes.count, with: extended.bytes)
    // struct _fpx_sw_bytes: magic number, size with the second one, components, size.
    put(0x4650_5853 | size << 32, at: offset + 464)
    put(extended.components, at: offset + 472)
    put(UInt64(extended.bytes.count), at: offset + 480)
    let magic: UInt32 = 0x4650_5845
    for byte in 0..<4 { frame[frame.count - 4 + byte] = UInt8(truncatingIfNeeded: magic >> (8 * UInt32(byte))) }
    bytes = frame
  }
}
