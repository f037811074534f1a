/**
 * What the methods of a plugin may answer. Each check gives the answer as the framework takes it, or throws an
 * UnlikeAnswer. Code that comes with an answer runs here and not later, where nobody would know whose it is.
 */
import { CODE_NAMES, Code } from './status.ts';
import type { Status } from './status.ts';

/** The answer is none; what was expected and what was found. */
export class UnlikeAnswer extends Error {
  override readonly name = 'UnlikeAnswer';
}

const STATUS = 'null or a status { code, reasons, plugin }, such as unschedulable(name, reason)';

/** Success may also be said by its code. */
export function expectStatus(answer: unknown): Status | null {
  if (answer === null) return null;
  if (!isRecord(answer) || isPromise(answer)) throw unlike(STATUS, answer);
  const { code } = answer;
  if (code === undefined) throw unlike(STATUS, answer);
  const isCode = typeof code === 'number' && CODE_NAMES[code] !== undefined;
  if (!isCode) throw unlike('a status whose code is one of Code', code);
  if (code === Code.Success) return null;
  const { reasons, plugin } = answer;
  if (!Array.isArray(reasons)) throw unlike('a status whose reasons are a list of texts', reasons);
  for (const reason of reasons as readonly unknown[]) {
    if (typeof reason !== 'string') throw unlike('a status whose reasons are texts', reason);
  }
  if (typeof plugin !== 'string') throw unlike('a status whose plugin is a name', plugin);
  return answer as unknown as Status;
}

export function expectNumber(answer: unknown, least: number, most: number): number {
  if (typeof answer === 'number' && Number.isFinite(answer) && answer >= least && answer <= most) return answer;
  const range = Number.isFinite(most) ? ` from ${String(least)} to ${String(most)}` : '';
  throw unlike(`a number${range}`, answer);
}

export function expectNormalized(scores: Float64Array): void {
  for (const score of scores) {
    if (!(score >= 0 && score <= 100)) throw unlike('scores from 0 to 100 afterwards', score);
  }
}

export function expectTruth(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  throw unlike('true or false', answer);
}

export function expectWord(answer: unknown, words: readonly string[]): unknown {
  if (typeof answer === 'string' && words.includes(answer)) return answer;
  throw unlike(words.map((word) => JSON.stringify(word)).join(' or '), answer);
}

export function expectList(answer: unknown): unknown {
  const isList = Array.isArray(answer)
    && (answer as readonly unknown[]).every((entry) => isRecord(entry) && isRecord(entry['event']));
  const list = answer as readonly Readonly<Record<string, unknown>>[];
  if (isList) return list.map(({ event, hint }) => ({ event, hint }));
  throw unlike('a list of { event, hint }', answer);
}

/** What the answer is matters to nobody; a promise does, since nobody waits for it. */
export function expectNothing(answer: unknown): void {
  if (isPromise(answer)) throw unlike('no answer', answer);
}

export function expectPreFilter(answer: unknown): unknown {
  const { status, nodeNames } = expectMembers(answer, 'status', 'nodeNames');
  if (nodeNames !== null && !(nodeNames instanceof Set)) {
    throw unlike('nodeNames: a Set of names, or null for all nodes', nodeNames);
  }
  return { status: expectStatus(status), nodeNames: nodeNames === null ? null : plainSet(nodeNames) };
}

export function expectPostFilter(answer: unknown): unknown {
  const { status, nominatedNodeName } = expectMembers(answer, 'status', 'nominatedNodeName');
  if (nominatedNodeName !== null && typeof nominatedNodeName !== 'string') {
    throw unlike('nominatedNodeName: a name, or null to leave it as it is', nominatedNodeName);
  }
  return { ...answer as object, status: expectStatus(status), nominatedNodeName };
}

export function expectPermit(answer: unknown): unknown {
  const { status, timeoutMicros } = expectMembers(answer, 'status', 'timeoutMicros');
  const checked = expectStatus(status);
  if (checked?.code === Code.Wait) expectMicros('timeoutMicros', timeoutMicros);
  return { status: checked, timeoutMicros };
}

export function expectPreBind(answer: unknown): unknown {
  if (!isRecord(answer) || !('afterMicros' in answer)) return expectStatus(answer);
  expectMicros('afterMicros', answer['afterMicros']);
  return answer;
}

const DEPENDENCES: readonly unknown[] = ['facts', 'node', 'cluster', undefined];

export function expectDependence(declared: unknown): void {
  if (!isRecord(declared)) throw unlike("{ filter, score }, each 'facts', 'node' or 'cluster'", declared);
  const { filter, score } = declared;
  for (const value of [filter, score]) {
    if (!DEPENDENCES.includes(value)) throw unlike("{ filter, score }, each 'facts', 'node' or 'cluster'", value);
  }
}

export function expectRows(answer: unknown): unknown {
  if (answer instanceof Set) return plainSet(answer);
  throw unlike('a Set of rows', answer);
}

/** One that nobody has given another way to be walked. */
function plainSet(set: ReadonlySet<unknown>): ReadonlySet<unknown> {
  const isPlain = Object.getPrototypeOf(set) === Set.prototype && Object.getOwnPropertyNames(set).length === 0;
  return isPlain && !Object.hasOwn(set, Symbol.iterator) ? set : new Set(set);
}

/** Ten years, beyond which no run goes. */
const MOST_MICROS = 10 * 366 * 86_400 * 1_000_000;

function expectMicros(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && (value <= MOST_MICROS || value === Infinity)) return;
  throw unlike(`${name}: microseconds from 0`, value);
}

function expectMembers(answer: unknown, ...names: readonly string[]): Readonly<Record<string, unknown>> {
  const isWhole = isRecord(answer) && !isPromise(answer) && names.every((name) => answer[name] !== undefined);
  if (!isWhole) throw unlike(`an object { ${names.join(', ')} }`, answer);
  return answer;
}

/** What a factory has created. */
export function expectPlugin(answer: unknown): unknown {
  if (isRecord(answer) && !('then' in answer)) return answer;
  throw unlike('an object with methods', answer);
}

function unlike(expected: string, answer: unknown): UnlikeAnswer {
  return new UnlikeAnswer(`expected ${expected}, found ${found(answer)}`);
}

/** A value in few words. */
export function found(value: unknown): string {
  if (isPromise(value)) return 'a promise: plugins answer at once';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `the BigInt ${String(value)}n`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`;
  if (Array.isArray(value)) return `a list of ${String(value.length)}`;
  if (isRecord(value)) return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing in it'}`;
  return String(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isPromise(value: unknown): boolean {
  return isRecord(value) && typeof value['then'] === 'function';
}
