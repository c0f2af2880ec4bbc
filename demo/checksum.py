"""Computes zlib.adler32 in several threads and checks each result: the agreed one and nothing else.

Commands on standard input, each answered by a line: `becomes N`, `settled`, `count`, `end`; they mean what load.c says.
"""

import sys
import threading
import zlib

TEXT = b"no process needs to be restarted"
answers = [zlib.adler32(TEXT)]
lock = threading.Lock()
oldest, newest, counted, wrong, ending = 0, 0, 0, 0, False


def compute():
    global counted, wrong
    seen = 0
    while not ending:
        first = max(seen, oldest)
        value = zlib.adler32(TEXT)
        right = [n for n in range(first, newest + 1) if answers[n] == value]
        with lock:
            counted += 1
            if right:
                seen = right[0]
            else:
                wrong += 1


threads = [threading.Thread(target=compute) for _ in range(4)]
for thread in threads:
    thread.start()
print("ready", answers[0], flush=True)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "becomes":
        answers.append(int(rest))
        newest += 1
    elif word == "settled":
        oldest = newest
    elif word == "end":
        break
    print(f"{counted} computed, {wrong} wrong" if word == "count" else "ok", flush=True)
ending = True
for thread in threads:
    thread.join()
print(f"{counted} computed, {wrong} wrong", flush=True)
sys.exit(wrong != 0 or counted == 0)
