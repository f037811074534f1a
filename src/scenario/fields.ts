/** Fields as every block of a scenario has them: their schemas with what was expected, for messages and editors. */
import { z } from 'zod';
import { DURATION_PATTERN } from '../base/duration.ts';

export const DURATION = 'expected a duration such as 90s, 5m, 24h or 1h30m';
const QUANTITY = 'expected a quantity such as 500m, 2 or 16Gi';
const TEXT = 'expected a text';

export function expecting(message: string): { error: () => string } {
  return { error: () => message };
}

/** What YAML editors understand: draft 7, as a file is written, before defaults. */
export function publishedSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
}

export function duration(help: string): z.ZodString {
  return z.string(expecting(DURATION)).regex(DURATION_PATTERN, expecting(DURATION)).describe(help);
}

export function text(help: string): z.ZodString {
  return z.string(expecting(TEXT)).describe(help);
}

export function name(help: string): z.ZodString {
  const expected = 'expected a name of lower-case letters, digits and "-", at most 63 long';
  return z
    .string(expecting(expected))
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, expecting(expected))
    .describe(help);
}

export function flag(help: string): z.ZodBoolean {
  return z.boolean(expecting('expected true or false')).describe(help);
}

/** A finite number within bounds. */
export function number(help: string, min: number, max: number): z.ZodNumber {
  const expected = max === MANY ? `expected a number of at least ${min}` : `expected a number from ${min} to ${max}`;
  return z.number(expecting(expected)).min(min, expecting(expected)).max(max, expecting(expected)).describe(help);
}

export function whole(help: string, min: number, max: number): z.ZodNumber {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z.int(expecting(expected)).min(min, expecting(expected)).max(max, expecting(expected)).describe(help);
}

/** Upper bound of numbers that have no natural one. */
export const MANY = 1_000_000_000_000;
export const MAX_NODES = 1_000_000;

const QUANTITY_PATTERN = /^[+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$/;

export function quantity(help: string): z.ZodUnion<readonly [z.ZodString, z.ZodNumber]> {
  return z
    .union(
      [
        z.string(expecting(QUANTITY)).regex(QUANTITY_PATTERN, expecting(QUANTITY)),
        z.number(expecting(QUANTITY)).min(0, expecting(`${QUANTITY}, at least 0`)),
      ],
      expecting(QUANTITY),
    )
    .describe(help);
}

export const resources = (help: string): z.ZodRecord<z.ZodString, ReturnType<typeof quantity>> =>
  z
    .record(z.string(), quantity('Kubernetes quantity'), expecting('expected a mapping of resources to quantities'))
    .describe(help);
export const labels = (help: string): z.ZodRecord<z.ZodString, z.ZodString> =>
  z
    .record(
      z.string(),
      z.string(expecting(`${TEXT} (put numbers and booleans in quotes)`)),
      expecting('expected a mapping of labels'),
    )
    .describe(help);
export const list = <T extends z.ZodType>(item: T, help: string): z.ZodArray<T> =>
  z.array(item, expecting('expected a list')).describe(help);
export const mapping = <T extends z.ZodRawShape>(shape: T, help: string): z.ZodObject<T, z.core.$strict> =>
  z.strictObject(shape).describe(help);

/** Parameters of a distribution as written: durations are texts, counts are numbers. */
export interface DistributionInput {
  readonly fixed?: string | number | undefined;
  readonly uniform?: { readonly min: string | number; readonly max: string | number } | undefined;
  readonly exponential?: { readonly mean: string | number } | undefined;
  readonly lognormal?: { readonly median: string | number; readonly sigma: number } | undefined;
  readonly weibull?: { readonly scale: string | number; readonly shape: number } | undefined;
  readonly boundedPareto?:
    | { readonly min: string | number; readonly max: string | number; readonly alpha: number }
    | undefined;
  readonly choice?:
    | { readonly values: readonly (string | number)[]; readonly weights?: readonly number[] | undefined }
    | undefined;
  readonly atLeast?: string | number | undefined;
  readonly atMost?: string | number | undefined;
}

/** A mapping of distribution shapes over parameters of one kind; exactly one shape is checked when it is resolved. */
type DistributionSchema = z.ZodType<string | number | DistributionInput>;

export function distribution(
  parameter: (help: string) => z.ZodType<string | number>,
  fixed: z.ZodType<string | number>,
  expected: string,
  help: string,
  others: Readonly<Record<string, z.ZodType>> = {},
): DistributionSchema {
  const anyNumber = (text: string) => number(text, 0, MANY);
  const shapes = z.strictObject({
    fixed: parameter('Always this value').optional(),
    uniform: mapping({ min: parameter('Smallest value'), max: parameter('Largest value') }, 'Every value between min and max is equally likely').optional(),
    exponential: mapping({ mean: parameter('Mean') }, 'Exponential distribution (memoryless)').optional(),
    lognormal: mapping(
      { median: parameter('Median'), sigma: anyNumber('Standard deviation of the natural logarithm, no unit') },
      'Lognormal distribution: service and job times with a long tail',
    ).optional(),
    weibull: mapping(
      { scale: parameter('Scale: 63.2 % of the values are below it'), shape: anyNumber('Shape, no unit: below 1 the hazard falls with age, above 1 it grows') },
      'Weibull distribution: times between failures',
    ).optional(),
    boundedPareto: mapping(
      { min: parameter('Smallest value'), max: parameter('Largest value'), alpha: anyNumber('Tail index, no unit: the smaller, the heavier the tail') },
      'Pareto distribution cut at both ends: heavy-tailed sizes and run times',
    ).optional(),
    choice: mapping(
      { values: list(parameter('One value'), 'The values'), weights: list(anyNumber('Weight'), 'Relative weights, one for each value; default: all equal').optional() },
      'One of a few values',
    ).optional(),
    atLeast: parameter('Smaller draws become this').optional(),
    atMost: parameter('Larger draws become this').optional(),
    ...others,
  });
  return z.union([fixed, shapes], expecting(expected)).describe(help);
}

export function durationDistribution(help: string): DistributionSchema {
  const expected = `${DURATION}, or a distribution such as {lognormal: {median: 8m, sigma: 1.3}}`;
  return distribution(
    duration,
    z.string(expecting(expected)).regex(DURATION_PATTERN, expecting(expected)),
    expected,
    help,
  );
}

/** Like a duration distribution, and the word `forever`. */
export function lifetimeDistribution(help: string): DistributionSchema {
  const expected = `${DURATION}, forever, or a distribution such as {lognormal: {median: 8m, sigma: 1.3}}`;
  const fixed = z
    .string(expecting(expected))
    .regex(/^(?:forever|(?:\d+(?:\.\d+)?(?:d|h|ms|m|s|us))+)$/, expecting(expected));
  return distribution(duration, fixed, expected, help);
}

export function countDistribution(help: string): DistributionSchema {
  const expected = 'expected a number of at least 0, or a distribution such as {uniform: {min: 1, max: 5}}';
  const parameter = (text: string) => number(text, 0, MANY);
  return distribution(
    parameter,
    z.number(expecting(expected)).min(0, expecting(expected)).max(MANY, expecting(expected)),
    expected,
    help,
  );
}

export const paths = (help: string): z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]> =>
  z
    .union(
      [z.string(), z.array(z.string(expecting('expected a path')))],
      expecting('expected a path or a list of paths'),
    )
    .describe(help);
