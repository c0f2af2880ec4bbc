/// Checks of `_FORTIFY_SOURCE` that the image brings itself.
///
/// In glibc these are IFUNC symbols that no loaded object need have a slot for, so a process could not always say where they
/// are. Each compares the length with the size of the destination, as glibc's do (debug/memcpy_chk.c and its kin), and goes
/// on to the plain function, or to `__chk_fail`, which ends the program.
package enum FortifyCheck {
  /// The plain function behind a check; nil for a name that is none of them.
  package static func plain(_ name: String) -> String? {
    switch name {
    case "__memcpy_chk": "memcpy"
    case "__memmove_chk": "memmove"
    case "__mempcpy_chk": "mempcpy"
    case "__memset_chk": "memset"
    case "__wmemset_chk": "wmemset"
    default: nil
    }
  }

  /// The assembler lines of a check: length in `rdx`, size of the destination in `rcx`, in both bytes or wide characters.
  static func lines(_ name: String, plain: String) -> [String] {
    [
      ".globl \(name)", ".hidden \(name)", ".type \(name), @function", "\(name):", ".cfi_startproc",
      "cmp %rdx, %rcx", "jb 1f", "jmp \(plain)@PLT", "1: sub $8, %rsp", ".cfi_adjust_cfa_offset 8",
      "call __chk_fail@PLT", "ud2", ".cfi_endproc", ".size \(name), . - \(name)",
    ]
  }
}
