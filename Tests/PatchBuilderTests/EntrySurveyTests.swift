import PatchBuilder
import Testing

@Suite("Nearly every function of a distribution's binaries can be replaced")
struct EntrySurveyTests {
  @Test(
    "98 of 100 entries can be gated",
    arguments: [
      "/bin/bash", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/perl", "/lib/x86_64-linux-gnu/libz.so.1",
      "/lib/x86_64-linux-gnu/libcrypto.so.3",
    ])
  func survey(path: String) throws {
    let survey = try EntrySurvey(path: path)
    print("\(path): \(survey.functions) functions, \(survey.gated) gated, \(survey.direct) direct, \(survey.refused)")
    #expect(survey.functions > 50)
    #expect(survey.gated + survey.direct + survey.refused.values.reduce(0, +) == survey.functions)
    #expect(survey.gated * 100 >= survey.functions * 98)
  }
}
