/** Stories of NodeName; upstream: pkg/scheduler/framework/plugins/nodename (v1.36). */
import { describe, expect, test } from 'vitest';
import { NodeName } from '../../src/scheduler/plugins/node-name.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';
import { withSpec } from '../support/decision-cases.ts';

const OTHER = "UnschedulableAndUnresolvable: node(s) didn't match the requested node name";
const nodes = [node('n1'), node('n2')];

describe('the node that a pod names (Filter)', () => {
  const web = pod('web', { app: 'web' });

  test('is the only one for it; without a name any will do', () => {
    expect(fixture({ nodes }).plugin(NodeName).filter(withSpec(web, { nodeName: 'n2' }))).toEqual({ n1: OTHER, n2: 'ok' });
    expect(fixture({ nodes }).plugin(NodeName).filter(web)).toEqual({ n1: 'ok', n2: 'ok' });
    expect(fixture({ nodes }).plugin(NodeName).filter(withSpec(web, { nodeName: '' }))).toEqual({ n1: 'ok', n2: 'ok' });
  });

  test('binds no other pod like it, whoever came first', () => {
    const world = fixture({ nodes, pods: [withSpec(web, { nodeName: 'n1' })] });
    expect(world.plugin(NodeName).filter(web)).toEqual({ n1: 'ok', n2: 'ok' });
    expect(world.plugin(NodeName).filter(withSpec(web, { nodeName: 'n2' }))).toEqual({ n1: OTHER, n2: 'ok' });
  });
});
