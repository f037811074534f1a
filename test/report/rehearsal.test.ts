// The page and the table of a rehearsal: complete without a script, nothing of a name reaches the markup, few bytes.
import { describe, expect, test } from 'vitest';
import { renderRehearsalFiles } from '../../src/report/rehearsal-files.ts';
import { renderRehearsalHtml } from '../../src/report/rehearsal-html.ts';
import { renderRehearsalTable } from '../../src/report/rehearsal-table.ts';
import { budget, nodes, pod, rehearse, workload } from '../support/rehearsed.ts';

const objects = [
  ...nodes(6), workload('Deployment', 'web', 6), budget('web', { minAvailable: 5 }), workload('StatefulSet', 'db', 1),
  budget('db', { minAvailable: 1 }), pod('debug', 'node-5'),
];
const steps = [
  { at: '1m', outage: { zone: 'a', for: '10m' } },
  { at: '20m', drain: { pool: 'general', force: true } },
];
const result = rehearse(steps, objects);

describe('the page of a rehearsal', () => {
  const html = renderRehearsalHtml(result);

  test('draws each node that something happened to, twice, and red where a budget is broken', () => {
    for (const size of ['wide', 'narrow']) expect(html).toContain(`class="plot ${size}" viewBox=`);
    for (let i = 0; i < 6; i++) expect(html).toContain(`<title>node-${i} `);
    expect(html).toMatch(/class="mark bar broken"[^>]*><title>PDB default\/web below its floor/);
    expect(html.match(/class="band"/g)?.length).toBe(2);
  });

  test('holds every section, no script, no request and no number that is none', () => {
    for (const head of ['Steps', 'Nodes over time', 'Blocked by', 'Available pods'])
      expect(html).toContain(`<h2>${head}</h2>`);
    expect(html).not.toMatch(/<script|https?:\/\/|NaN|undefined|Infinity/);
  });

  test('escapes names', () => {
    const evil = {
      ...result,
      scenario: '<script>alert(1)</script>',
      nodes: result.nodes.map((lane) => ({ ...lane, name: '<b>"n' })),
    };
    expect(renderRehearsalHtml(evil)).not.toMatch(/<script|<b>/);
  });

  test('stays small with 1,000 nodes', () => {
    const lanes = Array.from({ length: 1000 }, (_, i) => ({ ...result.nodes[0], name: `n-${i}` }));
    expect(renderRehearsalHtml({ ...result, nodes: lanes }).length).toBeLessThan(400_000);
  });
});

test('the table tells steps, blockers, floors and losses', () => {
  const text = renderRehearsalTable(result, { color: false });
  expect(text).toContain('Rehearsal   story\nCluster     6 nodes, 8 pods\n');
  expect(text).toMatch(
    /outage zone=a +\+0s +10m00s +done +2 nodes back\ndrain pool=general +\+19m00s +never +unfinished/,
  );
  expect(text).toMatch(/PDB default\/db (blocks|would block) node-\d for ever: 1 replica, minAvailable 1/);
  expect(text).toMatch(/PDB default\/web +minAvailable 5 +6 +\d +\d +5/);
});

test('the files hold what the result holds', () => {
  const written = [...renderRehearsalFiles(result, 'podyard rehearse c.yaml')];
  const files = new Map(written.map(({ name, chunks }) => [name, [...chunks].join('')]));
  expect([...files.keys()]).toEqual(['report.json', 'availability.csv', 'nodes.csv', 'report.html']);
  expect(JSON.parse(files.get('report.json') ?? '')).toMatchObject({ end: 'stuck', nodesAtStart: 6 });
  expect(files.get('nodes.csv')).toMatch(/^node,state,fromSeconds,toSeconds\nnode-0,down,60,660\n/);
  expect(files.get('availability.csv')?.split('\n')[0]).toBe('kind,object,seconds,available,wanted,needed');
});
