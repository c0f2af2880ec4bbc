extension ManifestCode {
  /// The three texts of a code, in one place.
  var texts: (title: String, explanation: String, nextStep: String) {
    switch self {
    case .fileMissing:
      (
        "no such file or folder",
        "A path that was given does not exist. A manifest that is missed is never taken for an empty one.",
        "Correct the path. With no path at all the folders that `lpreconcile config` lists are read."
      )
    case .notYAML:
      (
        "not YAML",
        "The text breaks the rules of YAML at the place shown, so what follows in this file was not checked.",
        "Look at the place and at the line above it: often a quote, a bracket or a colon is missing, or an indentation differs. A text that begins with `*`, `&`, `%`, `@`, `[` or `{` needs quotes."
      )
    case .unreadable:
      (
        "a file cannot be read",
        "The file or folder is there but cannot be read, or it is neither a file nor a folder.",
        "Look at its permissions with `ls -l`, or run the command as a user that may read it."
      )
    case .folderEmpty:
      (
        "a folder without manifests",
        "A folder that is given stands for its `*.yaml` and `*.yml`, not for those of folders within it, and this one has none.",
        "Name the file, or the folder that holds it."
      )
    case .tooLarge:
      (
        "a manifest of more than 1 MiB",
        "A manifest may have 1,048,576 bytes, so that a wrong file cannot take the memory of a production machine.",
        "Split it into several files; a folder can be given in place of a file."
      )
    case .notUTF8:
      (
        "not UTF-8",
        "A manifest is UTF-8 text. The bytes at the place shown are not; nothing else in the file was checked.",
        "Convert it, for example with `iconv -f latin1 -t utf-8`."
      )
    case .forbiddenCharacter:
      (
        "a character that may not stand in a manifest",
        "Control characters, the line breaks of Unicode that editors do not show (NEL, LS, PS) and the characters that show text in another order are refused: what a reviewer sees must be what the tool reads.",
        "Delete it; most editors can show invisible characters."
      )
    case .tab:
      (
        "a tab",
        "YAML forbids tabs in indentation and reads them in surprising ways elsewhere, so a manifest has none.",
        "Write spaces. In double quotes `\\t` stands for a tab."
      )
    case .tooManyErrors:
      (
        "too many errors in one file",
        "After the first errors of one file the rest is not shown.",
        "Correct those that are shown and look again."
      )
    case .emptyDocument:
      (
        "nothing in it",
        "A file or a document between two `---` holds nothing but comments. An empty manifest would protect nothing and say nothing, so it is taken for an accident.",
        "Delete the `---` or the file. To declare that a build needs no patch write `patches: []` under it."
      )
    case .tooDeep:
      (
        "nested more than 64 levels deep",
        "Lists and mappings may lie 64 levels deep in each other; a manifest needs fewer than ten.",
        "Look for brackets that are not closed."
      )
    case .tooManyAliases:
      (
        "too many aliases",
        "A file may have 100 aliases (`*name`), and with all of them written out 100,000 values: aliases of aliases can make a small file enormous.",
        "Write the repeated parts out, or split the file."
      )
    case .badAlias:
      (
        "an alias or anchor that does not fit",
        "An alias (`*name`) stands for the value that an anchor (`&name`) before it marks, in the same document; an anchor is set once and cannot hold itself.",
        "Set the anchor before the alias, or quote the text if it is a pattern such as \"*:6379\"."
      )
    case .mergeKey:
      (
        "a merge key",
        "`<<` is no part of YAML 1.2, and what it merges is not seen where it takes effect.",
        "Write the keys out, or give the whole value as an alias."
      )
    case .tag:
      (
        "a tag",
        "Tags such as `!!str` or `!include` have no meaning in a manifest.",
        "Delete it. To make a text of something that looks like a number, put it in quotes."
      )
    case .unknownKey:
      (
        "an unknown key",
        "The key does not belong here. Unknown keys are errors, because a misspelt key would else be a setting that has no effect.",
        "Take one of the keys that the message names; docs/manifest.md has all of them."
      )
    case .unknownWord:
      (
        "a word that is not one of those allowed",
        "Only the words that the message names are allowed here.",
        "Write one of them as it is shown; upper and lower case count."
      )
    case .duplicateKey:
      (
        "a key written twice",
        "A mapping has each key once; of two it would not be clear which is meant.",
        "Delete one of them; the note shows the other place."
      )
    case .missingKey:
      (
        "a key is missing",
        "Something that has no default is not written.",
        "Add the key; docs/manifest.md shows it in an example."
      )
    case .wrongType:
      (
        "another kind of value is needed",
        "A text, a number, a list or a mapping stands where another of them is needed. Nothing is converted: `5` is a number and \"5\" is text.",
        "Write it as the message says. Build-ids and SHA-256 sums are always text, quoted or not."
      )
    case .unknownVersion:
      (
        "another version of the manifest",
        "This program reads `apiVersion: lpreconcile/v1` and `kind: PatchSet`.",
        "Write that, or use the version of lpreconcile that the manifest was written for."
      )
    case .badName:
      (
        "not a name",
        "A name has 1 to 64 characters of A-Z, a-z, 0-9, `.`, `_` and `-`: it appears in /proc/PID/maps, in the log and on command lines.",
        "Choose such a name."
      )
    case .badBinary:
      (
        "not the path of a binary",
        "`binary` is the absolute path of the mapped file as the process sees it, or a pattern of such paths, without `.`, `..`, doubled or trailing slashes.",
        "Take the path that /proc/PID/maps shows, without the ` (deleted)`."
      )
    case .badBuildID:
      (
        "not a build-id",
        "A build-id is an even number of hexadecimal digits, 2 to 128; most have 40.",
        "Copy it from `readelf -n FILE` (Build ID) or from `lpreconcile status`."
      )
    case .badSHA256:
      (
        "not a SHA-256",
        "A SHA-256 is 64 hexadecimal digits.",
        "Copy it from `sha256sum FILE`; `lpreconcile build` prints it too."
      )
    case .badDuration:
      (
        "not a duration",
        "A duration is a whole number and a unit without a space between them: `us`, `ms`, `s` or `m`.",
        "Write for example `50ms` or `30s`."
      )
    case .outOfRange:
      (
        "outside the range",
        "The number or duration is smaller or larger than what is allowed here, or than its type can hold.",
        "Write one within the range that the message names, or take a wider type."
      )
    case .badBytes:
      (
        "not bytes",
        "`bytes` are written as hexadecimal digits, two for each byte, 1 to 4096 bytes, in the order in which they lie in memory.",
        "Write for example `de0adbef`."
      )
    case .badText:
      (
        "a text that does not fit",
        "The text is empty, longer than what is allowed here, of another form, or holds a control character written as an escape.",
        "Write it as the message says, or leave the key out."
      )
    case .badGlob:
      (
        "not a pattern",
        "A pattern has `*`, `?`, `[a-z]` and `[!a]` as fnmatch(3) reads them, and `\\` before a character that stands for itself. Where paths are matched no wildcard stands for a `/`.",
        "Close the bracket, or put a `\\` before the character; write one `*` for each folder in place of `**`."
      )
    case .badSymbol:
      (
        "not a symbol",
        "A symbol is a name from the binary's symbol table: 1 to 1024 printable characters without spaces.",
        "Take it from `nm FILE` or `nm -D FILE`; an offset has a key of its own."
      )
    case .badArtifactPath:
      (
        "not the path of an artifact",
        "`artifact` is the path of an `.lpatch` file, absolute or relative to the manifest's folder.",
        "Write the path of the file, without a slash at its end."
      )
    case .emptyList:
      (
        "an empty list",
        "This list needs an element. In particular a manifest without builds would not take patches away: those are then on builds that nobody lists, and are left alone.",
        "To take patches away keep the build and write `patches: []`. A filter that is to let everything pass is left out."
      )
    case .contentUnclear:
      (
        "both an artifact and values, or neither",
        "A patch is either an artifact with its sha256 or a list of values.",
        "Keep one of them; make two patches if both are wanted."
      )
    case .lengthsDiffer:
      (
        "`set` and `expect` of different lengths",
        "What is expected and what is written are the same place in memory, so they have the same number of bytes.",
        "Write as many bytes in `expect` as in `set`."
      )
    case .badUser:
      (
        "not a user",
        "A user is a name, or a number from 0 to 4294967294.",
        "Take it from `ps -o user,uid -p PID`."
      )
    case .buildTwice:
      (
        "a build listed twice",
        "A build's list of patches is complete, so there is one list for each build-id.",
        "Join the two lists into one."
      )
    case .twoOwners:
      (
        "two manifests own one build",
        "Each pair of binary and build-id has one owner, because the list of its patches is complete: two lists would take each other's patches away.",
        "Join the two lists, or delete one of them; the note shows the other place."
      )
    case .patchTwice:
      (
        "two patches of one name in one build",
        "Reports, the log and `revert --patch` tell the patches of a build by name.",
        "Rename one of them."
      )
    case .valuesOverlap:
      (
        "two changes of the same bytes",
        "Two changes that are active at the same time write the same bytes of a variable; patches do not stack.",
        "Join them into one, or make one of the patches `absent`."
      )
    case .tooManyPatches:
      (
        "more than 64 patches",
        "A process has one bit for each loaded patch, and 64 bits.",
        "Join patches into one cumulative artifact."
      )
    }
  }
}
