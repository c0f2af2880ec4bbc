// Keeps a service busy on many connections and checks each answer: the agreed one, nothing else, none missing.
//
//   load PORT CONNECTIONS REQUEST ANSWER       (escapes \r and \n are understood in both)
//
// Commands on standard input, each answered by a line on standard output:
//   becomes ANSWER   waits until each connection has had the present answer; from now on the present answer or the new one
//                    is right, but once any connection has got the new one, no request sent after that may get the old one
//   settled          every request that is sent from now on must get the new answer; waits until each connection has
//   count            says how many requests were answered and what the longest wait for an answer was since "becomes"
//   end              stops, counts for the last time, and exits: 0 when every answer was right and none missing, else 1
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Generation 0 is the first answer, 1 the next, ... `floor` is the oldest that a request sent now may get, `ceiling`
// the newest that an answer read now may be, `reached[i]` what connection i has had.
enum { GENERATIONS = 16, LENGTH = 128, CONNECTIONS = 1000 };
static char answers[GENERATIONS][LENGTH];
static atomic_int floor_generation, ceiling_generation, reached[CONNECTIONS];
static atomic_ulong answered, wrong;
static atomic_ullong longest;
static atomic_bool ending;
static char request[LENGTH];
static int port, connections;
static pthread_mutex_t report = PTHREAD_MUTEX_INITIALIZER;

static void unescape(char *to, const char *from) {
  char *end = to + LENGTH - 1;
  for (; *from != '\0' && to < end; from++) {
    if (from[0] == '\\' && (from[1] == 'r' || from[1] == 'n'))
      *to++ = *++from == 'r' ? '\r' : '\n';
    else
      *to++ = *from;
  }
  *to = '\0';
}

static unsigned long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (unsigned long long)time.tv_sec * 1000000000ull + (unsigned long long)time.tv_nsec;
}

static void complain(const char *what, const char *got) {
  pthread_mutex_lock(&report);
  if (atomic_fetch_add(&wrong, 1) < 10) fprintf(stderr, "load: %s: '%s'\n", what, got);
  pthread_mutex_unlock(&report);
}

// Whether each connection has had an answer of this generation within ten seconds.
static bool everyone(int generation) {
  unsigned long long deadline = now() + 10000000000ull;
  struct timespec pause = {.tv_nsec = 1000000};
  for (int i = 0; i < connections; nanosleep(&pause, NULL)) {
    while (i < connections && atomic_load(&reached[i]) >= generation) i++;
    if (i < connections && (now() > deadline || atomic_load(&wrong) > 0)) return false;
  }
  return true;
}

static void *converse(void *argument) {
  atomic_int *mine = argument;
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct timeval patience = {.tv_sec = 10};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) return complain("no connection", ""), NULL;
  while (!atomic_load(&ending)) {
    int oldest = atomic_load(&floor_generation);
    unsigned long long sent = now();
    if (write(connection, request, strlen(request)) != (ssize_t)strlen(request)) return complain("not sent", request), NULL;
    char answer[LENGTH] = "";
    size_t length = 0;
    while (length == 0 || answer[length - 1] != '\n') {
      ssize_t count = read(connection, answer + length, sizeof answer - 1 - length);
      if (count <= 0) return complain("no answer after", answer), NULL;
      length += (size_t)count;
    }
    answer[length] = '\0';
    unsigned long long wait = now() - sent, before = atomic_load(&longest);
    while (wait > before && !atomic_compare_exchange_weak(&longest, &before, wait)) continue;
    int newest = atomic_load(&ceiling_generation), generation = oldest;
    while (generation <= newest && strcmp(answer, answers[generation]) != 0) generation++;
    if (generation > newest) {
      complain("wrong answer", answer);
    } else {
      atomic_store(mine, generation);
      while (generation > oldest && !atomic_compare_exchange_weak(&floor_generation, &oldest, generation)) continue;
    }
    atomic_fetch_add(&answered, 1);
  }
  close(connection);
  return NULL;
}

static void count(void) {
  int newest = atomic_load(&ceiling_generation), up_to_date = 0;
  for (int i = 0; i < connections; i++) up_to_date += atomic_load(&reached[i]) == newest;
  printf("%lu answered, %lu wrong or missing; %d of %d connections have the %s answer; longest wait %.2f ms\n",
         atomic_load(&answered), atomic_load(&wrong), up_to_date, connections, newest == 0 ? "first" : "new",
         (double)atomic_load(&longest) / 1e6);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: load PORT CONNECTIONS REQUEST ANSWER\n"), 64;
  port = atoi(argv[1]);
  connections = atoi(argv[2]);
  if (connections < 1 || connections > CONNECTIONS) return fprintf(stderr, "load: 1 to 1000 connections\n"), 64;
  unescape(request, argv[3]);
  unescape(answers[0], argv[4]);
  pthread_t *threads = calloc((size_t)connections, sizeof *threads);
  for (int i = 0; i < connections; i++) {
    atomic_store(&reached[i], -1);
    if (pthread_create(&threads[i], NULL, converse, &reached[i]) != 0) return perror("load"), 1;
  }
  char line[2 * LENGTH];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    int newest = atomic_load(&ceiling_generation);
    if (strncmp(line, "becomes ", 8) == 0 && newest + 1 < GENERATIONS) {
      if (!everyone(newest)) complain("a connection has not had", answers[newest]);
      unescape(answers[newest + 1], line + 8);
      atomic_store(&longest, 0);
      atomic_store(&ceiling_generation, newest + 1);
      count();
    } else if (strcmp(line, "settled") == 0) {
      atomic_store(&floor_generation, newest);
      if (!everyone(newest)) complain("a connection has not had", answers[newest]);
      count();
    } else if (strcmp(line, "count") == 0) {
      if (!everyone(atomic_load(&floor_generation))) complain("a connection has not had", answers[newest]);
      count();
    } else if (strcmp(line, "end") == 0) {
      break;
    } else {
      fprintf(stderr, "load: '%s' is not a command\n", line);
      return 64;
    }
  }
  atomic_store(&ending, true);
  for (int i = 0; i < connections; i++) pthread_join(threads[i], NULL);
  count();
  return atomic_load(&wrong) == 0 && atomic_load(&answered) > 0 ? 0 : 1;
}
