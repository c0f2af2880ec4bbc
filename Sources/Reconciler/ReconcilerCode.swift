/// The codes of artifacts that do not fit their manifest, of processes' states and refusals, and of the commands.
///
/// A code is never given another meaning and never used again. The manifest's own codes are in `Manifest`, those of
/// `build` in `PatchBuilder`; `lpreconcile explain` knows them all.
package enum ReconcilerCode {
  /// Every code with what it means and what to do.
  package static let explanations: [(code: String, title: String, text: String, next: String)] = [
    (
      "LP0201", "an artifact cannot be read",
      "A manifest names an artifact that is not there or may not be read. Paths are relative to the manifest's folder.",
      "Put the file there, or correct the path. An artifact of a patch that is `absent` may be missing."
    ),
    (
      "LP0202", "a damaged artifact",
      "The file has the SHA-256 that the manifest pins, but it is no artifact that this version can read.",
      "Build it again with `lpreconcile build`, or install the version of lpreconcile that made it."
    ),
    (
      "LP0203", "an artifact for another build",
      "An artifact carries the build-id that it was made for, and the list that names it is for another one. Its code would be wrong there.",
      "Build a patch for this build, or move the entry to the list of the other."
    ),
    (
      "LP0204", "two active patches replace the same",
      "Patches do not stack: each function and each byte of a value belongs to one active patch at most.",
      "Build one cumulative patch that holds both changes; it takes their place in one switch."
    ),
    (
      "LP0205", "an artifact with another name",
      "The artifact calls itself by another name than the manifest does. Processes show the artifact's own.",
      "Write the artifact's name in the manifest, or build it again with the other name."
    ),
    (
      "LP0210", "an artifact with another SHA-256",
      "The content is not what was reviewed: the manifest pins the artifact's SHA-256.",
      "Review it with `lpreconcile inspect`, then put its SHA-256 into the manifest; or restore the reviewed file."
    ),
    (
      "LP0301", "a build that no manifest lists",
      "The process maps the binary that a manifest means, in a build that the manifest does not list: most often another version of the package. It is not protected.",
      "Build a patch for this build, or list it with `patches: []` if it has the fix already."
    ),
    (
      "LP0302", "a listed build under another path",
      "The process maps exactly the build that a manifest lists, but under a path that `spec.binary` does not mean, such as one of a container. It is left alone.",
      "Let `spec.binary` mean that path too, with a glob or a second document."
    ),
    (
      "LP0303", "a process that may not be read",
      "Reading a process's maps and memory needs the right to trace it (ptrace(2)): the same user and capabilities, or CAP_SYS_PTRACE.",
      "Run the command as root, or narrow the manifest with `processes:`."
    ),
    (
      "LP0304", "patches of a newer version",
      "The process was patched by a newer lpreconcile, whose ledger this one does not read.",
      "Install that version here."
    ),
    (
      "LP0305", "a damaged ledger",
      "The record that lpreconcile keeps in the process's own memory contradicts itself, so nothing in that process is touched.",
      "Restart the process when convenient."
    ),
    (
      "LP0306", "changes are pending",
      "The process lacks something that is declared, or carries something that is not.",
      "`lpreconcile apply`."
    ),
    (
      "LP0307", "an interrupted run",
      "A run of lpreconcile was killed half way. The process runs one whole version; the next run completes or takes back.",
      "`lpreconcile apply`, or `lpreconcile revert`."
    ),
    (
      "LP0308", "patches that no manifest lists",
      "The process carries patches for a build that no manifest lists. They are reported and left alone.",
      "List the build, or remove them with `lpreconcile apply --prune` or `lpreconcile revert`."
    ),
    (
      "LP0309", "two manifests for one build of one file",
      "Globs of two manifests mean the same mapped file, and both list its build. Nobody can say which list is complete.",
      "Let one manifest own it."
    ),
    (
      "LP0310", "a breakpoint in a patched place",
      "A debugger or a probe (perf, bpftrace) has written a breakpoint over the patch's branch.",
      "Remove it there, then `lpreconcile verify`."
    ),
    (
      "LP0311", "another tool's branch in a patched place",
      "Another tool hooks the same function. Foreign bytes are never overwritten.",
      "Remove the other hook with its own tool."
    ),
    (
      "LP0312", "the program has changed a patched value",
      "The variable has another value than the patch wrote: the program set it. It is left alone.",
      "Take the value out of the manifest, or set it by the program's own means."
    ),
    (
      "LP0313", "foreign bytes in a patched place",
      "The memory holds neither what the patch wrote nor the original. Nothing is overwritten.",
      "Find out who wrote them; restart the process when convenient."
    ),
    (
      "LP0314", "the original bytes are back", "Somebody else put the original bytes back, so the patch has no effect.",
      "`lpreconcile apply` writes it again."
    ),
    (
      "LP0315", "the patch's own code was changed",
      "The code or the read-only data of the loaded patch is not what was loaded.",
      "Revert and apply again; find out who wrote there."
    ),
    ("LP0500", "a process was changed", "Stands in the system's log for a change that succeeded.", "Nothing."),
    (
      "LP0501", "a function is in use",
      "A thread is inside a function that is to change, or will return into it. The switch waits for it, up to policy.retryFor.",
      "Apply again later, or raise policy.retryFor. The report names the thread and its backtrace."
    ),
    (
      "LP0502", "another lpreconcile is at work", "One reconciler works on a process at a time.",
      "Wait for the other to end."
    ),
    (
      "LP0503", "a debugger traces the process",
      "A process has one tracer at a time: gdb, strace and lpreconcile exclude each other.",
      "End the debugger, then apply again."
    ),
    (
      "LP0504", "the stop would have been too long",
      "The switch did not fit into policy.maxStop; everything resumed unchanged.",
      "Apply at a quieter time, or raise policy.maxStop."
    ),
    (
      "LP0505", "the process shares its memory",
      "Another process has the same memory (vfork, CLONE_VM), and its threads would see a half switch.",
      "Apply again when that process has called exec or ended."
    ),
    (
      "LP0506", "no usable thread",
      "Loading needs a thread of the process that can make a few system calls: not inside seccomp filters that forbid them, not on a small stack.",
      "Apply again later."
    ),
    (
      "LP0507", "no thread at rest",
      "The program throws exceptions, and one may have to pass through the patch. So its unwinder is told of the patch's code before it comes into effect, and is told to forget it before it is unloaded. That is done by a thread of the process that waits in the kernel for something from outside (input, a time, another thread's end) and is in no signal handler, so that it holds no lock. There was none.",
      "Apply again later, or raise policy.retryFor: any thread that waits for a moment will do."
    ),
    (
      "LP0511", "foreign bytes",
      "A place that is to be written holds bytes that the patch was not made against. They are never overwritten.",
      "Remove the breakpoint or hook; the message shows the bytes."
    ),
    (
      "LP0512", "the place is taken", "Another active patch replaces the same function or value.",
      "Revert the other, or build a cumulative patch."
    ),
    (
      "LP0513", "an unexpected value", "The variable does not hold what `expect` says, so nothing was set.",
      "Look why, then correct `expect`."
    ),
    (
      "LP0514", "no such value", "The variable is unknown, or the value reaches beyond it, or its memory is read-only.",
      "Correct symbol, offset and type."
    ),
    (
      "LP0515", "a function that cannot be found",
      "The replacement calls a function of a library that this process does not offer.",
      "Build the patch without it."
    ),
    (
      "LP0516", "no memory in reach",
      "No free memory lies within 2 GiB of the code, and the function has no room for a longer branch.",
      "Restart the process with the fixed package when convenient."
    ),
    ("LP0517", "too many patches", "A process carries at most 64 patches.", "Build cumulative patches."),
    (
      "LP0518", "only alone",
      "The function's first instructions cannot be moved, so that it can be switched only by itself.",
      "Apply it in a manifest of its own."
    ),
    (
      "LP0519", "a branch across pages", "No single write can change bytes on two pages.",
      "Replace the functions that call it."
    ),
    (
      "LP0520", "a loop to the entry", "The function branches back to its own entry; `immediate` cannot allow that.",
      "Use `stack-check`."
    ),
    (
      "LP0521", "not supported",
      "The process or the machine has something that lpreconcile does not support; the message names it.",
      "`lpreconcile config` shows what this machine allows."
    ),
    (
      "LP0522", "the kernel refused", "A system call failed; the message names it and the reason.",
      "`lpreconcile config` shows what this machine allows."
    ),
    (
      "LP0523", "the build is not mapped any more", "The process has called exec or unloaded the library in between.",
      "Apply again."
    ),
    (
      "LP0524", "not loaded", "The patch that was to be switched is not in the process.",
      "`lpreconcile status`, then apply again."
    ),
    ("LP0525", "patches of a newer version", "As LP0304, found while changing.", "Install that version here."),
    ("LP0526", "a damaged ledger", "As LP0305, found while changing.", "Restart the process when convenient."),
    ("LP0527", "changed since the plan", "The process is not what it was when the plan was made.", "Make a new plan."),
    ("LP0528", "the process ended", "It ended in between, which is no failure.", "Nothing."),
    (
      "LP0529", "a patch stays loaded",
      "The patch is out of effect, but nobody can prove that no thread returns into its code, so its memory stays.",
      "Nothing is wrong; a later apply unloads it."
    ),
    (
      "LP0530", "a value was left alone",
      "The program itself has changed the value since, so that the old one was not put back.",
      "Set it by the program's own means if another is wanted."
    ),
    (
      "LP0531", "something points into a patch that was to be unloaded",
      "The patch is out of effect, but a word in the process's memory or a signal's handler leads into its code or data: a coroutine that waits there, a callback, a function for the exit. Unmapping it could end the process, so it stays. The word may be a leftover that nobody uses; that cannot be told.",
      "Nothing is wrong; a later apply unloads it when nothing points there any more."
    ),
    (
      "LP0532", "the stop reached its limit",
      "The tool was held up while the process stood still: policy.maxStop was over, and a timer in the kernel ended the worker that held the process, which ran on at once. It is wholly old or wholly new.",
      "Apply at a quieter time, or raise policy.maxStop: a machine with more work than processors is the usual cause."
    ),
    (
      "LP0533", "the worker ended",
      "The process of lpreconcile's own that was changing this one ended, killed by somebody or by the kernel for lack of memory, or by a defect of lpreconcile. The process runs on, wholly old or wholly new.",
      "Apply again: what was begun is completed or rolled back."
    ),
    (
      "LP0601", "a saved plan does not fit a process",
      "A saved plan is carried out exactly or not at all; the message names the process and what changed.",
      "Make a new plan and review it."
    ),
    (
      "LP0602", "a saved plan's input changed", "A manifest or an artifact is not what it was when the plan was made.",
      "Make a new plan and review it."
    ),
    (
      "LP0603", "a saved plan of another boot", "Process numbers mean nothing after a restart of the machine.",
      "Make a new plan."
    ),
    (
      "LP0604", "no plan", "The file is no plan of this version, as `lpreconcile plan --output` writes it.",
      "Make a new plan."
    ),
    (
      "LP0605", "a process that is not in the saved plan", "A saved plan touches only the processes that it names.",
      "Make a new plan, or apply without --plan."
    ),
    (
      "LP0606", "a file cannot be read", "The message names the file and the system's reason.",
      "Check the path and its permissions."
    ),
    (
      "LP0607", "a file cannot be written",
      "The message names the file and the system's reason; an older file is untouched.", "Choose another --output."
    ),
    (
      "LP0610", "applying is switched off",
      "The kill switch is on: `lpreconcile.mode=no-apply` on the kernel command line, or /etc/lpreconcile/disabled, whose first line is the reason. `revert` works all the same.",
      "Remove the file, or boot without the word."
    ),
    (
      "LP0611", "interrupted", "Ctrl-C or SIGTERM came before this process was begun; it is as it was.",
      "`lpreconcile apply` goes on."
    ),
    (
      "LP0612", "not confirmed", "A look at the process after the change does not show what the change was to bring.",
      "`lpreconcile verify`."
    ),
    (
      "LP0613", "left by --limit", "As many processes as --limit allows were changed before.",
      "`lpreconcile apply` again."
    ),
    (
      "LP0614", "left after a failure", "Another process failed before, and --stop-on-failure was given.",
      "Look at the one that failed."
    ),
    (
      "LP0615", "no manifest", "No path was given and the standard folders hold no manifest.",
      "Give a path; `lpreconcile config` lists the folders."
    ),
    (
      "LP0616", "not confirmed by you", "The question was not answered with yes; nothing was changed.",
      "Answer y, or give --yes."
    ),
    (
      "LP0617", "wrong usage", "The command line is not understood.",
      "`lpreconcile help` and `lpreconcile help COMMAND` show examples."
    ),
    ("LP0618", "no such code", "No message has this code.", "`lpreconcile explain` without a code lists them all."),
    (
      "LP0619", "nothing chosen",
      "`revert` takes patches away from the processes that are chosen, and none of --pid, --binary, --patch and --all was given.",
      "Say which, or --all."
    ),
    (
      "LP0620", "the processes cannot be listed",
      "Reading /proc failed; the message names the system call and the reason.",
      "`lpreconcile config` shows what this machine allows."
    ),
  ]
}
