internal import CElf
internal import Glibc

extension String {
  /// The name as the source has it, with its scopes and arguments: `scaled(int)` for `_Z6scaledi`; nil for what is no name of C++ (Itanium
  /// C++ ABI 5.1), and for one of more than 4 KB.
  package var demangled: String? {
    guard hasPrefix("_Z"), utf8.count <= 4096 else { return nil }
    var status: Int32 = 0
    // SAFETY: the function allocates its answer, which is copied and given back here; it bounds its own recursion.
    guard let answer = unsafe __cxa_demangle(self, nil, nil, &status) else { return nil }
    defer { unsafe free(answer) }
    return unsafe String(cString: answer)
  }
}
