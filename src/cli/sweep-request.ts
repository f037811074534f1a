/** What the options of `podyard sweep` ask for, checked before anything runs. */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { ReportAsked } from '../experiment/sweep-report.ts';
import type { Shard } from '../experiment/sweep-record.ts';
import { metricNamed, nearestMetric } from '../metrics/metric-names.ts';
import { metricsAsked } from './comparison-request.ts';
import type { GivenOptions } from './options.ts';
import { gathering } from './scenario-input.ts';

/** `metrics` null: the sweep's own. Throws an InputError with all that is wrong. */
export function reportAsked(
  given: GivenOptions,
): { readonly metrics: readonly string[] | null; readonly pareto: ReportAsked['pareto'] } {
  const problems: Problem[] = [];
  const metrics = gathering(problems, () => metricsAsked(given.list('metric')));
  const pareto = gathering(problems, () => paretoOf(given.text('pareto')));
  if (problems.length > 0) throw new InputError(problems);
  return { metrics: metrics ?? null, pareto: pareto ?? null };
}

/** Metrics of which neither side is the better one. */
const OF_NO_SIDE = ['packing.meanEmptyNodes'];

function paretoOf(text: string | null): ReportAsked['pareto'] {
  if (text === null) return null;
  const names = text.split(',').map((name) => name.trim());
  if (names.length !== 2) {
    throw new InputError({ message: `--pareto: expected two metrics such as cost,queueWait.p99, found "${text}"` });
  }
  const problems = names.flatMap((name): Problem[] => {
    const path = metricNamed(name)?.path;
    if (path === undefined) {
      return [{ message: `--pareto: there is no metric ${name}`, suggestion: nearestMetric(name) }];
    }
    return OF_NO_SIDE.includes(path) ? [{ message: `--pareto: ${name} has no better side` }] : [];
  });
  const [first, second] = names.map((name) => metricNamed(name)?.path ?? name);
  if (problems.length === 0 && first === second) problems.push({ message: `--pareto: ${text} is one metric twice` });
  if (problems.length > 0) throw new InputError(problems);
  return [first, second];
}

/** `2/3`; null: the whole. */
export function shardAsked(given: GivenOptions): Shard | null {
  const text = given.text('shard');
  if (text === null) return null;
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, count] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
  if (index >= 1 && index <= count) return { index, count };
  throw new InputError({ message: `--shard: expected a part such as 2/3, from 1/3 to 3/3, found "${text}"` });
}

const REDIS = /^(?:rediss?:\/\/\S+|\/\S+)$/;

/** Where workers are asked for cells; null: threads play. Throws an InputError with all that does not go together. */
export function redisAsked(given: GivenOptions): string | null {
  const url = given.text('redis');
  const problems: Problem[] = [];
  if (given.text('engine') !== 'bullmq') {
    if (url === null) return null;
    throw new InputError({ message: '--redis: expected --engine bullmq with it' });
  }
  if (given.number('jobs') !== null) {
    problems.push({ message: '--jobs: expected of podyard worker, where --engine bullmq has the cells played' });
  }
  if (url === null)
    problems.push({ message: '--engine bullmq: expected --redis with it, such as redis://localhost:6379' });
  else problems.push(...redisProblems(url));
  if (problems.length > 0) throw new InputError(problems);
  return url;
}

export function redisProblems(url: string): Problem[] {
  if (REDIS.test(url)) return [];
  return [{ message: `--redis: expected an address such as redis://localhost:6379, found "${url}"` }];
}
