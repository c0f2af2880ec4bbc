internal import Glibc

/// Several compilations at once: as many as there are processors.
enum Concurrent {
  /// What a function makes of each item, in their order.
  ///
  /// - Throws: what the first item that fails throws; nothing more is begun then.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ transform: @escaping @Sendable (Item) async throws(BuildRefused) -> Result
  ) async throws(BuildRefused) -> [Result] {
    let width = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    do {
      return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results: [Result?] = Array(repeating: nil, count: items.count)
        for (index, item) in items.enumerated() {
          if index >= width, let (done, result) = try await group.next() { results[done] = result }
          group.addTask { (index, try await transform(item)) }
        }
        for try await (done, result) in group { results[done] = result }
        return results.compactMap { $0 }
      }
    } catch let refused as BuildRefused {
      throw refused
    } catch {
      throw BuildRefused(.toolFailed("the compiler", output: "\(error)"))
    }
  }
}
