/// A duration as a manifest writes it, such as `50ms`.
struct WrittenDuration: Equatable, Sendable {
  /// The units and how many microseconds each has.
  static let units: [(name: String, microseconds: Int64)] = [
    ("us", 1), ("ms", 1000), ("s", 1_000_000), ("m", 60_000_000),
  ]
  /// For the JSON Schema.
  static let pattern = "^[0-9]{1,12}(" + units.map(\.name).joined(separator: "|") + ")$"

  let text: String
  let microseconds: Int64

  /// Reads one; nil for anything else.
  ///
  /// What is longer than 64 bits can say is as long as they can.
  init?(_ text: String) {
    let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard (1...12).contains(digits.count), let count = Int64(String(Substring(digits))),
      let unit = WrittenDuration.units.first(where: { $0.name.utf8.elementsEqual(text.utf8.dropFirst(digits.count)) })
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit.microseconds)
    self.text = text
    microseconds = overflow ? .max : product
  }

  /// Makes one of a whole number of a unit that the program itself names.
  init(_ count: Int64, _ unit: String) {
    text = "\(count)\(unit)"
    microseconds = count * (WrittenDuration.units.first { $0.name == unit }?.microseconds ?? 1)
  }

  var duration: Duration { .microseconds(microseconds) }

  /// What somebody who wrote something else most likely meant.
  static func suggestion(for text: String) -> String? {
    let folded = text.filter { $0 != " " }.lowercased()
    if folded.allSatisfy({ ("0"..."9").contains($0) }), !folded.isEmpty { return "\(folded)ms' or '\(folded)s" }
    let number = folded.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit: String
    switch folded.dropFirst(number.count) {
    case "us", "µs", "μs", "usec", "usecs", "microsecond", "microseconds": unit = "us"
    case "ms", "msec", "msecs", "millisecond", "milliseconds": unit = "ms"
    case "s", "sec", "secs", "second", "seconds": unit = "s"
    case "m", "min", "mins", "minute", "minutes": unit = "m"
    case "h", "hour", "hours":
      guard let hours = Int64(number), hours < 1000 else { return nil }
      return "\(hours * 60)m"
    default: return nil
    }
    if WrittenDuration(number + unit) != nil { return number + unit }
    // 1.5s is 1500ms.
    let smaller = ["s": "ms", "ms": "us"]
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let next = smaller[unit], parts[1].count <= 3, let whole = Int64(parts[0]),
      whole < 1_000_000, let fraction = Int64(parts[1] + String(repeating: "0", count: 3 - parts[1].count))
    else { return nil }
    return "\(whole * 1000 + fraction)\(next)"
  }
}
