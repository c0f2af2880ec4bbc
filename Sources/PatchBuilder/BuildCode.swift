/// The stable codes of refused builds, with what `lpreconcile explain` says of each.
package enum BuildCode: String, CaseIterable, Sendable {
  case unreadable = "LP0401"
  case notWritable = "LP0402"
  case notATarget = "LP0403"
  case noBuildID = "LP0404"
  case symbolsOfAnotherBuild = "LP0405"
  case badRequest = "LP0406"
  case toolMissing = "LP0407"
  case toolFailed = "LP0408"
  case notDefined = "LP0409"
  case artifactDamaged = "LP0410"
  case functionUnknown = "LP0411"
  case functionAmbiguous = "LP0412"
  case notAFunction = "LP0413"
  case onlySpecialisedCopies = "LP0414"
  case tooShort = "LP0415"
  case crossesPage = "LP0416"
  case branchInto = "LP0417"
  case breakpoint = "LP0418"
  case cannotMove = "LP0419"
  case symbolUnknown = "LP0421"
  case symbolAmbiguous = "LP0422"
  case threadLocal = "LP0423"
  case constructor = "LP0424"
  case relocation = "LP0425"
  case stackArguments = "LP0426"
  case wideRegisters = "LP0427"
  case exceptions = "LP0428"
  case objectUnusable = "LP0429"
  case dataChanged = "LP0430"
  case layoutChanged = "LP0431"
  case sharedCode = "LP0432"
  case nothingChanged = "LP0433"
  case diffRefused = "LP0434"
  case buildFileTouched = "LP0435"
  case buildFailed = "LP0436"
  case compileNotSeen = "LP0437"
  case notReproduced = "LP0438"
  case codeDiffers = "LP0439"
  case cacheOfOthers = "LP0440"
  case sourceUnknown = "LP0441"
  case dependenciesMissing = "LP0442"
  case memoryChangesHands = "LP0443"

  /// What it is, in a few words.
  package var title: String { texts.title }

  /// What it means and why it is refused.
  package var explanation: String { texts.explanation }

  /// What to do about it.
  package var nextStep: String { texts.nextStep }
}
