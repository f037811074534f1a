// Objects as a cluster's dump holds them, and what becomes of their pods.
import { playScenario } from './played-scenario.ts';
import type { PlayedPod } from './played-scenario.ts';
import { withoutHash } from './without-hash.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const pool = (more: Fields = {}) => ({
  nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '16Gi' }, ...more }],
});
export const containers = [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }];
export const template = (app: string, spec: Fields = {}, metadata: Fields = {}) => ({
  metadata: { labels: { app }, ...metadata },
  spec: { containers, ...spec },
});
export const workload = (kind: string, name: string, spec: Fields = {}, more: Fields = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
  ...more,
});
export const job = (name: string, spec: Fields, status: Fields = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers } }, ...spec },
  ...(Object.keys(status).length === 0 ? {} : { status }),
});
export const told = (pods: readonly PlayedPod[]): string[] =>
  pods
    .map(({ name, node, outcome }) => `${withoutHash(name)} ${outcome}${node === '' ? '' : ` on ${node}`}`)
    .sort((a, b) => (a < b ? -1 : 1));
export const play = (members: Fields, objects: readonly unknown[]): string[] =>
  told(playScenario({ duration: '10m', ...members }, objects).pods);
