// The new function_0 of held.c: it leaves one of its own functions behind, or waits inside itself.
#define COROUTINE 7
extern volatile int way;
void leave_callback(int (*function)(int), void (*at_exit)(void), void (*handler)(int));
void suspend(void);
void _exit(int);

static int called(int x) { return x + 5000; }
static void at_exit(void) { _exit(42); }
static volatile int handled;
static void handler(int signal) { handled = signal; }

int new_0(int x) {
  if (way == COROUTINE) suspend();
  else if (way) leave_callback(called, at_exit, handler);
  return x + 1001 + handled * 0;
}
