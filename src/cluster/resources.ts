/**
 * Resource names to columns. cpu is counted in milli-cores, memory and ephemeral-storage in bytes, everything else in
 * whole units. `pods` is no column: a node's allowed pod number stands apart, as in upstream's NodeInfo.
 * Which names count is upstream's rule (pkg/apis/core/v1/helper IsScalarResourceName); other names are ignored.
 */
import { Interner } from '../base/interner.ts';

export const CPU = 0;
export const MEMORY = 1;
export const EPHEMERAL_STORAGE = 2;
/** Columns from here on are scalar resources. */
export const FIRST_SCALAR = 3;

/** Amounts per column, without zeros; columns ascend. */
export interface ResourceVector {
  readonly columns: Int32Array;
  readonly amounts: Float64Array;
}

export class ResourceRegistry {
  private readonly names = new Interner();
  private readonly listeners: (() => void)[] = [];

  constructor() {
    this.names.intern('cpu');
    this.names.intern('memory');
    this.names.intern('ephemeral-storage');
  }

  /** `listener` is called after each new column, so that tables can make room before anyone reads it. */
  onGrown(listener: () => void): void {
    this.listeners.push(listener);
  }

  get count(): number {
    return this.names.size;
  }

  /** The column of a resource that the scheduler counts, made on first sight; -1 for a name that upstream ignores. */
  column(name: string): number {
    const known = this.names.find(name);
    if (known >= 0) return known;
    if (!isScalarResource(name)) return -1;
    const column = this.names.intern(name);
    for (const listener of this.listeners) listener();
    return column;
  }

  /** The column if the name has been seen, else -1. */
  find(name: string): number {
    return this.names.find(name);
  }

  name(column: number): string {
    return this.names.text(column);
  }
}

/** Extended resources, hugepages, kubernetes.io-prefixed native ones and attachable volumes. */
export function isScalarResource(name: string): boolean {
  return (
    isExtendedResource(name) ||
    name.startsWith('hugepages-') ||
    name.includes('kubernetes.io/') ||
    name.startsWith('attachable-volumes-')
  );
}

export function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.')) return false;
  return QUALIFIED_NAME.test(name) && name.indexOf('/') <= 253;
}

const QUALIFIED_NAME =
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Sorted, zero-free vector from (column, amount) pairs; pairs of unknown columns must have been left out. */
export function resourceVector(pairs: ReadonlyMap<number, number>): ResourceVector {
  const columns = [...pairs.keys()].filter((column) => pairs.get(column) !== 0).sort((a, b) => a - b);
  return { columns: Int32Array.from(columns), amounts: Float64Array.from(columns, (column) => pairs.get(column) ?? 0) };
}

/** The amount of one column, 0 when the vector lacks it. */
export function amountOf(vector: ResourceVector, column: number): number {
  const { columns, amounts } = vector;
  for (let i = 0; i < columns.length; i++) if (columns[i] === column) return amounts[i];
  return 0;
}
