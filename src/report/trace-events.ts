/**
 * A timeline in the Trace Event Format that Perfetto and chrome://tracing read: a JSON object with `traceEvents`, one
 * event a line. A group is a process there, a track a thread; times are microseconds as in a run, so they are exact.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsNchNAySU
 */
import type { TimelineFacts, TimelineSink, TimelineTrack } from '../experiment/timeline.ts';

/** Gives the text to `out` piece by piece; `end` closes it. */
export class TraceEventText implements TimelineSink {
  /** Events so far, names included. */
  events = 0;
  private readonly out: (text: string) => void;

  constructor(out: (text: string) => void) {
    this.out = out;
    out('{"traceEvents":[');
  }

  group(group: number, name: string): void {
    this.add(`"ph":"M","name":"process_name","pid":${String(group)},"args":${JSON.stringify({ name })}`);
    const order = { sort_index: group };
    this.add(`"ph":"M","name":"process_sort_index","pid":${String(group)},"args":${JSON.stringify(order)}`);
  }

  track(track: TimelineTrack, name: string, order: number): void {
    this.add(`"ph":"M","name":"thread_name",${place(track)},"args":${JSON.stringify({ name })}`);
    this.add(`"ph":"M","name":"thread_sort_index",${place(track)},"args":${JSON.stringify({ sort_index: order })}`);
  }

  slice(track: TimelineTrack, kind: string, name: string, from: number, to: number, facts: TimelineFacts): void {
    const times = `"ts":${String(from)},"dur":${String(to - from)}`;
    const [head, args] = [headOf(kind, name), JSON.stringify(facts)];
    this.add(`"ph":"X",${head},${place(track)},${times},"args":${args}`);
  }

  mark(track: TimelineTrack, kind: string, name: string, at: number, facts: TimelineFacts): void {
    const args = JSON.stringify(facts);
    this.add(`"ph":"i","s":"t",${headOf(kind, name)},${place(track)},"ts":${String(at)},"args":${args}`);
  }

  counter({ group }: TimelineTrack, name: string, at: number, value: number): void {
    const head = `"ph":"C","name":${JSON.stringify(name)},"pid":${String(group)},"ts":${String(at)}`;
    this.add(`${head},"args":${JSON.stringify({ value })}`);
  }

  /** `about`: what the file is of. */
  end(about: Readonly<Record<string, unknown>>): void {
    this.out(`\n],"displayTimeUnit":"ms","otherData":${JSON.stringify(about)}}\n`);
  }

  private add(members: string): void {
    this.out(`${this.events++ === 0 ? '' : ','}\n{${members}}`);
  }
}

function headOf(kind: string, name: string): string {
  return `"cat":${JSON.stringify(kind)},"name":${JSON.stringify(name)}`;
}

function place({ group, id }: TimelineTrack): string {
  return `"pid":${String(group)},"tid":${String(id)}`;
}
