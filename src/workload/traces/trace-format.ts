/**
 * What a trace format is: something that opens its files and gives jobs, in the order of the file and on the file's own
 * clock. Everything that all formats need stands behind it: order (`in-order.ts`), load control (`load-control.ts`),
 * pods (`pods-of-jobs.ts`).
 */
import type { Micros } from '../../base/time.ts';
import type { PodSpec, ResourceList } from '../../cluster/objects.ts';
import type { TracePod } from './trace-pod.ts';
import type { ByteSource } from './byte-source.ts';
import type { TraceSettings } from './settings.ts';
import type { ProblemList } from './trace-reader.ts';

/** What pods of one job have in common with those of many others. Readers share these objects between like rows. */
export interface JobShape {
  /** A job without a name of its own is called `<nameBase>-<ordinal>`. */
  readonly nameBase: string;
  readonly namespace: string;
  readonly priority: number;
  readonly class: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly nodeAffinityAnyOf: TracePod['nodeAffinityAnyOf'];
  readonly requests: ResourceList;
  /** All of the pod's spec where the trace has it; requests, selector and affinity above are then part of it. */
  readonly spec: PodSpec | null;
}

/** One job: pods of one shape that arrive together. The object may be used again for the next job. */
export interface TraceJob {
  readonly shape: JobShape;
  /** null: by ordinal. */
  readonly name: string | null;
  readonly ordinal: number;
  /** Jobs of one batch are one arrival, such as the machines that a tenant starts at once. */
  readonly batch: number;
  /** On the file's own clock, which need not begin at 0. */
  readonly arrivalMicros: Micros;
  /** What its pods run for, by the rules of the format; null: for ever. */
  readonly durationMicros: Micros | null;
  /**
   * What the trace tells of the run time. `censored`: it still ran when the recording ended, `observedMicros` is how
   * long it had run. `unknown`: nothing, `durationMicros` is the rule's.
   */
  readonly runTime: 'whole' | 'censored' | 'unknown';
  /** How long it was seen to run; 0 where that is unknown. */
  readonly observedMicros: Micros;
  /** It ran already when the recording began: its run time has been seen in part only. */
  readonly startedBefore: boolean;
  readonly pods: number;
  /** -1: its only pod carries its name. Otherwise pods are called `<name>-<n>`, n from here. */
  readonly firstPod: number;
}

export interface FormatFile {
  readonly bytes: ByteSource;
  /** As in messages. */
  readonly name: string;
}

export interface FormatInput extends FormatFile {
  /** The file of another role; null: not given. To be asked once a role. */
  readonly other: (role: string) => FormatFile | null;
  readonly settings: TraceSettings;
  /** Root of the random streams, for what a trace leaves to chance. */
  readonly seed: string;
}

/** The machine that a trace's own header tells. */
export interface TraceMachine {
  readonly nodes: number;
  readonly cpuPerNode: number;
}

export interface JobReader {
  /**
   * The next job; null at the end. Mistakes go to `problems`, and a row with mistakes gives no job. Throws InputError
   * for what ends the reading.
   */
  next(problems: ProblemList): TraceJob | null;
  /** Rows read so far, those included that give no job. */
  readonly rowCount: number;
  /** Line of the job last given. */
  readonly line: number;
  /** Rows that were bent to the model or left out, with their number, a sentence each. Complete at the end. */
  notes(): readonly string[];
  /** Rows that give no job, for reasons that `notes` tells. */
  leftOutRows(): number;
  /** Counts that only this format has, by name. Complete at the end. */
  facts(): Readonly<Record<string, number>>;
  /** Known as soon as the first job is; null where the trace does not tell. */
  machine(): TraceMachine | null;
}

export interface TraceFormat {
  /** Throws InputError when the file is not of the format. */
  open(input: FormatInput): JobReader;
  /** Whether the first bytes of a file (as Latin-1, up to 4,096) look like this format. */
  recognises(head: string): boolean;
}
