// What docs/tutorial.md says of the published trace, where that lies beside the checkout. Its table took ten runs; the
// first of them is played here, and when its digest moves the table has to be made again.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cliFolder } from '../cli/podyard.ts';
import { publishedTrace, WHY_SKIPPED } from '../support/published-traces.ts';
import { outputMatches, stepsOf } from './console-block.ts';
import { blocksOf } from './markdown-blocks.ts';

const folder = cliFolder();

test('the tutorial has the digest of the published trace', (context) => {
  const nodes = publishedTrace('openb/openb_node_list_all_node.csv');
  const pods = publishedTrace('openb/openb_pod_list_default.csv');
  if (nodes === null || pods === null) return context.skip(WHY_SKIPPED);
  folder.write('nodes.csv', readFileSync(nodes));
  folder.write('pods.csv', readFileSync(pods));
  const steps = blocksOf('docs/tutorial.md')
    .filter(({ norun, text }) => norun?.includes('a test does it') === true && text.startsWith('$ '))
    .flatMap(({ text }) => stepsOf(text));
  expect(steps).toHaveLength(1);
  const [{ command, expected }] = steps;
  expect(expected).toMatch(/^Digest +[0-9a-f]{32}$/m);
  const { code, out } = folder.run(...command.split(' ').slice(1));
  expect(code).toBe(0);
  expect(outputMatches(expected, out), out.slice(0, 400)).toBe(true);
});
