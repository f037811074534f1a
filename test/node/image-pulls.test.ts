// Which images are on which node, kept as bits: the same as in sets, over more images than one word holds and over
// nodes that come, go and come again.
import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Node } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { ImagePulls } from '../../src/node/image-pulls.ts';
import { KUBELET } from '../support/node-life.ts';

const IMAGES = 150;
const NODES = 40;

test('images on nodes are those of sets', () => {
  const kernel = new Kernel({ seed: 'images' });
  const cluster = new Cluster(kernel);
  const images = new ImagePulls(kernel, cluster, KUBELET, () => undefined);
  cluster.observe({ nodeAdded: (node) => images.nodeAdded(node), nodeUpdated: (node) => images.nodeImagesChanged(node) });
  const random = kernel.random.stream('test', 'images');
  const draw = (count: number): number => Math.floor(random.next() * count);
  const there = new Map<string, Set<number>>();
  const templateOf = (image: number): number => cluster.internTemplate({ metadata: { namespace: 'default' }, spec: { priority: 0, containers: [{ name: 'c', image: `i${image}:1` }] } }).id;
  const nodeOf = (name: string, list: Iterable<number>): Node => ({ metadata: { name }, status: { images: [...list].map((image) => ({ names: [`i${image}:1`], sizeBytes: 1 })) } });
  for (let step = 0; step < 3000; step++) {
    const name = `n${draw(NODES)}`;
    const image = draw(Math.min(IMAGES, 2 + step));
    const row = cluster.nodeRow(name);
    if (row < 0) {
      there.set(name, new Set([image]));
      cluster.addNode(nodeOf(name, [image]));
    } else if (draw(20) === 0) cluster.removeNode(row);
    else if (draw(3) === 0) {
      // What a node had stays there when its object no longer names it.
      there.get(name)?.add(image);
      cluster.updateNode(row, nodeOf(name, [image]));
    } else if (draw(3) === 0) {
      there.get(name)?.add(image);
      images.assumeImages(row, templateOf(image));
    } else expect(images.missingImage(row, templateOf(image)) < 0, `${name} i${image}`).toBe(there.get(name)?.has(image));
  }
});
