/** The members of one op with the workload's parameters put in for `$name`; notes which members were read. */
import type { Problem, SourcePlace } from '../base/input-error.ts';
import { describeValue } from '../base/source-path.ts';
import { isMapping } from '../base/structure.ts';
import type { Mapping } from '../base/structure.ts';

export interface OpContext {
  readonly op: Mapping;
  /** `op 3 (createPods)`, for messages. */
  readonly label: string;
  readonly params: Mapping;
  /** Parameters that some op has asked for. */
  readonly used: Set<string>;
  readonly problems: Problem[];
  readonly unsupported: string[];
  readonly place: (member: string) => SourcePlace;
}

/** More of anything than this is a mistake, not a workload. */
const MAX_COUNT = 100_000_000;

export class OpFields {
  readonly label: string;
  private readonly context: OpContext;
  private readonly read = new Set<string>();

  constructor(context: OpContext) {
    this.context = context;
    this.label = context.label;
  }

  /** The members of an op inside this one. */
  within(op: Mapping): OpFields {
    return new OpFields({ ...this.context, op });
  }

  text(member: string): string | null {
    const value = this.value(member);
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') return value;
    return this.problem(member, `expected a text, found ${describeValue(value)}`);
  }

  requiredText(member: string): string {
    return this.text(member) ?? this.problem(member, `"${member}" is missing`) ?? '';
  }

  texts(member: string): readonly string[] {
    const value = this.value(member);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    return this.problem(member, `expected a list of texts, found ${describeValue(value)}`) ?? [];
  }

  flag(member: string): boolean {
    const value = this.value(member) ?? false;
    if (typeof value === 'boolean') return value;
    return this.problem(member, `expected true or false, found ${describeValue(value)}`) ?? false;
  }

  whole(member: string, fallback: number): number {
    return this.wholeOf(member, this.value(member) ?? fallback);
  }

  choice<T extends string>(member: string, choices: readonly T[], fallback: T): T {
    const value = this.text(member);
    if (value === null || value === '') return fallback;
    return (
      choices.find((choice) => choice === value) ??
      this.problem(member, `expected ${choices.join(' or ')}, found ${value}`) ??
      fallback
    );
  }

  labels(member: string): Readonly<Record<string, string>> | null {
    const value = this.mapping(member);
    if (value === null) return null;
    for (const [key, text] of Object.entries(value))
      if (typeof text !== 'string') this.problem(member, `expected a text for ${key}, found ${describeValue(text)}`);
    return value as Readonly<Record<string, string>>;
  }

  mapping(member: string): Mapping | null {
    const value = this.value(member);
    if (value === undefined || value === null) return null;
    return isMapping(value) ? value : this.problem(member, `expected a mapping, found ${describeValue(value)}`);
  }

  /** `countParam`, which goes before `count`, times the parameter that `multiplier` names. */
  count(fallback?: number, multiplier?: string): number {
    const plain = this.value('count');
    const parameter = this.parameter('countParam');
    const factor = multiplier === undefined ? undefined : this.parameter(multiplier);
    const value = parameter ?? plain ?? fallback;
    if (value === undefined) return this.problem('count', 'expected count or countParam') ?? 0;
    return this.wholeOf('count', value) * (factor === undefined ? 1 : this.wholeOf(multiplier ?? '', factor));
  }

  /** The text of the parameter that `member` names; null when the member is absent. */
  parameterText(member: string): string | null {
    const value = this.parameter(member);
    if (value === undefined) return null;
    return typeof value === 'string' ? value : this.problem(member, `expected a text, found ${describeValue(value)}`);
  }

  /** Template parameters; a value `$name` is the workload's parameter. */
  params(member: string): Mapping {
    const entries = Object.entries(this.mapping(member) ?? {});
    return Object.fromEntries(
      entries.map(([key, value]) => [
        key,
        typeof value === 'string' && value.startsWith('$') ? this.lookUp(member, value) : value,
      ]),
    );
  }

  take(member: string): void {
    this.read.add(member);
  }

  takeAll(): void {
    for (const member of Object.keys(this.context.op)) this.read.add(member);
  }

  problem(member: string, message: string): null {
    this.context.problems.push({ ...this.context.place(member), message: `${this.label}: ${message}` });
    return null;
  }

  refuse(reason: string): void {
    this.context.unsupported.push(`${this.label}: ${reason}`);
  }

  refuseMembers(member: string, value: Mapping, known: readonly string[]): void {
    for (const name of Object.keys(value))
      if (!known.includes(name)) this.refuse(`${member}.${name}: the field is not modelled`);
  }

  /** Members that nothing has read are not modelled. */
  refuseUnknown(): void {
    for (const member of Object.keys(this.context.op))
      if (!this.read.has(member)) this.refuse(`${member}: the field is not modelled`);
  }

  private value(member: string): unknown {
    this.read.add(member);
    return this.context.op[member];
  }

  private parameter(member: string): unknown {
    const name = this.text(member);
    return name === null ? undefined : this.lookUp(member, name);
  }

  private lookUp(member: string, name: string): unknown {
    const { params, used } = this.context;
    const key = name.startsWith('$') ? name.slice(1) : name;
    if (!name.startsWith('$')) this.problem(member, `expected a parameter such as $count, found ${name}`);
    else if (params[key] === undefined) this.problem(member, `the workload has no parameter ${key}`);
    used.add(key);
    return params[key];
  }

  private wholeOf(member: string, value: unknown): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT) return value;
    return this.problem(member, `expected a whole number from 0 to ${MAX_COUNT}, found ${describeValue(value)}`) ?? 0;
  }
}
