internal import Patch

/// The code by which a patch tells libgcc's unwinder of its call-frame information, and takes that back (unwind-dw2-fde.c).
///
/// One thread of the target runs it, made to by the tool, which may die meanwhile: so the routines themselves keep what has been done,
/// and whoever runs one again does nothing.
enum RegistrationRoutines {
  static let names = PatchInfo.Registration(
    by: "lpatch.register_unwind", and: "lpatch.deregister_unwind", keeping: "lpatch.unwind_state")

  /// The assembler lines of the code.
  static var lines: [String] {
    routine(
      names.register, from: .none, over: .registering, to: .registered,
      calling: "__register_frame_info", with: ["lea \(names.state)+8(%rip), %rsi"])
      + routine(
        names.deregister, from: .registered, over: .deregistering, to: .none,
        calling: "__deregister_frame_info", with: [])
  }

  /// The lines of what they work on, in a section of zeros.
  static var state: [String] {
    [
      ".p2align 3", ".globl \(names.state)", ".hidden \(names.state)", ".type \(names.state), @object",
      ".size \(names.state), \(UnwindRegistration.stateSize)", "\(names.state):",
      ".zero \(UnwindRegistration.stateSize)",
    ]
  }

  /// A function of the records' address, in `rdi`.
  private static func routine(
    _ name: String, from before: UnwindRegistration.State, over between: UnwindRegistration.State,
    to after: UnwindRegistration.State, calling function: String, with arguments: [String]
  ) -> [String] {
    [
      ".globl \(name)", ".hidden \(name)", ".type \(name), @function", "\(name):", ".cfi_startproc",
      "mov $\(before.rawValue), %eax", "mov $\(between.rawValue), %ecx",
      "lock cmpxchg %ecx, \(names.state)(%rip)", "jne 1f", "sub $8, %rsp", ".cfi_def_cfa_offset 16",
    ]
      + arguments
      + [
        "call *\(function)@GOTPCREL(%rip)",
        // The return address would stay on the thread's stack as a word that leads into the image.
        "movq $0, -8(%rsp)",
        "movl $\(after.rawValue), \(names.state)(%rip)", "add $8, %rsp", ".cfi_def_cfa_offset 8", "1: ret",
        ".cfi_endproc", ".size \(name), . - \(name)",
      ]
  }
}
