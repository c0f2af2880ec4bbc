internal import Glibc
internal import Reconciler

/// Where text goes.
enum Output {
  static func out(_ text: String) { FileAccess.emit(Array(text.utf8), to: STDOUT_FILENO) }
  static func error(_ text: String) { FileAccess.emit(Array(text.utf8), to: STDERR_FILENO) }

  /// Whether a descriptor is a terminal that understands more than plain text.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// How many columns a terminal has; 80 where it does not say.
  static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    // SAFETY: TIOCGWINSZ fills the structure that the pointer is to (ioctl_tty(2)).
    let failed = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    return failed == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
  }

  /// A variable of the environment; nil where it is not set or empty.
  static func environment(_ name: String) -> String? {
    // SAFETY: getenv answers a terminated string that lives as long as nobody changes the environment; nobody does.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
