/**
 * One file of recorded decisions against our scheduler: fed line by line, told suite by suite. A header line starts a
 * new scenario on an empty cluster. Pure: reading files, timing and printing are the caller's part.
 */
import { InputError } from '../base/input-error.ts';
import { ONLY_UTC } from '../controllers/zoned-time.ts';
import type { TimeZones } from '../controllers/zoned-time.ts';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS, versionOfRelease } from '../cluster/kubernetes-versions.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { canReplayControlPlaneCase, replayControlPlaneCase } from './control-plane.ts';
import type { RecordedCase } from './control-plane.ts';
import { DecisionReplay } from './decision-replay.ts';
import { QueueReplay } from './queue-replay.ts';
import { StreamReplay } from './stream-replay.ts';
import { SuiteTally } from './suite-tally.ts';
import type { Finding, SuiteResult } from './suite-tally.ts';
import { VECTOR_FORMAT } from './vector-lines.ts';
import type { QueueLine, VectorHeader, VectorLine } from './vector-lines.ts';

export interface ConformanceOptions {
  /** All plugins that a recording's configuration may name. */
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** true: without the scheduler's caches. Answers must be the same. */
  readonly plain?: boolean;
  /** true: recompute the cluster's aggregates after every decision; a mistake there breaks off the scenario. */
  readonly check?: boolean;
  /** Differences kept in full for each suite; all are counted. Default 20. */
  readonly keptDifferences?: number;
  /** Rules of time zones, which schedules are read with. Default: UTC alone is known. */
  readonly timeZones?: TimeZones;
}

/** Eleven days and a half. */
const MOST_MILLIS = 1_000_000_000;

/** Takes the lines of a scenario after its header. */
interface Replay {
  line(content: unknown, number: number): void;
}

export class ConformanceRun {
  private readonly file: string;
  private readonly options: ConformanceOptions;
  private readonly tallies = new Map<string, SuiteTally>();
  private lineNumber = 0;
  private header: VectorHeader | null = null;
  private replay: Replay | null = null;
  /** Of the last line of a whole-queue recording. */
  private lastMillis = 0;

  /** `file` is for messages only. */
  constructor(file: string, options: ConformanceOptions) {
    this.file = file;
    this.options = options;
  }

  /** One line of the file, in order. Throws an InputError for what is no recording. */
  line(text: string): void {
    this.lineNumber++;
    if (text.trim() === '') return;
    const content = this.parse(text);
    if ('format' in content) return this.start(content as unknown as VectorHeader);
    if (this.header === null) throw this.mistake('expected a header with "format" as the first line');
    if (this.replay === null) return;
    try {
      this.replay.line(content, this.lineNumber);
    } catch (error) {
      if (error instanceof InputError) throw error;
      this.breakOff(error);
    }
  }

  /** In order of first appearance. */
  results(): SuiteResult[] {
    return [...this.tallies.values()].map((tally) => tally.result());
  }

  private parse(text: string): Readonly<Record<string, unknown>> {
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw this.mistake(`expected one JSON object a line: ${error instanceof Error ? error.message : 'not JSON'}`);
    }
    if (typeof content !== 'object' || content === null || Array.isArray(content))
      throw this.mistake('expected one JSON object a line');
    return content as Readonly<Record<string, unknown>>;
  }

  private start(header: VectorHeader): void {
    if (header.format !== VECTOR_FORMAT)
      throw this.mistake(`expected format "${VECTOR_FORMAT}", found ${JSON.stringify(header.format)}`);
    if (typeof header.suite !== 'string') throw this.mistake('the header names no suite');
    this.header = header;
    this.lastMillis = 0;
    let tally = this.tallies.get(header.suite);
    if (tally === undefined)
      this.tallies.set(
        header.suite,
        (tally = new SuiteTally(header.suite, this.file, this.options.keptDifferences ?? 20)),
      );
    try {
      this.replay = this.replayOf(header, tally);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { file, lineNumber: line } = this;
      throw new InputError(
        error.problems.map((problem) => ({ ...problem, file, line, path: belowConfig(problem.path) })),
      );
    }
  }

  private replayOf(header: VectorHeader, tally: SuiteTally): Replay {
    const { suite } = header;
    if (header.config === undefined) return this.controlPlaneReplay(suite, tally);
    const kubernetes =
      header.kubernetes === undefined ? DEFAULT_KUBERNETES_VERSION : versionOfRelease(header.kubernetes);
    if (kubernetes === undefined) return this.unknownRelease(header.kubernetes ?? '', tally);
    const { registry, plain = false, check = false } = this.options;
    const settings = { registry, kubernetes, plain, check };
    if (suite.startsWith('queue-')) {
      const replay = new QueueReplay(header, settings, tally);
      return {
        line: (content, number) => {
          this.checkTime((content as Partial<QueueLine>).atMillis);
          replay.line(content as QueueLine, number);
        },
      };
    }
    const replay = suite.startsWith('stream-')
      ? new StreamReplay(header, settings, tally)
      : new DecisionReplay(header, settings, tally);
    return { line: (content, number) => replay.line(content as VectorLine, number) };
  }

  /** Every second up to a line's time is played: a time without bounds would take for ever. */
  private checkTime(atMillis: unknown): void {
    const { lastMillis } = this;
    const isTime = typeof atMillis === 'number' && Number.isSafeInteger(atMillis * 1000);
    if (!isTime || atMillis < 0 || atMillis > MOST_MILLIS) {
      throw this.mistake(
        `atMillis is out of range: expected milliseconds from 0 to ${String(MOST_MILLIS)}, found ${JSON.stringify(atMillis) ?? 'nothing'}`,
      );
    }
    if (atMillis < lastMillis)
      throw this.mistake(
        `atMillis goes back: expected at least ${String(lastMillis)} as in the line before, found ${String(atMillis)}`,
      );
    this.lastMillis = atMillis;
  }

  /** Nobody knows the rules of that scheduler. */
  private unknownRelease(release: string, tally: SuiteTally): Replay {
    tally.skipped = `recorded with Kubernetes ${release}; known are ${KUBERNETES_VERSIONS.join(' and ')}`;
    return { line: () => undefined };
  }

  /**
   * Recordings of other components carry no scheduler configuration; of some suites a few kinds of cases are
   * replayed.
   */
  private controlPlaneReplay(suite: string, tally: SuiteTally): Replay {
    tally.skipped = `nothing of suite ${suite} is replayed`;
    return {
      line: (content, number) => {
        const recorded = content as RecordedCase;
        if (!canReplayControlPlaneCase(suite, recorded.kind)) return tally.leaveOut(recorded.kind);
        tally.skipped = '';
        tally.decide(number, null, recorded.id, this.replayCase(suite, recorded));
      },
    };
  }

  /** Cases are strangers to each other: a crash in one is a difference of that one. */
  private replayCase(suite: string, recorded: RecordedCase): readonly Finding[] {
    try {
      const { equal, expected, got } = replayControlPlaneCase(suite, recorded, {
        timeZones: this.options.timeZones ?? ONLY_UTC,
      });
      return equal ? [] : [{ part: recorded.kind, expected, got }];
    } catch (error) {
      return [{ part: recorded.kind, expected: recorded.out, got: failureText(error) }];
    }
  }

  /** A crash of the replay is a difference; the rest of the scenario cannot be judged. */
  private breakOff(error: unknown): void {
    const { header } = this;
    if (header === null) return;
    const finding = { part: 'failure', expected: 'an answer', got: failureText(error) };
    this.tallies.get(header.suite)?.decide(this.lineNumber, header.seed ?? null, 'the rest of the scenario', [finding]);
    this.replay = null;
  }

  private mistake(message: string): InputError {
    return new InputError({ file: this.file, line: this.lineNumber, message });
  }
}

/** A mistake of the configuration as a whole has no path of its own. */
function belowConfig(path = ''): string {
  return path === '' ? 'config' : `config.${path}`;
}

function failureText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

export type { Difference, SuiteResult } from './suite-tally.ts';
