import Patch
import Testing

@Suite("Names of C++ are shown as the source has them")
struct SymbolNameTests {
  @Test(arguments: [
    ("_Z6scaledi", "scaled(int)"), ("_ZN4ItemC2EiRKi", "Item::Item(int, int const&)"),
    ("_ZNK5stack5queueIiE4sizeEv", "stack::queue<int>::size() const"),
  ])
  func name(mangled: String, wanted: String) {
    #expect(mangled.demangled == wanted)
  }

  @Test("What is no such name stays as it is, however it is made", arguments: ["main", "_Z", "_Zz", ""])
  func others(name: String) {
    #expect(name.demangled == nil)
  }

  @Test("A hostile name ends neither the program nor its patience")
  func hostile() {
    #expect(("_Z" + String(repeating: "N", count: 4000)).demangled == nil)
    #expect(("_Z1f" + String(repeating: "P", count: 4092) + "i").demangled == nil)
    let deep = "_Z1f" + String(repeating: "F", count: 2000) + "vE"
    #expect((deep.demangled?.utf8.count ?? 0) < 1 << 20)
  }
}
