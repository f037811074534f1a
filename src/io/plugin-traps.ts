/**
 * While traps are set, what a user's plugin calls of the process during its own calls is seen: asking for chance or
 * time that no seed gives is counted and told in the report; ending the process, and leaving work for later, ends the
 * run with a message. Everybody else's calls go through untouched.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { refuse, runningPlugin } from '../scheduler/framework/plugin-watch.ts';

type AnyFunction = (this: unknown, ...values: unknown[]) => unknown;
type Owner = Record<string, unknown>;

const UNSTEADY_OF_CRYPTO = ['getRandomValues', 'randomUUID', 'randomBytes', 'randomInt', 'randomFillSync'];
const LATER = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
const ENDS = ['exit', 'reallyExit', 'abort', 'kill'];

let isSet = 0;
let undo: (() => void)[] = [];

/** Gives what takes them away again; they stay as long as anybody wants them. */
export function setPluginTraps(): () => void {
  if (isSet++ === 0) trapAll();
  let isMine = true;
  return () => {
    if (!isMine) return;
    isMine = false;
    if (--isSet > 0) return;
    for (const act of undo.reverse()) act();
    undo = [];
    syncBuiltinESMExports();
  };
}

function trapAll(): void {
  const require = createRequire(import.meta.url);
  const sources = [globalThis.crypto, require('node:crypto') as Owner];
  count(Math, 'random', 'Math.random');
  count(performance, 'now', 'performance.now');
  countHighResolution();
  countDates();
  for (const owner of sources) for (const name of UNSTEADY_OF_CRYPTO) count(owner, name, `crypto.${name}`);
  const timers = [globalThis, require('node:timers') as Owner];
  for (const owner of timers) for (const name of LATER) forbid(owner, name, name);
  forbid(process, 'nextTick', 'process.nextTick');
  for (const name of ENDS) forbid(process, name, `process.${name}`);
  syncBuiltinESMExports();
}

function count(owner: object, name: string, told: string): void {
  replace(owner, name, (original) => function trapped(this: unknown, ...values) {
    runningPlugin()?.noteUnsteady(told);
    return original.apply(this === undefined ? owner : this, values);
  });
}

function forbid(owner: object, name: string, told: string): void {
  const isLater = !told.startsWith('process.') || name === 'nextTick';
  replace(owner, name, (original) => function trapped(this: unknown, ...values) {
    if (runningPlugin() !== null) {
      const [value] = values;
      const call = `called ${told}(${typeof value === 'number' && !isLater ? String(value) : ''})`;
      refuse(isLater ? `${call}: plugins answer at once, and nobody waits for what comes later` : call);
    }
    return original.apply(this === undefined ? owner : this, values);
  });
}

/** `process.hrtime` has a member of its own. */
function countHighResolution(): void {
  const { hrtime } = process;
  count(hrtime, 'bigint', 'process.hrtime.bigint');
  replace(process, 'hrtime', (original) => {
    const trapped: AnyFunction = (...values) => {
      runningPlugin()?.noteUnsteady('process.hrtime');
      return original.apply(process, values);
    };
    return Object.assign(trapped, { bigint: () => hrtime.bigint() });
  });
}

/** A Date of a given time is as good as any other value. */
function countDates(): void {
  const note = (): void => runningPlugin()?.noteUnsteady('Date');
  const now = (): number => {
    note();
    return RealDate.now();
  };
  const RealDate = Date;
  const trapped = new Proxy(RealDate, {
    construct: (target, values, newTarget) => {
      if (values.length === 0) note();
      return Reflect.construct(target, values, newTarget) as object;
    },
    apply: (target) => {
      note();
      return target();
    },
    get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
  });
  replace(globalThis, 'Date', () => trapped);
}

/** The function under the name, by another one; nothing where there is none. */
function replace(owner: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const original = (owner as Owner)[name];
  if (typeof original !== 'function') return;
  const before = Object.getOwnPropertyDescriptor(owner, name);
  const enumerable = before?.enumerable ?? false;
  if (before?.configurable === false) return;
  const value = make(original as AnyFunction);
  Object.defineProperty(owner, name, { value, enumerable, configurable: true, writable: true });
  undo.push(() => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  });
}

/** A plugin ended the process while it was loaded or looked at. */
export class ExitCall extends Error {
  override readonly name = 'ExitCall';
}

/** Throws ExitCall where `act` ends the process, even when it catches that. */
export function withoutExit<Value>(act: () => Value): Value {
  const trap = trapExit();
  try {
    const value = act();
    if (trap.call !== null) throw trap.call;
    return value;
  } catch (error) {
    throw trap.call ?? error;
  } finally {
    trap.remove();
  }
}

/**
 * Loads a plugin's module. Rejected when the module does what no module may: ends the process, or waits at its top
 * level for what never comes.
 */
export async function loadGuarded<Value>(load: () => Promise<Value>): Promise<Value> {
  const trap = trapExit();
  let giveUp: (reason: Error) => void = () => undefined;
  const neverEnds = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const onEmpty = (): void => {
    giveUp(new Error('its loading never ends: a top-level await waits for what never comes'));
  };
  process.once('beforeExit', onEmpty);
  try {
    const loaded = await Promise.race([load(), neverEnds]);
    if (trap.call !== null) throw trap.call;
    return loaded;
  } catch (error) {
    throw trap.call ?? error;
  } finally {
    process.off('beforeExit', onEmpty);
    trap.remove();
  }
}

interface ExitTrap {
  /** null: nobody ended the process. */
  readonly call: ExitCall | null;
  remove(): void;
}

function trapExit(): ExitTrap {
  const before = Object.getOwnPropertyDescriptor(process, 'exit');
  let call: ExitCall | null = null;
  process.exit = (code) => {
    call ??= new ExitCall(`called process.exit(${code === undefined ? '' : String(code)})`);
    throw call;
  };
  return {
    get call(): ExitCall | null {
      return call;
    },
    remove: () => {
      if (before !== undefined) Object.defineProperty(process, 'exit', before);
    },
  };
}
