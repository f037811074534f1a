/**
 * What a benchmark hands over. Every file in bench/micro and bench/macro exports
 *
 *     export async function run(size: BenchSize): Promise<BenchRow[]>
 *
 * `smoke` takes well under a second and runs in `npm test`; `full` is what results/ records. The digest is over what was
 * done, never over time: two runs, machines and Node versions give the same one, or their times may not be compared.
 */
export type BenchSize = 'smoke' | 'full';

export interface BenchRow {
  /** Unique in its file: `hold 100000`. */
  readonly name: string;
  readonly digest: string;
  /** The measured figure: recorded, compared in words, never gated. */
  readonly value: number;
  /** `ns/op`, `events/s`, `s`, `MiB`, ... */
  readonly unit: string;
  /** What was done, in numbers that depend on nothing but the code (decisions, node evaluations): gated. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface BenchModule {
  readonly run: (size: BenchSize) => Promise<BenchRow[]>;
}
