/*
 * The bench workloads in C: what the same machine does without a model in between.
 *
 *   workloads NAME SECONDS THREADS
 *
 * prints one JSON object: operations and weak outcomes per second, retries per operation.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE 64
#define MAX_THREADS 64

struct area {
	uint32_t version, pad0;
	uint64_t tsc_timestamp, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad[2];
} __attribute__((aligned(LINE)));

static volatile struct area clock_area = { 2, 0, 1000, 5000, 0xde9bd37a, -1, 1, { 0 } };
static volatile uint64_t tick __attribute__((aligned(LINE))) = 123456789;
static _Atomic uint64_t last_value __attribute__((aligned(LINE)));
static volatile uint32_t eoi_word __attribute__((aligned(LINE)));
static _Atomic int go __attribute__((aligned(LINE))), stop;

struct result {
	uint64_t operations, retries;
	uint64_t sink;
} __attribute__((aligned(LINE)));
static struct result results[MAX_THREADS];

#define compiler_barrier() __asm__ __volatile__("" ::: "memory")

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint64_t scale(uint64_t delta, uint32_t mul, int8_t shift)
{
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return (uint64_t)(((unsigned __int128)delta * mul) >> 32);
}

static uint64_t read_clock(struct result *r, int stable)
{
	uint64_t time;
	for (;;) {
		uint32_t version = clock_area.version & ~1u;
		compiler_barrier();
		time = clock_area.system_time +
		       scale(tick - clock_area.tsc_timestamp, clock_area.mul, clock_area.shift);
		compiler_barrier();
		if (clock_area.version == version)
			break;
		r->retries++;
	}
	if (stable)
		return time;
	uint64_t last = atomic_load_explicit(&last_value, memory_order_relaxed);
	while (time > last)
		if (atomic_compare_exchange_weak(&last_value, &last, time))
			return time;
	return last;
}

static void wait_for_go(void)
{
	while (!atomic_load(&go))
		;
}

static void *clock_reader(void *arg)
{
	struct result *r = arg;
	wait_for_go();
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		for (int i = 0; i < 64; i++, r->operations++)
			r->sink += read_clock(r, 1);
	return NULL;
}

static void *fallback_reader(void *arg)
{
	struct result *r = arg;
	wait_for_go();
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		for (int i = 0; i < 64; i++, r->operations++) {
			tick++;
			r->sink += read_clock(r, 0);
		}
	return NULL;
}

static void publish(void)
{
	uint32_t version = clock_area.version;
	clock_area.version = version + 1;
	compiler_barrier();
	clock_area.tsc_timestamp += 10;
	clock_area.system_time += 5;
	compiler_barrier();
	clock_area.version = version + 2;
}

static void *full_rate_writer(void *arg)
{
	(void)arg;
	wait_for_go();
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		publish();
	return NULL;
}

static void *paced_writer(void *arg)
{
	(void)arg;
	wait_for_go();
	for (double next = now(); !atomic_load_explicit(&stop, memory_order_relaxed);) {
		publish();
		next += 10e-6;
		while (now() < next && !atomic_load_explicit(&stop, memory_order_relaxed))
			;
	}
	return NULL;
}

static void *eoi_setter(void *arg)
{
	(void)arg;
	wait_for_go();
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		if (eoi_word == 0)
			eoi_word = 1;
	return NULL;
}

static void *eoi_clearer(void *arg)
{
	struct result *r = arg;
	wait_for_go();
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		if (eoi_word == 0)
			continue;
		unsigned char old;
		__asm__ __volatile__("btrl $0, %1; setc %0"
				     : "=q"(old), "+m"(eoi_word)
				     :
				     : "memory", "cc");
		r->operations += old;
	}
	return NULL;
}

#define BATCH 256
static volatile int sb_x[BATCH] __attribute__((aligned(4096)));
static volatile int sb_y[BATCH] __attribute__((aligned(4096)));
static int sb_r[2][BATCH] __attribute__((aligned(4096)));
static _Atomic int sb_arrived __attribute__((aligned(LINE))), sb_generation;

static int sb_barrier(void)
{
	int generation = atomic_load(&sb_generation);
	if (atomic_fetch_add(&sb_arrived, 1) == 1) {
		atomic_store(&sb_arrived, 0);
		atomic_fetch_add(&sb_generation, 1);
		return !atomic_load(&stop);
	}
	while (atomic_load(&sb_generation) == generation)
		if (atomic_load_explicit(&stop, memory_order_relaxed))
			return 0;
	return !atomic_load(&stop);
}

static void *store_buffering(void *arg)
{
	struct result *r = arg;
	int me = r == &results[1];
	volatile int *mine = me ? sb_y : sb_x, *other = me ? sb_x : sb_y;
	wait_for_go();
	while (sb_barrier()) {
		for (int i = 0; i < BATCH; i++) {
			mine[i] = 1;
			sb_r[me][i] = other[i];
		}
		if (!sb_barrier())
			break;
		if (me)
			continue;
		for (int i = 0; i < BATCH; i++) {
			r->retries += !sb_r[0][i] && !sb_r[1][i];
			sb_x[i] = sb_y[i] = 0;
		}
		r->operations += BATCH;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: workloads NAME SECONDS THREADS\n");
		return 2;
	}
	const char *name = argv[1];
	double seconds = atof(argv[2]);
	int threads = atoi(argv[3]), extra = 0;
	void *(*body)(void *) = clock_reader, *(*other)(void *) = NULL;
	if (threads < 1 || threads > MAX_THREADS - 1)
		return 2;
	if (!strcmp(name, "pvclock-read-paced-writer"))
		other = paced_writer;
	else if (!strcmp(name, "pvclock-read-full-rate-writer"))
		other = full_rate_writer;
	else if (!strcmp(name, "last-value-clock"))
		body = fallback_reader;
	else if (!strcmp(name, "pv-eoi-ping-pong"))
		body = eoi_clearer, other = eoi_setter, threads = 1;
	else if (!strcmp(name, "store-buffering"))
		body = store_buffering, threads = 2;
	else if (strcmp(name, "pvclock-read-solo"))
		return 2;
	pthread_t ids[MAX_THREADS];
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, body, &results[i]);
	if (other != NULL)
		pthread_create(&ids[threads], NULL, other, &results[threads]), extra = 1;
	struct timespec pause = { (time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9) };
	double from = now();
	atomic_store(&go, 1);
	nanosleep(&pause, NULL);
	atomic_store(&stop, 1);
	double elapsed = now() - from;
	uint64_t operations = 0, retries = 0;
	for (int i = 0; i < threads + extra; i++) {
		pthread_join(ids[i], NULL);
		operations += results[i].operations;
		retries += results[i].retries;
	}
	printf("{\"operationsPerSecond\":%.0f,\"retriesPerSecond\":%.0f}\n", operations / elapsed,
	       retries / elapsed);
	return 0;
}
