import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("Every relocation that gcc and clang emit for C is linked or refused by name")
struct RelocationCorpusTests {
  /// The sources: all of `Tests/Victims`.
  static func sources() throws -> [String] {
    try Command.output(["find", VictimProgram.sources, "-name", "*.c"]).split(separator: "\n").map(String.init).sorted()
  }

  /// Types that a compiler may emit and that the linker refuses: thread-local variables of a large-model replacement.
  static let refusedByName: Set<String> = ["R_X86_64_DTPOFF64"]

  /// Types whose value a test of its own computes (``RelocationTests``).
  static let computed = Set(RelocationTests.values.map(\.type) + RelocationTests.tableTypes)
  /// Types in the code of `image-features.c`, whose functions ``LinkedCodeRunsTests`` runs beside their references.
  static let run: Set<String> = [
    "R_X86_64_PLT32", "R_X86_64_GOTPCREL", "R_X86_64_GOTPCRELX", "R_X86_64_REX_GOTPCRELX", "R_X86_64_GOTTPOFF",
    "R_X86_64_TLSGD", "R_X86_64_TLSLD", "R_X86_64_DTPOFF32", "R_X86_64_GOTPC32_TLSDESC", "R_X86_64_TLSDESC_CALL",
  ]

  /// The types that have neither a test nor a refusal.
  static func unaccounted(_ names: Set<String>) -> Set<String> {
    names.subtracting(computed).subtracting(run).subtracting(refusedByName)
  }

  @Test("A type that nobody knows would be noticed")
  func unknown() {
    #expect(
      RelocationCorpusTests.unaccounted(["R_X86_64_PC32", "R_X86_64_CODE_4_GOTPCRELX"]) == ["R_X86_64_CODE_4_GOTPCRELX"]
    )
  }

  @Test("Each type that is said to be run is in code that is run")
  func claimed() throws {
    var names: Set<String> = []
    for way in LinkedCodeRunsTests.ways {
      let directory = try TemporaryDirectory()
      let object = directory.file("object.o")
      _ = try Command.output(
        [way.compiler, "-c", "-w", "-o", object, VictimProgram.sources + "/image-features.c"] + way.flags)
      names.formUnion(try relocations(of: object))
    }
    #expect(RelocationCorpusTests.run.subtracting(names) == [])
  }

  @Test("With each compiler, level and model", arguments: LinkedCodeRunsTests.ways)
  func corpus(way: LinkedCodeRunsTests.Way) throws {
    let host = try ImageHost(flags: ["-no-pie", "-fno-pic"])
    var names: Set<String> = []
    for source in try RelocationCorpusTests.sources() {
      let directory = try TemporaryDirectory()
      let object = directory.file("object.o")
      let compiled = try Command.run([way.compiler, "-c", "-w", "-o", object, source] + way.flags)
      // Some victims are for one compiler only; that is theirs to say.
      guard compiled.status == 0 else { continue }
      let found = try relocations(of: object)
      names.formUnion(found)
      var recipe = ArtifactRecipe(
        sources: [source], compiler: way.compiler, flags: way.flags + ["-w"], target: host.elf, functions: [])
      let symbols = try ElfFile(path: object).symbols(.full)
      guard let function = symbols.first(where: { $0.type == .function && $0.binding == .global && $0.size > 0 }) else {
        continue
      }
      recipe.functions = [try HostEntry.direct(replacement: function.name, in: host.elf)]
      let bytes = try recipe.make(in: directory)
      do throws(DamagedArtifact) {
        let artifact = try PatchArtifact(reading: bytes)
        let read = Set(artifact.object.sections.flatMap { $0.relocations.map(\.type.name) })
        #expect(read == found, "\(source): the types that readelf names")
        do throws(LinkRefused) {
          _ = try PatchLinker(artifact, ledgerSize: 4096).link(
            at: RemoteAddress(0x1000_0000), bias: 0, stateWord: RemoteAddress(0x1000), bit: 0,
            imports: artifact.info.imports.map { _ in RemoteAddress(0x2000_0000) })
        } catch {
          // Everything is near here, so that no distance hides what else is refused.
          #expect(
            RelocationCorpusTests.refusedByName.contains(error.relocation ?? "") && !error.symbol.isEmpty,
            "\(source): \(error)")
        }
      } catch {
        #expect(error.kind == .unsupported, "\(source): \(error)")
      }
    }
    #expect(names.count >= 3, "readelf has found relocations at all")
    #expect(RelocationCorpusTests.unaccounted(names) == [])
  }

  /// The types in the loaded sections of an object, as readelf names them.
  private func relocations(of object: String) throws -> Set<String> {
    let elf = try ElfFile(path: object)
    var loaded: Set<String> = []
    for section in elf.sections where section.flags & 2 != 0 && section.type != 7 {
      loaded.insert(".rela" + section.name)
    }
    var names: Set<String> = []
    var counts = false
    for line in try Command.output(["readelf", "-rW", object]).split(separator: "\n") {
      if line.hasPrefix("Relocation section '") {
        counts = loaded.contains(String(line.dropFirst(20).prefix { $0 != "'" }))
      } else if counts, let type = line.split(separator: " ").first(where: { $0.hasPrefix("R_X86_64_") }) {
        names.insert(String(type))
      }
    }
    return names
  }
}
