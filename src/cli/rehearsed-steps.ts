/** The steps that the options of `podyard rehearse` ask for, as they would stand in a scenario. */
import type { Problem } from '../base/input-error.ts';
import { InputError, nearestName } from '../base/input-error.ts';
import type { GivenOptions } from './options.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a word or `key=value` between commas may be, with its name in a scenario. */
interface StepSyntax {
  readonly verb: string;
  /** Words without `=` are nodes, the workload, or none. */
  readonly words: 'nodes' | 'workload' | null;
  /** Words that are settings of their own. */
  readonly flags: Readonly<Record<string, string>>;
  readonly keys: Readonly<Record<string, string>>;
}

const NODE_KEYS = { pool: 'pool', selector: 'selector' };

const SYNTAX: Readonly<Record<string, StepSyntax>> = {
  drain: {
    verb: 'drain',
    words: 'nodes',
    flags: { force: 'force', 'delete-emptydir-data': 'deleteEmptyDirData', 'ignore-daemonsets': 'ignoreDaemonSets' },
    keys: { ...NODE_KEYS, timeout: 'timeout' },
  },
  cordon: { verb: 'cordon', words: 'nodes', flags: {}, keys: NODE_KEYS },
  kill: { verb: 'kill', words: 'nodes', flags: {}, keys: { ...NODE_KEYS, for: 'for' } },
  outage: { verb: 'outage', words: null, flags: {}, keys: { zone: 'zone', label: 'label', for: 'for' } },
  upgrade: {
    verb: 'upgrade',
    words: 'nodes',
    flags: {},
    keys: {
      ...NODE_KEYS,
      surge: 'surge',
      'max-unavailable': 'maxUnavailable',
      provisioning: 'provisioning',
      'drain-timeout': 'drainTimeout',
    },
  },
  rollout: { verb: 'rollout', words: 'workload', flags: {}, keys: { namespace: 'namespace', container: 'container' } },
};

/** Empty: no option asks for one. In the order of this file, then of the command line. */
export function stepsGiven(given: GivenOptions): Fields[] {
  const problems: Problem[] = [];
  const at = given.text('at');
  const image = given.text('image');
  const steps = Object.entries(SYNTAX).flatMap(([option, syntax]) =>
    given.list(option).map((text) => ({ at, [syntax.verb]: fieldsOf(text, option, syntax, problems) })),
  );
  const rollouts = steps.filter((step) => 'rollout' in step);
  if (image !== null && rollouts.length === 0)
    problems.push({ message: '--image needs --rollout: there is nothing to roll out' });
  for (const step of rollouts) if (image !== null) Object.assign(step['rollout'] as object, { image });
  if (problems.length > 0) throw new InputError(problems);
  return steps;
}

/** `node-7,node-8,force,timeout=5m`. Whatever is right is read by the scenario's own reader afterwards. */
function fieldsOf(
  text: string,
  option: string,
  { words, flags, keys }: StepSyntax,
  problems: Problem[],
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const nodes: string[] = [];
  for (const part of text.split(',').map((word) => word.trim())) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    const value = part.slice(equals + 1);
    if (equals < 0 && Object.hasOwn(flags, part)) fields[flags[part]] = true;
    else if (equals < 0 && part !== '' && words === 'nodes') nodes.push(part);
    else if (equals < 0 && part !== '' && words === 'workload') fields['workload'] = part;
    else if (equals > 0 && value !== '' && Object.hasOwn(keys, key)) fields[keys[key]] = readValue(value);
    else if (equals > 0 && Object.hasOwn(flags, key) && (value === 'true' || value === 'false'))
      fields[flags[key]] = value === 'true';
    else {
      const known = [...Object.keys(keys).map((name) => `${name}=...`), ...Object.keys(flags)];
      const first = words === null ? [] : [words === 'nodes' ? 'nodes' : 'kind/name'];
      const suggestion = nearestName(key, [...Object.keys(keys), ...Object.keys(flags)]);
      problems.push({
        message: `--${option} ${text}: expected ${[...first, ...known].join(', ')}, found "${part}"`,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
  }
  if (nodes.length > 0) fields['nodes'] = nodes;
  return fields;
}

/** Amounts are numbers. */
function readValue(value: string): string | number {
  return /^\d{1,9}$/.test(value) ? Number(value) : value;
}
