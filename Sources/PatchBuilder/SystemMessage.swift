internal import Glibc

/// The system's words for an errno value.
enum SystemMessage {
  /// The words in the C locale, such as `No such file or directory`; see strerror(3).
  static func of(_ errno: Int32) -> String {
    // SAFETY: since glibc 2.32 the text is constant or the thread's own, and it is copied at once.
    guard let text = unsafe strerror(errno) else { return "error \(errno)" }
    return unsafe String(cString: text)
  }
}
