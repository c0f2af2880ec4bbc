int answer(int x) { return x * 3 + 2; }
