internal import CCapstone

/// Decodes x86-64 instructions, by Capstone.
@safe struct X86_64Decoder: ~Copyable {
  private let handle: csh
  private let scratch: UnsafeMutablePointer<cs_insn>

  /// Opens Capstone; nil when the library says no, as it does without memory or without its x86 part.
  init?() {
    var opened: csh = 0
    // SAFETY: the handle is written by cs_open only, and used only when that succeeded.
    guard unsafe cs_open(CS_ARCH_X86, CS_MODE_64, &opened) == CS_ERR_OK else { return nil }
    cs_option(opened, CS_OPT_DETAIL, Int(CS_OPT_ON.rawValue))
    guard let memory = unsafe cs_malloc(opened) else {
      unsafe cs_close(&opened)
      return nil
    }
    handle = opened
    unsafe scratch = memory
  }

  deinit {
    var closing = handle
    // SAFETY: both were made by init and are given back once.
    unsafe cs_free(scratch, 1)
    unsafe cs_close(&closing)
  }

  /// The instruction at an offset of some bytes; nil when there is none that Capstone knows.
  ///
  /// `base`: the link-time address of the first byte.
  func instruction(in bytes: [UInt8], at offset: Int, base: UInt64) -> X86_64Instruction? {
    guard offset >= 0, offset < bytes.count else { return nil }
    // SAFETY: the pointer and the count that Capstone gets lie within the array, and the detail that `scratch` points to lives
    // until the next call.
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return nil }
      var code: UnsafePointer<UInt8>? = unsafe start + offset
      var left = min(buffer.count - offset, 15)
      var address = base &+ UInt64(offset)
      guard unsafe cs_disasm_iter(handle, &code, &left, &address, scratch) else { return nil }
      let size = unsafe Int(scratch.pointee.size)
      guard size > 0, size <= 15, offset + size <= buffer.count, let detail = unsafe scratch.pointee.detail else {
        return nil
      }
      return unsafe X86_64Instruction(
        address: base &+ UInt64(offset), bytes: Array(bytes[offset..<(offset + size)]), id: scratch.pointee.id,
        detail: detail)
    }
  }

  /// The instructions of some bytes one behind the other, up to the first that cannot be decoded.
  func instructions(in bytes: [UInt8], base: UInt64, limit: Int = .max) -> [X86_64Instruction] {
    var found: [X86_64Instruction] = []
    var offset = 0
    while offset < min(bytes.count, limit), let next = instruction(in: bytes, at: offset, base: base) {
      found.append(next)
      offset += next.bytes.count
    }
    return found
  }
}
