/// Everything that can be wrong with a manifest, each with its stable code.
///
/// A code is never given another meaning and never used again; `lpreconcile explain CODE` prints ``explanation`` and
/// ``nextStep``.
package enum ManifestCode: String, CaseIterable, Sendable {
  // The file as a whole.
  case fileMissing = "LP0100"
  case notYAML = "LP0101"
  case unreadable = "LP0118"
  case folderEmpty = "LP0119"
  case tooLarge = "LP0110"
  case notUTF8 = "LP0107"
  case forbiddenCharacter = "LP0109"
  case tab = "LP0108"
  case tooManyErrors = "LP0117"
  // YAML that is not for manifests.
  case emptyDocument = "LP0116"
  case tooDeep = "LP0111"
  case tooManyAliases = "LP0112"
  case badAlias = "LP0113"
  case mergeKey = "LP0114"
  case tag = "LP0115"
  // Keys and their values.
  case unknownKey = "LP0102"
  case unknownWord = "LP0103"
  case duplicateKey = "LP0104"
  case missingKey = "LP0105"
  case wrongType = "LP0106"
  case unknownVersion = "LP0120"
  case badName = "LP0121"
  case badBinary = "LP0122"
  case badBuildID = "LP0123"
  case badSHA256 = "LP0124"
  case badDuration = "LP0125"
  case outOfRange = "LP0126"
  case badBytes = "LP0127"
  case badText = "LP0128"
  case badGlob = "LP0129"
  case badSymbol = "LP0130"
  case badArtifactPath = "LP0131"
  case emptyList = "LP0132"
  case contentUnclear = "LP0133"
  case lengthsDiffer = "LP0134"
  case badUser = "LP0135"
  // What does not go together.
  case buildTwice = "LP0140"
  case twoOwners = "LP0141"
  case patchTwice = "LP0142"
  case valuesOverlap = "LP0143"
  case tooManyPatches = "LP0144"

  /// The stable code, such as `LP0103`.
  package var code: String { rawValue }

  /// What it is, in a few words.
  package var title: String { texts.title }

  /// What it means and why it is an error.
  package var explanation: String { texts.explanation }

  /// What to do about it.
  package var nextStep: String { texts.nextStep }
}
