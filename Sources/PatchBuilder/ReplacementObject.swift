internal import CElf
internal import Patch

/// The compiled replacement, joined to one object: what it defines and what it needs.
struct ReplacementObject: Sendable {
  /// The functions that other files can see, by name.
  let functions: [String: ElfSymbol]
  /// The symbols that it refers to and does not define, by name.
  let undefined: [ElfSymbol]
  let elf: ElfFile

  init(path: String) throws(BuildRefused) {
    do {
      elf = try ElfFile(path: path)
      let symbols = try elf.symbols(.full)
      var functions: [String: ElfSymbol] = [:]
      for symbol in symbols where symbol.isDefined && symbol.binding != .local && symbol.type == .function {
        functions[symbol.name] = symbol
      }
      self.functions = functions
      undefined = symbols.filter { !$0.isDefined && !$0.name.isEmpty }.sorted { $0.name < $1.name }
      var refusals: [BuildRefusal] = []
      for symbol in symbols where symbol.isDefined && symbol.type == .threadLocal {
        refusals.append(BuildRefusal(symbol: symbol.name, reason: .definesThreadLocal))
      }
      for section in elf.sections where section.flags & UInt64(SHF_ALLOC) != 0 && section.size > 0 {
        let isArray = [UInt32(SHT_INIT_ARRAY), UInt32(SHT_FINI_ARRAY), UInt32(SHT_PREINIT_ARRAY)].contains(section.type)
        let isNamed = [".ctors", ".dtors", ".init", ".fini"].contains {
          $0 == section.name || section.name.hasPrefix($0 + ".")
        }
        if isArray || isNamed { refusals.append(BuildRefusal(reason: .definesConstructor(section: section.name))) }
      }
      guard refusals.isEmpty else { throw BuildRefused(refusals) }
    } catch let refused as BuildRefused {
      throw refused
    } catch let damaged as DamagedElf {
      throw BuildRefused(.artifactDamaged(damaged.text))
    } catch {
      throw BuildRefused(.artifactDamaged("the compiler's object cannot be read"))
    }
  }
}
