/** Recordings that mix everything, from their first line to their last, with all aggregates recomputed after each decision (or line of steps). */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));
const FILES = ['mixed.jsonl', 'stream-mixed.jsonl', 'stream-sampled.jsonl', 'queue-affinity.jsonl', 'queue-preemption.jsonl'];

describe('recorded runs balance their books', () => {
  test.for(FILES)('%s', (file, context) => {
    if (!existsSync(`${FOLDER}${file}`)) context.skip('no recordings beside this checkout');
    const run = new ConformanceRun(file, { registry: pluginRegistry(), keptDifferences: 3, check: true });
    for (const line of readFileSync(`${FOLDER}${file}`, 'utf8').split('\n')) run.line(line);
    const [{ decisions, equal, differences }] = run.results();
    expect(differences).toEqual([]);
    expect([decisions > 400, equal]).toEqual([true, decisions]);
  });
});
