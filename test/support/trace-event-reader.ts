/** Reads a trace-event file as strictly as a viewer would: every event of a known kind, whole, and on a named track. */
import { expect } from 'vitest';
import { compareKeys } from '../../src/report/format.ts';

export interface TraceSlice {
  readonly cat: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, unknown>>;
}
export type TraceMark = Omit<TraceSlice, 'dur'>;
export interface TraceCounter {
  readonly name: string;
  readonly ts: number;
  readonly value: number;
}

export interface TraceThread {
  readonly pid: number;
  readonly name: string;
}

export interface ReadTrace {
  readonly about: Readonly<Record<string, unknown>>;
  readonly slices: readonly TraceSlice[];
  readonly marks: readonly TraceMark[];
  readonly counters: readonly TraceCounter[];
  /** By pid. */
  readonly processes: ReadonlyMap<number, string>;
  /** By tid, which no two processes share. */
  readonly threads: ReadonlyMap<number, TraceThread>;
}

type Event = Readonly<Record<string, unknown>>;

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  X: ['args', 'cat', 'dur', 'name', 'ph', 'pid', 'tid', 'ts'],
  i: ['args', 'cat', 'name', 'ph', 'pid', 's', 'tid', 'ts'],
  C: ['args', 'name', 'ph', 'pid', 'ts'],
};

export function readTrace(text: string): ReadTrace {
  const file = JSON.parse(text) as { readonly traceEvents: readonly Event[]; readonly otherData: Event };
  expect(Object.keys(file).sort(compareKeys)).toEqual(['displayTimeUnit', 'otherData', 'traceEvents']);
  const processes = new Map<number, string>();
  const threads = new Map<number, TraceThread>();
  for (const event of file.traceEvents.filter(({ ph }) => ph === 'M')) readName(event, processes, threads);
  const events = file.traceEvents.filter(({ ph }) => ph !== 'M');
  for (const event of events) {
    expect(Object.keys(event).sort(compareKeys)).toEqual(MEMBERS[event['ph'] as string]);
    for (const time of [event['ts'], event['dur'] ?? 0]) {
      expect(Number.isSafeInteger(time) && (time as number) >= 0, JSON.stringify(event)).toBe(true);
    }
    expect(processes.has(event['pid'] as number)).toBe(true);
    if (event['ph'] !== 'C') expect(threads.get(event['tid'] as number)?.pid).toBe(event['pid']);
  }
  expectInOrder(events.filter(({ ph }) => ph === 'X') as unknown as TraceSlice[]);
  return {
    about: file.otherData,
    slices: events.filter(({ ph }) => ph === 'X') as unknown as TraceSlice[],
    marks: events.filter(({ ph }) => ph === 'i') as unknown as TraceMark[],
    counters: events.filter(({ ph }) => ph === 'C').map(({ name, ts, args }) => (
      { name: name as string, ts: ts as number, value: (args as { readonly value: number }).value }
    )),
    processes,
    threads,
  };
}

/** Slices of a track stand in order of time, so a viewer may read them as they come. */
function expectInOrder(slices: readonly TraceSlice[]): void {
  const last = new Map<number, number>();
  const wrong = slices.filter(({ tid, ts }) => {
    const isLate = ts < (last.get(tid) ?? 0);
    last.set(tid, ts);
    return isLate;
  });
  expect(wrong).toEqual([]);
}

function readName(event: Event, processes: Map<number, string>, threads: Map<number, TraceThread>): void {
  const { name, pid, tid, args } = event as unknown as TraceSlice;
  if (name.endsWith('_sort_index')) {
    // A signed number of 32 bits in the viewer.
    expect(Math.abs(args['sort_index'] as number)).toBeLessThan(2 ** 31);
    return;
  }
  expect(args['name']).toMatch(/./);
  if (name === 'process_name') {
    expect(processes.has(pid)).toBe(false);
    processes.set(pid, args['name'] as string);
    return;
  }
  expect(name).toBe('thread_name');
  expect(threads.has(tid)).toBe(false);
  threads.set(tid, { pid, name: args['name'] as string });
}

/** Pairs of slices of one track that lie over each other; slices that only touch do not. */
export function overlaps(slices: readonly TraceSlice[]): readonly (readonly [TraceSlice, TraceSlice])[] {
  const byTrack = new Map<number, TraceSlice[]>();
  for (const slice of slices) byTrack.set(slice.tid, [...(byTrack.get(slice.tid) ?? []), slice]);
  const found: (readonly [TraceSlice, TraceSlice])[] = [];
  for (const own of byTrack.values()) {
    own.sort((a, b) => a.ts - b.ts || a.dur - b.dur);
    for (let i = 1; i < own.length; i++) {
      if (own[i].ts < own[i - 1].ts + own[i - 1].dur) found.push([own[i - 1], own[i]]);
    }
  }
  return found;
}
