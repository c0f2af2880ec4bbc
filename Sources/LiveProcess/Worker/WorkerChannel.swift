internal import FoundationEssentials
internal import Glibc
internal import Patch

/// One end of the stream between the tool and a worker: messages, each a length of four bytes and JSON.
///
/// Both ends are the same program, so the form has no version.
struct WorkerChannel: ~Copyable, Sendable {
  /// The stream has ended, or holds what no message is.
  struct Ended: Error {}

  /// The most that one message may be long: an artifact of the largest size, in hexadecimal digits, and what goes with it.
  private static let limit = 160 << 20

  private let socket: OwnedDescriptor

  init(_ socket: consuming OwnedDescriptor) { self.socket = socket }

  /// Ends the stream; the worker at the other end then ends, too.
  func end() { _ = shutdown(socket.value, Int32(SHUT_RDWR)) }

  func send(_ message: some Encodable) throws(Ended) {
    guard let body = try? JSONEncoder().encode(message), body.count <= Self.limit else { throw Ended() }
    try write(UInt32(body.count).littleEndianBytes + Array(body))
  }

  func receive<Message: Decodable>(_ type: Message.Type) throws(Ended) -> Message {
    guard let size = try read(4).little(UInt32.self, at: 0), size <= Self.limit else { throw Ended() }
    let body = Data(try read(Int(size)))
    guard let message = try? JSONDecoder().decode(type, from: body) else { throw Ended() }
    return message
  }

  private func write(_ bytes: [UInt8]) throws(Ended) {
    var done = 0
    while done < bytes.count {
      // SAFETY: the range lies inside the array, which lives for the call.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(
          socket.value, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Ended() }
      done += count
    }
  }

  private func read(_ count: Int) throws(Ended) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      // SAFETY: the range lies inside the array, which lives for the call.
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.recv(socket.value, buffer.baseAddress.map { unsafe $0 + done }, count - done, 0)
      }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { throw Ended() }
      done += got
    }
    return bytes
  }
}
