/**
 * 500 nodes and 5,000 pods read from Kubernetes YAML: the whole process, from its start to the written report, nothing warm.
 * The median of five processes. Smoke: 5 nodes and 50 pods, one process.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../../src/base/assert.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';

interface Measured {
  readonly seconds: number;
  readonly mebibytes: number;
  readonly result: RunResult;
}

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'podyard-cold-'));
  try {
    const nodes = size === 'full' ? 500 : 5;
    writeManifests(folder, nodes, 10 * nodes);
    const runs = Array.from({ length: size === 'full' ? 5 : 1 }, (_, i) => runCold(folder, `out-${i}`)).sort((a, b) => a.seconds - b.seconds);
    const { seconds, result } = runs[runs.length >> 1];
    const { events, decisions, podsArrived, podsScheduled } = result.counts;
    const counts = { nodes: result.counts.nodes, events, decisions, podsArrived, podsScheduled };
    const name = `${nodes} nodes and ${10 * nodes} pods from YAML, whole process`;
    return [
      { name, digest: result.digest, value: seconds, unit: 's', counts },
      { name: `${name}, events`, digest: result.digest, value: events / seconds, unit: 'events/s', counts },
      { name: `${name}, peak memory`, digest: result.digest, value: Math.max(...runs.map(({ mebibytes }) => mebibytes)), unit: 'MiB', counts: {} },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeManifests(folder: string, nodes: number, pods: number): void {
  const list = (count: number, of: (i: number) => string): string => Array.from({ length: count }, (_, i) => of(i)).join('---\n');
  writeFileSync(join(folder, 'nodes.yaml'), list(nodes, nodeYaml));
  writeFileSync(join(folder, 'pods.yaml'), list(pods, podYaml));
  writeFileSync(join(folder, 'scenario.yaml'), 'name: cold\nduration: 1h\nnodes: [nodes.yaml]\nmanifests: [pods.yaml]\n');
}

function nodeYaml(i: number): string {
  return `apiVersion: v1
kind: Node
metadata:
  name: node-${i}
  labels:
    kubernetes.io/hostname: node-${i}
    topology.kubernetes.io/zone: zone-${i % 3}
status:
  allocatable: {cpu: "16", memory: 64Gi, pods: "110"}
`;
}

function podYaml(i: number): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: pod-${i}
  namespace: default
  labels:
    app: app-${i % 20}
spec:
  containers:
  - name: main
    image: registry.example/app:${i % 20}
    resources:
      requests:
        cpu: ${100 * (1 + (i % 5))}m
        memory: ${256 * (1 + (i % 4))}Mi
`;
}

function runCold(folder: string, out: string): Measured {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [programFile(), 'run', join(folder, 'scenario.yaml'), '--out', join(folder, out), '--quiet'], { encoding: 'utf8' });
  const seconds = (performance.now() - started) / 1000;
  assert(status === 0, `podyard run ended with ${status}: ${stderr}`);
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, out, file), 'utf8'));
  const { peakRssBytes } = read('timing.json') as { readonly peakRssBytes: number };
  return { seconds, mebibytes: peakRssBytes / 2 ** 20, result: read('report.json') as RunResult };
}

/** The command line compiled along with this file, or, where this file runs as TypeScript, the built one. */
function programFile(): string {
  const beside = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
  return existsSync(beside) ? beside : join('dist', 'cli', 'main.js');
}
