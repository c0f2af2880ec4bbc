import Patch
import Testing
import VictimKit

@Suite("A digest is the SHA-256 that everybody else computes")
struct SHA256DigestTests {
  @Test(
    "The examples of the standard come out",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func example(text: String, digest: String) {
    #expect(SHA256Digest(of: Array(text.utf8)).description == digest)
  }

  @Test("At every length up to four blocks, it is what Python says")
  func lengths() throws {
    var random = SplitMix(seed: 256)
    var contents = ""
    var expected: [String] = []
    for length in 0...256 {
      let content = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      contents += content.hexadecimal + "\n"
      expected.append(SHA256Digest(of: content).description)
    }
    let program = """
      import hashlib, sys
      for line in sys.stdin: print(hashlib.sha256(bytes.fromhex(line)).hexdigest())
      """
    let said = try Command.output(["/usr/bin/python3", "-c", program], input: contents)
    #expect(said.split(separator: "\n").map { String($0) } == expected)
  }
}
