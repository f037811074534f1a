// EASY backfilling: by hand, against a plain twin that plans second by second, and against published schedules.
import { describe, expect, test } from 'vitest';
import { BACKFILL_POLICIES, backfill } from '../../src/experiment/backfill.ts';
import type { BackfillPolicy, BatchJob } from '../../src/experiment/backfill.ts';
import { batchSchedule } from '../../src/experiment/batch-report.ts';
import { compareWaits, policyOfSchedule } from '../../src/conformance/published-waits.ts';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { readBatchLog } from '../../src/workload/traces/batch-log.ts';
import { publishedTrace, WHY_SKIPPED } from '../support/published-traces.ts';

function job(submit: number, run: number, requested: number, processors: number): BatchJob {
  return { submit, run, requested, processors };
}

describe('by hand, on four processors', () => {
  test('a later job starts at once if it ends before the first in the queue could start', () => {
    const jobs = [job(0, 10, 10, 3), job(1, 5, 5, 4), job(2, 8, 8, 1), job(3, 9, 9, 1)];
    // The second waits for the first until 10; the third ends by then, the fourth would not.
    expect([...backfill(jobs, 4, 'easy')]).toEqual([0, 10, 2, 15]);
  });

  test('or if it takes what is left beside the first in the queue', () => {
    const jobs = [job(0, 10, 10, 2), job(1, 5, 5, 3), job(2, 50, 50, 1)];
    expect([...backfill(jobs, 4, 'easy')]).toEqual([0, 10, 2]);
  });

  test('who knows run times plans with them, who does not with what was asked for', () => {
    const jobs = [job(0, 10, 20, 3), job(1, 5, 5, 4), job(2, 7, 30, 1)];
    expect([...backfill(jobs, 4, 'easy')]).toEqual([0, 10, 15]);
    expect([...backfill(jobs, 4, 'easy-clairvoyant')]).toEqual([0, 10, 2]);
  });

  test('shortest first, when it is asked for', () => {
    const jobs = [job(0, 10, 10, 3), job(1, 5, 5, 4), job(2, 6, 6, 2), job(2, 7, 7, 1), job(2, 6, 6, 1)];
    expect([...backfill(jobs, 4, 'easy-clairvoyant')].slice(3)).toEqual([2, 15]);
    const later = [job(0, 10, 10, 4), job(1, 5, 5, 4), job(2, 3, 3, 4), job(2, 2, 2, 1), job(2, 1, 1, 1)];
    expect([...backfill(later, 4, 'easy-sjbf')]).toEqual([0, 10, 15, 18, 18]);
  });
});

/** Every second's processors in a list: free ones by the running jobs' estimates, from now on. */
class PlainTwin {
  private readonly starts: number[];
  private readonly queue: number[] = [];
  private readonly running = new Set<number>();
  private now = 0;
  private readonly jobs: readonly BatchJob[];
  private readonly processors: number;
  private readonly policy: BackfillPolicy;

  constructor(jobs: readonly BatchJob[], processors: number, policy: BackfillPolicy) {
    this.jobs = jobs;
    this.processors = processors;
    this.policy = policy;
    this.starts = jobs.map(() => NaN);
  }

  run(): number[] {
    const { jobs, starts, running } = this;
    const order: number[] = [];
    for (this.now = 0; starts.some(Number.isNaN) || running.size > 0; this.now++) {
      jobs.forEach(({ submit, processors }, index) => {
        if (submit !== this.now) return;
        this.queue.push(index);
        if (processors <= this.freeAt(this.now)) this.schedule(order);
      });
      for (const index of [...order]) {
        if (!running.has(index) || starts[index] + jobs[index].run !== this.now) continue;
        running.delete(index);
        this.schedule(order);
      }
    }
    return starts;
  }

  private estimate(index: number): number {
    return this.policy === 'easy' ? this.jobs[index].requested : this.jobs[index].run;
  }

  private freeAt(time: number, reserved: { readonly index: number; readonly at: number } | null = null): number {
    let free = this.processors;
    for (const index of this.running)
      if (time < this.starts[index] + this.estimate(index)) free -= this.jobs[index].processors;
    if (reserved !== null && time >= reserved.at && time < reserved.at + this.estimate(reserved.index))
      free -= this.jobs[reserved.index].processors;
    return free;
  }

  private start(index: number, order: number[]): void {
    this.queue.splice(this.queue.indexOf(index), 1);
    this.starts[index] = this.now;
    this.running.add(index);
    order.push(index);
  }

  private schedule(order: number[]): void {
    const { jobs, queue } = this;
    while (queue.length > 0 && jobs[queue[0]].processors <= this.freeAt(this.now)) this.start(queue[0], order);
    if (queue.length < 2) return;
    const head = queue[0];
    let at = this.now;
    while (this.freeAt(at) < jobs[head].processors) at++;
    const tail = queue.slice(1);
    if (this.policy === 'easy-sjbf') tail.sort((a, b) => jobs[a].run - jobs[b].run || a - b);
    for (const index of tail) {
      let fits = true;
      for (let time = this.now; time < this.now + this.estimate(index); time++) {
        if (this.freeAt(time, { index: head, at }) < jobs[index].processors) fits = false;
      }
      if (fits) this.start(index, order);
    }
  }
}

test.each(BACKFILL_POLICIES)('%s: as the plain twin, on drawn logs', (policy) => {
  const stream = new RandomStream(`backfill ${policy}`);
  const below = (limit: number): number => Math.floor(stream.next() * limit);
  for (let round = 0; round < 60; round++) {
    const processors = 2 + below(8);
    let submit = 0;
    const jobs = Array.from({ length: 25 }, () => {
      submit += below(5);
      const run = 1 + below(20);
      return job(submit, run, run + (below(2) === 0 ? 0 : below(20)), 1 + below(processors));
    });
    expect([...backfill(jobs, processors, policy)]).toEqual(new PlainTwin(jobs, processors, policy).run());
  }
});

const ROW = (
  number: number,
  submit: number,
  run: number,
  allocated: number,
  asked: number,
  limit: number,
  status = 1,
): string =>
  `${[number, submit, -1, run, allocated, -1, -1, asked, limit, -1, status, 1, 1, 1, 1, 1, -1, -1].join(' ')}\n`;

describe('a batch log', () => {
  test('gives jobs in order, with what was left out and bent', () => {
    const text = `; MaxProcs: 8\n${ROW(2, 5, 30, 4, 4, 20)}${ROW(1, 5, 10, 2, -1, -1)}${ROW(3, 1, 0, 1, 1, 5)}${ROW(4, 2, 5, -1, -1, 5)}${ROW(5, 3, 5, 9, 9, 5)}${ROW(6, 4, 5, 1, 1, 5, 2)}`;
    const log = readBatchLog(byteSourceOf(text), 'log.swf');
    expect(log.processors).toBe(8);
    expect(log.jobs.map(({ number, run, requested, processors }) => [number, run, requested, processors])).toEqual([
      [1, 10, 10, 2],
      [2, 20, 20, 4],
    ]);
    expect(log.notes).toHaveLength(6);
    const { report } = batchSchedule(log, 'log.swf', 'easy', '0');
    expect(report).toMatchObject({
      jobs: 2,
      processors: 8,
      waitSeconds: { mean: 0, max: 0 },
      meanBoundedSlowdown: 1,
      makespanSeconds: 20,
    });
    expect(report.utilization).toBeCloseTo(100 / 160, 9);
  });

  test('tells every mistake with its line', () => {
    const text = `; MaxProcs: 8\n1 2 3\n${ROW(1, 5, 10, 2, 2, 7).replace('5', 'soon')}${ROW(2, -5, 10, 2, 2, 7)}`;
    expect(() => readBatchLog(byteSourceOf(text), 'log.swf')).toThrow(
      /log\.swf:2: expected 18 numbers, found 3\nlog\.swf:3: field 2: submit time: expected seconds, found "soon"\nlog\.swf:4: field 2: submit time: expected seconds from 0, found "-5"/,
    );
    expect(() => readBatchLog(byteSourceOf(ROW(1, 5, 10, 2, 2, 7)), 'log.swf')).toThrow('expected MaxProcs');
  });
});

test('file names of published schedules tell the policy', () => {
  const names = [
    'KTH-SP2.easy.swf.gz',
    'a/b.easy-clairvoyant.swf',
    'x.easy-sjbf-clairvoyant.swf.gz',
    'KTH-SP2-1996-2.swf',
  ];
  expect(names.map(policyOfSchedule)).toEqual(['easy', 'easy-clairvoyant', 'easy-sjbf', null]);
});

for (const name of ['KTH-SP2.easy', 'KTH-SP2.easy-clairvoyant']) {
  test(`${name}: each wait as published`, (context) => {
    const path = publishedTrace(`easy-oracle/${name}.swf.gz`);
    if (path === null) return context.skip(WHY_SKIPPED);
    const log = readBatchLog(openTraceFile(path), path);
    const { decisions, equal } = compareWaits(name, path, log, policyOfSchedule(path) ?? 'easy', 3);
    expect([decisions, equal]).toEqual([28_481, 28_481]);
  });
}
