// A program in which exceptions pass all the time, in as many threads as it is told: through functions that a patch replaces, and
// out of handlers in them. The danger: an unwinder that does not know a patch's code ends the program.
//
//     throwing [resting|spinning|handling] [THREADS]
//
// `resting`: the first thread waits for input. `spinning`: no thread ever waits. `handling`: the only thread that waits does so in
// the handler of a signal that has interrupted another.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#define FUNCTION __attribute__((noipa))

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::atomic<long> destroyed, passed, wrong;

struct Guard {
  ~Guard();
};
FUNCTION Guard::~Guard() { destroyed.fetch_add(1, std::memory_order_relaxed); }

// Throws for odd numbers.
extern "C" FUNCTION long check(long x) {
  if (x & 1) throw Refused("odd: " + std::to_string(x));
  return x;
}

// Replaced: an exception passes through it and destroys what it holds.
extern "C" FUNCTION long through(long x) {
  Guard guard;
  return check(x) + 1;
}

// Replaced: it catches what is thrown.
extern "C" FUNCTION long caught(long x) {
  try {
    return check(x) + 1;
  } catch (const std::logic_error &) {
    return -1;
  } catch (const Refused &) {
    return -2;
  }
}

// Through a frame that only passes things on: what a caller sees, as one number.
extern "C" FUNCTION long seen(long x) {
  try {
    return through(x);
  } catch (const Refused &refused) {
    return std::strncmp(refused.what(), "odd: ", 5) == 0 ? -3 : -4;
  }
}

static bool is_right(long x, long through, long caught) {
  long old_through = x & 1 ? -3 : x + 1, new_through = x & 1 ? -3 : x + 1001;
  long old_caught = x & 1 ? -2 : x + 1, new_caught = x & 1 ? -1002 : x + 1001;
  return (through == old_through || through == new_through) && (caught == old_caught || caught == new_caught);
}

// Something else to do, so that a thread is not in a replaced function most of the time.
FUNCTION static long other(long x) {
  for (int step = 0; step < 20000; step++) x = x * 31 + step;
  return x;
}

static void work() {
  for (long x = 0;; x++) {
    other(x);
    if (!is_right(x, seen(x), caught(x))) wrong++;
    passed.fetch_add(1, std::memory_order_relaxed);
  }
}

static char answer[128];
static int said_to = 1;

static void reply(const char *line) {
  char command[16] = "";
  long number = 0;
  std::sscanf(line, "%15s %ld", command, &number);
  if (!std::strcmp(command, "seen")) std::snprintf(answer, sizeof answer, "%ld\n", seen(number));
  else if (!std::strcmp(command, "caught")) std::snprintf(answer, sizeof answer, "%ld\n", caught(number));
  else if (!std::strcmp(command, "destroyed")) std::snprintf(answer, sizeof answer, "%ld\n", destroyed.load());
  else if (!std::strcmp(command, "report")) std::snprintf(answer, sizeof answer, "%ld %ld\n", passed.load(), wrong.load());
  else std::snprintf(answer, sizeof answer, "what?\n");
  if (write(said_to, answer, std::strlen(answer)) < 0) std::_Exit(1);
}

static char line[64];

// One line of input; without waiting in the kernel when it may not.
static bool listen(bool spins) {
  size_t size = 0;
  while (size + 1 < sizeof line) {
    ssize_t count = read(0, line + size, 1);
    if (count == 0) return false;
    if (count < 0) {
      if (!spins) return false;
      continue;
    }
    if (line[size++] == '\n') break;
  }
  line[size] = 0;
  return true;
}

static void handler(int) {
  while (listen(false)) reply(line);
  std::_Exit(0);
}

int main(int count, char **arguments) {
  std::string kind = count > 1 ? arguments[1] : "resting";
  int threads = count > 2 ? std::atoi(arguments[2]) : 0;
  bool spins = kind == "spinning";
  if (spins) fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  for (int number = 0; number < threads; number++) std::thread(work).detach();
  std::signal(SIGUSR1, handler);
  if (write(1, "ready\n", 6) < 0) return 1;
  if (kind == "handling") raise(SIGUSR1);
  while (listen(spins)) reply(line);
  return 0;
}
