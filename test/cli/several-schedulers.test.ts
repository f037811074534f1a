// Several schedulers on one cluster: every command that tells of a pod asks the scheduler that serves it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

const SCENARIO = `name: two
duration: 1h
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles:
      - schedulerName: default-scheduler
      - schedulerName: packing
        pluginConfig:
          - name: NodeResourcesFit
            args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}
schedulers:
  - {profiles: [packing], watchDelay: 50ms}
nodePools:
  - {name: big, count: 1, allocatable: {cpu: 8, memory: 8Gi}}
  - {name: small, count: 1, allocatable: {cpu: 4, memory: 8Gi}}
workloads:
  - {name: spread, kind: Pod, arrivals: {at: 1s}, lifetime: 30m, requests: {cpu: 2, memory: 1Gi}}
  - name: packed
    kind: Deployment
    replicas: 1
    arrivals: {at: 2s}
    requests: {cpu: 3, memory: 1Gi}
    template: {spec: {schedulerName: packing, containers: [{name: main, image: i}]}}
  - name: waits
    kind: Pod
    arrivals: {at: 10m}
    lifetime: 10m
    requests: {cpu: 7}
    template: {spec: {schedulerName: packing, containers: [{name: main, image: i}]}}
  - name: urgent
    kind: Pod
    arrivals: {at: 35m}
    lifetime: 10m
    requests: {cpu: 8}
    priorityClass: high
    template: {spec: {schedulerName: packing, containers: [{name: main, image: i}]}}
priorityClasses: {high: 100}
`;

async function out(...args: readonly string[]): Promise<string> {
  folder.write('two.yaml', SCENARIO);
  const { code, out: text, err } = await folder.here(...args);
  expect([code, err]).toEqual([0, '']);
  return text;
}

describe('several schedulers', () => {
  test('explain tells what the scheduler of the pod saw and chose', async () => {
    const spread = await out('explain', 'two.yaml', 'spread-0');
    expect(spread).toContain('default/spread-0 goes to big-0 at 1s');
    const packed = JSON.parse(await out('explain', 'two.yaml', 'packed-0-0', '-o', 'json')) as {
      readonly node: string; readonly schedulerName: string; readonly atMicros: number;
    };
    expect(packed).toMatchObject({ node: 'small-0', schedulerName: 'packing', atMicros: 2_050_000 });
    expect(await out('explain', 'two.yaml', 'waits-0', '--at', '15m')).toContain('Insufficient cpu');
  });

  test('nothing is kept of such a run, which is said, and explain plays it again', async () => {
    folder.write('two.yaml', SCENARIO);
    const run = await folder.here('run', 'two.yaml', '--quiet', '--keep', '--out', 'kept');
    expect(run.err).toContain('nothing is kept of this run: what one of several schedulers sees is not in it');
    const { code, out: text, err } = await folder.here('explain', 'kept', 'packed-0-0');
    expect([code, err]).toEqual([0, '']);
    expect(text).toContain('default/packed-0-0 goes to small-0');
  });

  test('describe and events name the scheduler that spoke', async () => {
    const described = await out('describe', 'two.yaml', 'pod', 'waits-0', '--at', '15m');
    expect(described).toMatch(/FailedScheduling .*packing .*0\/2 nodes are available: 2 Insufficient cpu/);
    expect(await out('events', 'two.yaml', '--for', 'pod/spread-0')).toContain('Successfully assigned');
  });

  test('timeline shows the preemptions of all of them', async () => {
    folder.write('two.yaml', SCENARIO);
    const { code } = await folder.here('timeline', 'two.yaml', '--out', 'two.json', '--quiet');
    expect(code).toBe(0);
    const text = readFileSync(join(folder.path(), 'two.json'), 'utf8');
    expect(text).toContain('default/urgent-0 preempts default/waits-0');
  });

  test('rehearse tells why the pods of each of them wait', async () => {
    const text = await out('rehearse', 'two.yaml', '--drain', 'big-0,small-0', '-q');
    expect(text).toContain('packed');
    expect(text).toContain('0/2 nodes are available: 2 node(s) were unschedulable');
  });
});
