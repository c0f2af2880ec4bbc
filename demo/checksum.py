"""Computes zlib.adler32 in several threads and checks each result: the agreed one and nothing else.

Commands on standard input, each answered by a line: `becomes N`, `settled`, `count`, `end`; they mean what load.c says,
with threads in place of connections.
"""

import sys
import threading
import time
import zlib

TEXT = b"no process needs to be restarted"
THREADS = 4
answers = [zlib.adler32(TEXT)]
reached = [-1] * THREADS
lock = threading.Lock()
oldest, newest, counted, wrong, ending = 0, 0, 0, 0, False


def compute(thread):
    global counted, wrong, oldest
    while not ending:
        first = oldest
        value = zlib.adler32(TEXT)
        right = [n for n in range(first, newest + 1) if answers[n] == value]
        with lock:
            counted += 1
            if right:
                reached[thread] = right[0]
                oldest = max(oldest, right[0])
            else:
                wrong += 1


def everyone():
    """Waits until each thread has had the newest result; that it did not come in ten seconds counts as wrong."""
    global wrong
    deadline = time.monotonic() + 10
    while wrong == 0 and min(reached) < newest:
        if time.monotonic() > deadline:
            wrong += 1
        time.sleep(0.001)


def count():
    new = sum(generation == newest for generation in reached)
    word = "new" if newest else "first"
    return f"{counted} computed, {wrong} wrong; {new} of {THREADS} threads have the {word} result"


threads = [threading.Thread(target=compute, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
print("ready", answers[0], flush=True)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "becomes":
        everyone()
        answers.append(int(rest))
        newest += 1
    elif word == "settled":
        oldest = newest
        everyone()
    elif word == "end":
        break
    print(count(), flush=True)
ending = True
for thread in threads:
    thread.join()
print(count(), flush=True)
sys.exit(wrong != 0 or counted == 0)
