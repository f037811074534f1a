// The library's one call: every way to give a scenario, every option, and what a mistake looks like.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { InputError, createInputFiles, readScenario, run } from '../../src/index.ts';
import type { Plugin, PluginFactory, Problem, RunInput, RunOptions, ScenarioDocument } from '../../src/index.ts';
import { ENDLESS, SMALL } from '../cli/podyard.ts';

const HEAD = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const PACK = {
  ...HEAD,
  profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated' } } }] }],
};

let folder = '';
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podyard-library-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const digestOf = async (scenario: RunInput, options?: RunOptions): Promise<string> =>
  (await run(scenario, options)).digest;

async function mistakesOf(scenario: RunInput, options?: RunOptions): Promise<readonly Problem[]> {
  const error: unknown = await run(scenario, options).then(() => null, (reason: unknown) => reason);
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, found ${String(error)}`);
  return error.problems;
}

describe('a scenario', () => {
  test('may have the machines and the pods of a trace', async () => {
    const recorded: ScenarioDocument = {
      name: 'recorded',
      duration: '1h',
      machines: { format: 'openb', file: 'workloads/samples/openb-nodes.csv', clones: 2 },
      trace: { format: 'openb', file: 'workloads/samples/openb-pods.csv' },
    };
    const { counts } = await run(recorded);
    expect([counts.nodesAtStart, counts.podsArrived]).toEqual([6, 5]);
    const wrong = file('nodes.csv', 'sn,cpu_milli,memory_mib,gpu,model\nnode-0,many,1,0,\n');
    const mistakes = await mistakesOf({ ...recorded, machines: { format: 'openb', file: wrong } });
    expect(mistakes.map(({ file: name, line }) => [name, line])).toEqual([[wrong, 2]]);
  });

  test('gives one result, however it is given', async () => {
    const path = file('small.yaml', SMALL);
    const document = parse(SMALL) as ScenarioDocument;
    const { scenario } = readScenario({ file: path }, createInputFiles());
    const result = await run(path);
    expect(result).toMatchObject({ scenario: 'small', seed: 'one', complete: true, simulatedSeconds: 1800 });
    for (const same of [{ file: path }, { text: SMALL, name: 'other.yaml' }, document, scenario]) {
      expect(await run(same)).toEqual(result);
    }
  });

  test('is changed by options as by the command line', async () => {
    const path = file('small.yaml', SMALL);
    const [seeded, longer] = [
      SMALL.replace('seed: one', 'seed: two'),
      SMALL.replace('30m', '45m').replace('count: 3', 'count: 5'),
    ].map((text) => ({ text, name: 'x' }));
    expect(await digestOf(path, { seed: 'two' })).toBe(await digestOf(seeded));
    expect(await digestOf(path, { set: { duration: '45m', 'nodePools[general].count': 5 } })).toBe(
      await digestOf(longer),
    );
    expect(await digestOf(path, { plain: true, checkEveryEvents: 50 })).toBe(await digestOf(path));
    const packed = await digestOf(path, { scheduler: PACK });
    expect(packed).not.toBe(await digestOf(path));
    expect(await digestOf(path, { scheduler: file('pack.json', JSON.stringify(PACK)) })).toBe(packed);
    expect(
      await digestOf({ text: `${SMALL}scheduler: {config: pack.json}\n`, name: join(folder, 'packed.yaml') }),
    ).toBe(packed);
    expect(
      await digestOf(
        { text: `${SMALL}scheduler: {config: pack.json}\n`, name: join(folder, 'packed.yaml') },
        { scheduler: HEAD },
      ),
    ).toBe(await digestOf(path));
  });

  test('tells how far it is, and ends early when it is told to', async () => {
    const control = new AbortController();
    const times: number[] = [];
    const result = await run({ text: ENDLESS, name: 'endless' }, {
      signal: control.signal,
      onProgress: ({ simulatedMicros }) => {
        times.push(simulatedMicros);
        if (times.length === 3) control.abort();
      },
    });
    expect(result.complete).toBe(false);
    expect(times).toHaveLength(3);
    expect(Math.round(result.simulatedSeconds * 1e6)).toBe(times[2]);
  });

  test('tells doubtful things, and is silent when nobody listens', async () => {
    const warnings: Problem[] = [];
    const doubtful = { text: `${SMALL}autoscaler: {scanInterval: 10s}\n`, name: 'doubtful.yaml' };
    const scheduler = { ...HEAD, extenders: [{ urlPrefix: 'http://127.0.0.1' }] };
    const result = await run(doubtful, { scheduler, onWarning: (warning) => warnings.push(warning) });
    expect(warnings.map(({ file: where, line, message }) => [where, line, message])).toEqual([
      ['doubtful.yaml', 9, 'no pool has "autoscaling": the autoscaler has nothing to do'],
      [undefined, undefined, 'extenders: extenders are accepted but not called'],
    ]);
    expect(await run(doubtful, { scheduler })).toEqual(result);
  });
});

describe('mistakes', () => {
  test('come all at once: of a file with their place, of an object with their path', async () => {
    const wrong = SMALL.replace('30m', '30').replace('count: 3', 'cuont: 3');
    const path = file('wrong.yaml', wrong);
    expect(
      (await mistakesOf(path)).map(({ file: where, line, column, path: at, suggestion }) => [
        where,
        line,
        column,
        at,
        suggestion,
      ]),
    ).toEqual([
      [path, 3, 11, 'duration', undefined],
      [path, 5, 21, 'nodePools[0].cuont', 'count'],
    ]);
    const found = await mistakesOf(parse(wrong) as ScenarioDocument);
    expect(found.map(({ file: where, line, path: at }) => [where, line, at])).toEqual([
      ['scenario', undefined, 'duration'],
      ['scenario', undefined, 'nodePools[0].cuont'],
    ]);
  });

  test('of the scheduler\'s configuration and of plugins are among them', async () => {
    const small = { text: SMALL, name: 'small.yaml' };
    expect((await mistakesOf(small, { scheduler: { ...HEAD, profils: [] } }))[0]).toMatchObject({
      file: 'scheduler',
      message: 'unknown field "profils"',
      suggestion: 'profiles',
    });
    expect(
      (
        await mistakesOf(small, {
          scheduler: file(
            'wrong.json',
            `{\n  "apiVersion": "${HEAD.apiVersion}", "kind": "${HEAD.kind}",\n  "profils": []\n}\n`,
          ),
        })
      )[0],
    ).toMatchObject({ file: join(folder, 'wrong.json'), line: 3 });
    expect((await mistakesOf(join(folder, 'missing.yaml')))[0].message).toBe('no such file or folder');
    const { scenario } = readScenario(small, createInputFiles());
    expect((await mistakesOf(scenario, { set: { duration: '1h' } }))[0].message).toContain('read already');
    const named = (name: string): PluginFactory => ({
      name,
      summary: 's',
      create: () => ({ name, filter: () => null }),
    });
    expect((await mistakesOf(small, { plugins: [named('NodeAffinity')] }))[0].message).toContain(
      'a plugin of Kubernetes',
    );
    expect((await mistakesOf(small, { plugins: [named('A'), named('A')] }))[0].message).toContain('given twice');
    expect((await mistakesOf(small, { plugins: [{} as PluginFactory] }))[0].message).toContain(
      'expected objects with name',
    );
  });
});

describe('a plugin in memory', () => {
  /** Everything on the node with the last name. */
  const last = (points: Partial<Plugin>): PluginFactory => ({
    name: 'Last',
    summary: 's',
    create: () => ({ name: 'Last', ...points }),
  });
  const LAST = last({ score: (_state, _pod, node) => Number(node.name.slice(-1)) * 10 });
  const enabled = (point: string): Record<string, unknown> => ({
    ...HEAD,
    profiles: [{ plugins: { [point]: { enabled: [{ name: 'Last', weight: 1000 }] } } }],
  });

  test('serves every point it has under multiPoint, as one named point by point', async () => {
    const small = { text: SMALL, name: 'small.yaml' };
    const byPoint = await digestOf(small, { plugins: [LAST], scheduler: enabled('score') });
    expect(byPoint).not.toBe(await digestOf(small));
    expect(await digestOf(small, { plugins: [LAST], scheduler: enabled('multiPoint') })).toBe(byPoint);
    const refused = last({ filter: () => { throw new Error('asked'); } });
    await expect(run(small, { plugins: [refused], scheduler: enabled('multiPoint') })).rejects.toThrow('asked');
  });

  test('may stand beside one from a file', async () => {
    const path = file(
      'first.mjs',
      'const score = (_state, _pod, node) => 3 - Number(node.name.slice(-1));\n' +
        "export const plugin = { name: 'First', summary: 's', create: () => ({ name: 'First', score }) };",
    );
    const both = {
      ...HEAD,
      profiles: [
        {
          plugins: {
            multiPoint: {
              enabled: [
                { name: 'Last', weight: 1 },
                { name: 'First', weight: 1000 },
              ],
            },
          },
        },
      ],
    };
    const { nodes, pods } = await run({ text: SMALL, name: 'small.yaml' }, { plugins: [path, LAST], scheduler: both });
    expect(nodes.length).toBe(3);
    expect(new Set(pods?.node.filter((_node, row) => pods.class[row] === 'web'))).toEqual(new Set(['general-0']));
  });
});
