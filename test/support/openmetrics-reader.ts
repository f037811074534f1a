/**
 * A strict reader of OpenMetrics 1.0 text, after the ABNF and the rules for each type in its specification. Throws with
 * the line of the first mistake. Timestamps and exemplars are in the grammar, but nothing here writes them: refused.
 */

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: MetricSample[];
}

const TYPES = ['counter', 'gauge', 'histogram', 'gaugehistogram', 'stateset', 'info', 'summary', 'unknown'];
/** Suffixes of samples, by type. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  stateset: [''],
  info: ['_info'],
  summary: ['', '_count', '_sum', '_created'],
  unknown: [''],
};
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const DESCRIPTOR = new RegExp(`^# (HELP|TYPE|UNIT) (${NAME}) (.*)$`, 'u');
const SAMPLE = new RegExp(`^(${NAME})(\\{.*\\})? ([^ ]+)$`, 'u');
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?|nan)$/i;

export function readOpenMetrics(text: string): MetricFamily[] {
  if (!text.endsWith('# EOF\n')) throw new Error('the last line is not "# EOF" and a line feed');
  const lines = text.slice(0, -'# EOF\n'.length).split('\n');
  if (lines.pop() !== '') throw new Error('"# EOF" does not begin a line');
  const families: Draft[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      readLine(line, families);
    } catch (error) {
      throw new Error(`line ${String(index + 1)}: ${(error as Error).message}: ${line}`, { cause: error });
    }
  }
  for (const family of families) checkFamily(family, families);
  return families;
}

interface Draft {
  name: string;
  type: string;
  unit: string;
  help: string;
  readonly samples: MetricSample[];
  readonly said: Set<string>;
}

function readLine(line: string, families: Draft[]): void {
  const descriptor = DESCRIPTOR.exec(line);
  if (descriptor !== null) {
    readDescriptor(descriptor[1], descriptor[2], descriptor[3], families);
    return;
  }
  const sample = SAMPLE.exec(line);
  if (sample === null) throw new Error('neither metadata nor a sample');
  const [, name, set, value] = sample;
  const family = families.at(-1);
  if (family === undefined) throw new Error('a sample before its metadata');
  if (!name.startsWith(family.name) || !SUFFIXES[family.type].includes(name.slice(family.name.length))) {
    throw new Error(`not a sample of ${family.type} ${family.name}`);
  }
  if (!NUMBER.test(value)) throw new Error('not a number');
  family.samples.push({ name, labels: set === '' || set === undefined ? {} : readLabels(set), value: Number(value) });
}

function readDescriptor(kind: string, name: string, text: string, families: Draft[]): void {
  let family = families.at(-1);
  if (family?.name !== name) {
    if (families.some((earlier) => earlier.name === name)) throw new Error('the family is told of in two places');
    family = { name, type: 'unknown', unit: '', help: '', samples: [], said: new Set() };
    families.push(family);
  }
  if (family.samples.length > 0) throw new Error('metadata behind samples');
  if (family.said.has(kind)) throw new Error(`a second ${kind}`);
  family.said.add(kind);
  if (kind === 'TYPE') {
    if (!TYPES.includes(text)) throw new Error('no such type');
    family.type = text;
  } else if (kind === 'UNIT') {
    if (text !== '' && !name.endsWith(`_${text}`)) throw new Error('the name does not end with its unit');
    family.unit = text;
  } else family.help = unescaped(text);
}

/** `{a="b",c="d"}`, read letter by letter. */
function readLabels(set: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let at = 1;
  while (set[at] !== '}') {
    const head = /^([a-zA-Z_][a-zA-Z0-9_]*)="/.exec(set.slice(at));
    if (head === null) throw new Error('not a label');
    const start = at + head[0].length;
    let end = start;
    while (set[end] !== '"') {
      if (end >= set.length) throw new Error('a label value without an end');
      end += set[end] === '\\' ? 2 : 1;
    }
    if (Object.hasOwn(labels, head[1])) throw new Error('a label twice');
    labels[head[1]] = unescaped(set.slice(start, end));
    at = end + 1;
    if (set[at] === ',') {
      at++;
      if (set[at] === '}') throw new Error('a comma behind the last label');
    } else if (set[at] !== '}') throw new Error('no comma between labels');
  }
  if (at !== set.length - 1) throw new Error('text behind the labels');
  return labels;
}

function unescaped(text: string): string {
  if (/"/.test(text.replace(/\\[\\"n]/g, ''))) throw new Error('a quote that is not escaped');
  if (/\\(?![\\"n])/.test(text.replace(/\\\\/g, ''))) throw new Error('an unknown escape');
  return text.replace(/\\([\\"n])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

function checkFamily(family: Draft, families: readonly Draft[]): void {
  const { name, type, samples } = family;
  const fail = (message: string): never => {
    throw new Error(`${name}: ${message}`);
  };
  const seen = new Set<string>();
  for (const { name: full, labels, value } of samples) {
    const key = `${full} ${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    if (seen.has(key)) fail(`a sample twice: ${key}`);
    seen.add(key);
    const suffix = full.slice(name.length);
    if (type === 'counter' && !(value >= 0)) fail('a counter below 0, or none');
    if (type === 'info' && value !== 1) fail('an info that is not 1');
    if (type === 'summary' && suffix === '' && !quantileOf(labels)) fail('no quantile from 0 to 1');
    if (type === 'summary' && suffix === '_count' && !(Number.isInteger(value) && value >= 0)) fail('no whole count');
    if (type === 'summary' && suffix === '_sum' && !(value >= 0)) fail('a sum below 0, or none');
    if (type === 'summary' && suffix !== '' && 'quantile' in labels) fail('a quantile of count or sum');
  }
  if (type === 'info' && family.unit !== '') fail('an info with a unit');
  // Names of samples may not clash with those of other families.
  for (const { name: other, type: otherType } of families) {
    const taken = SUFFIXES[otherType].map((suffix) => `${other}${suffix}`);
    const isClash = SUFFIXES[type].some((suffix) => taken.includes(`${name}${suffix}`));
    if (other !== name && isClash) fail(`its samples clash with those of ${other}`);
  }
}

function quantileOf({ quantile }: Readonly<Record<string, string>>): boolean {
  return quantile !== undefined && Number(quantile) >= 0 && Number(quantile) <= 1;
}
