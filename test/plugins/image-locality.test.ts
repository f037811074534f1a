/** Stories of ImageLocality; upstream: plugins/imagelocality/image_locality.go (v1.36, v1.37). */
import { describe, expect, test } from 'vitest';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { Node, Pod, PodSpec } from '../../src/cluster/objects.ts';
import { ImageLocality } from '../../src/scheduler/plugins/image-locality.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

const MIB = 1024 * 1024;
/** Image names with sizes in MiB. */
const holding = (name: string, images: Readonly<Record<string, number>>): Node =>
  node(name, {}, { status: { allocatable: { cpu: '8', pods: '110' }, images: Object.entries(images).map(([image, size]) => ({ names: [image], sizeBytes: size * MIB })) } });
const running = (images: readonly string[], more: PodSpec = {}): Pod => pod(`p-${images.join('-')}`, {}, { containers: images.map((image, i) => ({ name: `c${i}`, image })), ...more });
const scores = (nodes: readonly Node[], object: Pod, kubernetes?: KubernetesVersion) =>
  fixture({ nodes, kubernetes }).plugin(ImageLocality).scores(object);

describe('golden values', () => {
  const two = [holding('a', { 'x:1': 250, 's:1': 40, 'm:1': 300 }), holding('b', {})];

  test('one image on one of two nodes', () => {
    expect(scores(two, running(['x:1', 'other:1']))).toEqual({ a: 5, b: 0 });
    expect(scores(two, running(['s:1', 'm:1']))).toEqual({ a: 7, b: 0 });
    expect(scores(two, running(['m:1']))).toEqual({ a: 12, b: 0 });
    expect(scores(two, running(['m:1', 'other:1']))).toEqual({ a: 6, b: 0 });
  });

  test('a large one on one of three', () => {
    expect(scores([holding('a', { 'l:1': 4000 }), holding('b', {}), holding('c', {})], running(['l:1', 'other:1']))).toEqual({ a: 66, b: 0, c: 0 });
  });

  test('several, spread over the nodes', () => {
    const nodes = [holding('a', { 'u:1': 600, 'v:1': 900, 'w:1': 300 }), holding('b', { 'u:1': 600, 'v:1': 900 }), holding('c', {})];
    expect(scores(nodes, running(['u:1', 'v:1', 'w:1']))).toEqual({ a: 36, b: 32, c: 0 });
  });

  test('small ones are below the threshold', () => {
    expect(scores([holding('a', { 's:1': 30, 't:1': 40 }), holding('b', { 's:1': 30 })], running(['s:1', 't:1']))).toEqual({ a: 1, b: 0 });
  });
});

test('a name without tag means latest, and init containers and image volumes count', () => {
  const nodes = [holding('a', { 'x:latest': 500 }), holding('b', {})];
  expect(scores(nodes, running(['x']))).toEqual({ a: 23, b: 0 });
  expect(scores(nodes, running(['other:1'], { initContainers: [{ name: 'i', image: 'x:latest' }] }))).toEqual({ a: 11, b: 0 });
  const withVolume = running(['other:1'], { volumes: [{ name: 'v', image: { reference: 'x' } }] });
  expect(scores(nodes, withVolume)).toEqual({ a: 11, b: 0 });
  expect(scores(nodes, withVolume, '1.36'), 'not in the threshold').toEqual({ a: 23, b: 0 });
});

test('image volumes raise the threshold whether or not a node has their image (v1.37)', () => {
  const nodes = [holding('a', { 'x:latest': 3000 })];
  const volumes = [{ name: 'v', image: { reference: 'nowhere' } }];
  expect(scores(nodes, running(['x'], { volumes }), '1.36')).toEqual({ a: 100 });
  expect(scores(nodes, running(['x'], { volumes }), '1.37')).toEqual({ a: 100 });
  expect(scores([holding('a', { 'x:latest': 1000 })], running(['x'], { volumes }), '1.36')).toEqual({ a: 100 });
  expect(scores([holding('a', { 'x:latest': 1000 })], running(['x'], { volumes }), '1.37')).toEqual({ a: 49 });
});

test('the same image twice counts twice, and the sum is capped', () => {
  const nodes = [holding('a', { 'x:1': 3000 })];
  expect(scores(nodes, running(['x:1', 'x:1']))).toEqual({ a: 100 });
  expect(scores([holding('a', { 'x:1': 300 }), holding('b', {})], running(['x:1', 'x:1']))).toEqual({ a: 14, b: 0 });
});

describe('what the scheduler knows of images', () => {
  test('the size is the one that the first holder reported', () => {
    expect(scores([holding('a', { 'x:1': 523 }), holding('b', { 'x:1': 900 })], running(['x:1']))).toEqual({ a: 51, b: 51 });
  });

  test('how many nodes hold it is frozen until the node or a pod on it changes', () => {
    const world = fixture({ nodes: [holding('a', { 'x:1': 1000 }), holding('b', {})] });
    const story = world.plugin(ImageLocality);
    expect(story.scores(running(['x:1']))).toEqual({ a: 48, b: 0 });
    world.cluster.updateNode(world.cluster.nodeRow('b'), holding('b', { 'x:1': 1000 }));
    expect(story.scores(running(['x:1']))).toEqual({ a: 48, b: 100 });
    world.addPod(pod('touch', {}, { nodeName: 'a' }));
    expect(story.scores(running(['x:1']))).toEqual({ a: 100, b: 100 });
    world.cluster.updateNode(world.cluster.nodeRow('b'), holding('b', {}));
    expect(story.scores(running(['x:1']))).toEqual({ a: 100, b: 0 });
    world.remove('touch');
    expect(story.scores(running(['x:1']))).toEqual({ a: 48, b: 0 });
  });

  test('a node that goes away takes its images along', () => {
    const world = fixture({ nodes: [holding('a', { 'x:1': 1000 }), holding('b', { 'x:1': 500 })] });
    const story = world.plugin(ImageLocality);
    world.cluster.removeNode(world.cluster.nodeRow('a'));
    world.addPod(pod('touch', {}, { nodeName: 'b' }));
    expect(story.scores(running(['x:1']))).toEqual({ b: 100 });
    world.cluster.removeNode(world.cluster.nodeRow('b'));
    world.cluster.addNode(holding('c', { 'x:1': 523 }));
    expect(story.scores(running(['x:1']))).toEqual({ c: 51 });
  });
});
