/**
 * What SimKube recorded of a cluster: objects as they were applied and deleted, in MessagePack or as JSON. Objects with
 * a pod template become the pods that stood by it. The whole trace is read before the first pod is given. See
 * docs/formats/simkube.md.
 */
import { InputError } from '../../../base/input-error.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../base/time.ts';
import type { ByteSource } from '../byte-source.ts';
import { makeJob } from '../make-job.ts';
import { decodeMsgpack } from '../msgpack.ts';
import { MAX_SECONDS } from '../row-cells.ts';
import { RunTimeRule, type RunTime } from '../run-time-rule.ts';
import { shapeOfTemplate, type TemplateShapes } from '../template-shape.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';
import type { ProblemList } from '../trace-reader.ts';

const MOST_BYTES = 400 * 1024 * 1024;
const MOST_REPLICAS = 1_000_000;
/** Kinds whose pods end by themselves. */
const RUN_TO_COMPLETION = ['Job'];

export const SIMKUBE: TraceFormat = {
  open: (input) => new SimKubeJobs(input),
  // A map of five entries whose first key is `version`, or the same as JSON.
  recognises: (head) =>
    head.startsWith('\u0085\u00a7version') || (/"pod_lifecycles"|"trackedObjects"/.test(head) && /^\s*\{/.test(head)),
};

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

interface Applied extends Named {
  readonly replicas: number;
  readonly templateText: string;
  readonly template: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

/** An object that stands, with its pods, the oldest first. */
interface Standing {
  readonly applied: Applied;
  readonly shape: JobShape;
  readonly startedMicros: Micros[];
}

class SimKubeJobs implements JobReader {
  /** Objects applied or deleted. */
  rowCount = 0;
  line = 0;
  private readonly input: FormatInput;
  private readonly tally = new Tally();
  private readonly rule: RunTimeRule;
  private readonly shapes: TemplateShapes = new Map();
  private readonly standing = new Map<string, Standing>();
  private readonly ordinals = new Map<string, number>();
  private readonly counts = { events: 0, applied: 0, deleted: 0, owners: 0 };
  /** Run times of pods by owner (`kind namespace/name`), in seconds, in order of start. */
  private lifecycles: ReadonlyMap<string, readonly (number | null)[]> = new Map();
  private jobs: TraceJob[] | null = null;
  private given = 0;

  constructor(input: FormatInput) {
    this.input = input;
    this.rule = new RunTimeRule(input.settings, this.tally, 'Pods');
  }

  next(problems: ProblemList): TraceJob | null {
    if (this.jobs === null) {
      this.jobs = [];
      this.read(problems);
      this.jobs.sort((a, b) => a.arrivalMicros - b.arrivalMicros);
    }
    return problems.count === 0 && this.given < this.jobs.length ? this.jobs[this.given++] : null;
  }

  notes(): readonly string[] {
    return this.tally.notes();
  }

  leftOutRows(): number {
    return this.tally.leftOutRows();
  }

  facts(): Readonly<Record<string, number>> {
    return { ...this.counts, owners: this.ordinals.size };
  }

  machine(): null {
    return null;
  }

  private read(problems: ProblemList): void {
    const { name } = this.input;
    const document = asFields(readDocument(this.input.bytes, name));
    const complain = (path: string, message: string): void => {
      problems.add({ file: name, message, path });
    };
    if (document['version'] !== 2)
      complain('version', `expected a trace of format 2, found ${JSON.stringify(document['version']) ?? 'none'}`);
    const events = document['events'];
    if (!Array.isArray(events)) return complain('events', 'expected a list of events');
    if (problems.count > 0) return;
    this.lifecycles = lifecyclesOf(document['pod_lifecycles']);
    let latest: Micros = -Infinity;
    for (const [index, value] of events.entries()) {
      const event = asFields(value);
      const micros = timeOf(event['ts']);
      if (Number.isNaN(micros)) {
        complain(
          `events[${String(index)}].ts`,
          `expected whole seconds from 0, found ${JSON.stringify(event['ts']) ?? 'none'}`,
        );
        continue;
      }
      if (micros < latest) this.tally.count('Events out of order of time, taken at the time of the one before');
      latest = Math.max(latest, micros);
      this.counts.events++;
      this.applyAll(event, latest, `events[${String(index)}]`, complain);
    }
    this.finish(latest);
  }

  private applyAll(
    event: Fields,
    micros: Micros,
    path: string,
    complain: (path: string, message: string) => void,
  ): void {
    for (const [key, act] of [
      ['applied_objs', 'apply'],
      ['deleted_objs', 'remove'],
    ] as const) {
      const objects = event[key];
      if (objects !== undefined && !Array.isArray(objects)) {
        complain(`${path}.${key}`, 'expected a list of objects');
        continue;
      }
      for (const [index, value] of (objects ?? []).entries()) {
        this.rowCount++;
        const place = `${path}.${key}[${String(index)}]`;
        const named = namedOf(asFields(value), place, complain);
        if (named === null) continue;
        this.counts[act === 'apply' ? 'applied' : 'deleted']++;
        if (act === 'remove') this.remove(named, micros);
        else this.apply(this.appliedOf(named, asFields(value), place, complain), micros);
      }
    }
  }

  /** null: wrong, or left out. */
  private appliedOf(
    named: Named,
    object: Fields,
    path: string,
    complain: (path: string, message: string) => void,
  ): Applied | null {
    const { kind } = named;
    const spec = asFields(object['spec']);
    const template = kind === 'Pod' ? object : asFields(spec['template']);
    if (kind === 'DaemonSet' || template['spec'] === undefined) {
      this.tally.leaveOut(`Objects of the kind ${kind} that are not followed, left out`);
      return null;
    }
    const replicas = kind === 'Pod' ? 1 : (spec['replicas'] ?? spec['completions'] ?? spec['parallelism'] ?? 1);
    if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0 || replicas > MOST_REPLICAS) {
      complain(
        `${path}.spec.replicas`,
        `expected a whole number from 0 to ${String(MOST_REPLICAS)}, found ${JSON.stringify(replicas)}`,
      );
      return null;
    }
    return { ...named, replicas, template, templateText: JSON.stringify(template['spec']) };
  }

  private apply(applied: Applied | null, micros: Micros): void {
    if (applied === null) return;
    const key = keyOf(applied);
    let own = this.standing.get(key);
    if (own !== undefined && own.applied.templateText !== applied.templateText) {
      this.tally.count('Changes of a pod template, at which all pods of the object are replaced at once');
      this.endPods(own, own.startedMicros.length, micros);
      own = undefined;
    }
    if (own === undefined) {
      const shape = shapeOfTemplate(
        applied.name,
        applied.namespace,
        applied.kind,
        applied.template,
        this.shapes,
        this.tally,
      );
      own = { applied, shape, startedMicros: [] };
      this.standing.set(key, own);
      if (!this.ordinals.has(key)) this.ordinals.set(key, 0);
    }
    const excess = own.startedMicros.length - applied.replicas;
    if (excess > 0) this.endPods(own, excess, micros);
    for (let i = excess; i < 0; i++) own.startedMicros.push(micros);
  }

  private remove(named: Named, micros: Micros): void {
    const key = keyOf(named);
    const own = this.standing.get(key);
    if (own === undefined) return this.tally.count('Objects deleted that were not there, passed over');
    this.endPods(own, own.startedMicros.length, micros);
    this.standing.delete(key);
  }

  /** The newest go first. */
  private endPods(own: Standing, count: number, micros: Micros): void {
    const ending = own.startedMicros.splice(own.startedMicros.length - count, count);
    for (const started of ending) this.append(own, started, (known) => known ?? this.rule.known(micros - started));
  }

  private finish(latest: Micros): void {
    for (const own of this.standing.values()) {
      for (const started of own.startedMicros) {
        const isService = !RUN_TO_COMPLETION.includes(own.applied.kind);
        this.append(
          own,
          started,
          (known) => known ?? (isService ? this.rule.censored(latest - started) : this.rule.unknown()),
        );
      }
    }
  }

  private append(own: Standing, startedMicros: Micros, runTimeOf: (recorded: RunTime | null) => RunTime | null): void {
    const key = keyOf(own.applied);
    const ordinal = this.ordinals.get(key) ?? 0;
    this.ordinals.set(key, ordinal + 1);
    const runTime = runTimeOf(this.recorded(key, ordinal));
    if (runTime === null) return;
    this.jobs?.push(makeJob(own.shape, ordinal, startedMicros, runTime, { batch: this.rowCount }));
  }

  /** What the trace tells of the object's pod of that number; as in SimKube, the list begins again behind its end. */
  private recorded(key: string, ordinal: number): RunTime | null {
    const list = this.lifecycles.get(key);
    const seconds = list === undefined || list.length === 0 ? null : list[ordinal % list.length];
    return seconds === null ? null : this.rule.known(seconds * MICROS_PER_SECOND);
  }
}

function namedOf(object: Fields, path: string, complain: (path: string, message: string) => void): Named | null {
  const { name, namespace } = asFields(object['metadata']);
  const { kind } = object;
  if (typeof kind === 'string' && typeof name === 'string')
    return { kind, name, namespace: typeof namespace === 'string' && namespace !== '' ? namespace : 'default' };
  complain(path, 'expected a Kubernetes object with kind and metadata.name');
  return null;
}

function keyOf({ kind, namespace, name }: Named): string {
  return `${kind} ${namespace}/${name}`;
}

function asFields(value: unknown): Fields {
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value as Map<unknown, unknown>, ([key, item]) => [String(key), item]));
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function timeOf(value: unknown): Micros {
  const isTime = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_SECONDS;
  return isTime ? value * MICROS_PER_SECOND : Number.NaN;
}

/**
 * Keys are pairs of kind (`apps/v1.Deployment`) and `namespace/name`; below each stand lists of lifecycles by the hash
 * of the pod's spec, which is not known here: all lists of an owner are one, in order of start.
 */
function lifecyclesOf(value: unknown): ReadonlyMap<string, readonly (number | null)[]> {
  const byOwner = new Map<string, (number | null)[]>();
  if (!(value instanceof Map)) return byOwner;
  for (const [key, lists] of value as Map<unknown, unknown>) {
    if (!Array.isArray(key) || key.length !== 2 || !(lists instanceof Map)) continue;
    const kind = String(key[0]).slice(String(key[0]).lastIndexOf('.') + 1);
    const lives = Array.from((lists as Map<unknown, unknown>).values()).flatMap((list) =>
      Array.isArray(list) ? list.map(lifeOf) : [],
    );
    const started = lives.filter(({ start }) => !Number.isNaN(start)).sort((a, b) => a.start - b.start);
    byOwner.set(
      `${kind} ${String(key[1])}`,
      started.map(({ seconds }) => seconds),
    );
  }
  return byOwner;
}

/** `Empty`, `{Running: start}` or `{Finished: [start, end]}`. */
function lifeOf(value: unknown): { readonly start: number; readonly seconds: number | null } {
  const { Running: running, Finished: finished } = asFields(value);
  if (Array.isArray(finished) && typeof finished[0] === 'number' && typeof finished[1] === 'number') {
    return { start: finished[0], seconds: Math.max(0, finished[1] - finished[0]) };
  }
  return { start: typeof running === 'number' ? running : Number.NaN, seconds: null };
}

function readDocument(source: ByteSource, file: string): unknown {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let bytes = source.read(); bytes !== null; bytes = source.read()) {
    parts.push(bytes.slice());
    length += bytes.length;
    if (length > MOST_BYTES)
      throw new InputError({ file, message: `more than ${String(MOST_BYTES)} bytes: such a trace is not read whole` });
  }
  if (length === 0) throw new InputError({ file, line: 1, message: 'the file is empty: expected a SimKube trace' });
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return isJson(whole) ? parseJson(whole, file) : plain(decodeMsgpack(whole, file));
}

/** Maps of texts as objects; others (the pod lifecycles) stay Maps. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const entries = Array.from(value as Map<unknown, unknown>, ([key, item]) => [key, plain(item)] as const);
  if (entries.length > 0 && entries.every(([key]) => typeof key === 'string')) return Object.fromEntries(entries);
  return new Map(entries);
}

function isJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef ? 3 : 0;
  while (at < bytes.length && bytes[at] <= 32) at++;
  return bytes[at] === 0x7b || bytes[at] === 0x5b;
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError({ file, message: 'bytes that are not UTF-8 text: expected a file saved as UTF-8' });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 100) : 'not JSON';
    const position = /position (\d+)/.exec(reason);
    const line = position === null ? text.split('\n').length : text.slice(0, Number(position[1])).split('\n').length;
    throw new InputError({ file, line, message: `broken JSON: ${reason}` });
  }
}
