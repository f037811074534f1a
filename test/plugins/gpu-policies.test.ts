// The policies for shared GPUs against their published rules, written down plainly: on nodes with random devices, what
// each scores for pods of every kind, and which device a share gets. Upstream: hkust-adsl/kubernetes-scheduler-simulator
// (pkg/simulator/plugin, pkg/type/open-gpu-share).
import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../src/cluster/objects.ts';
import { GPU_MILLI, GPU_MODEL_LABEL, NodeDevices, gpuRequestOf } from '../../src/cluster/gpu-devices.ts';
import type { GpuRequest } from '../../src/cluster/gpu-devices.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import type { PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { BestFit } from '../../src/scheduler/plugins/best-fit.ts';
import { DotProd } from '../../src/scheduler/plugins/dot-prod.ts';
import { FGD } from '../../src/scheduler/plugins/fgd.ts';
import { GpuClustering } from '../../src/scheduler/plugins/gpu-clustering.ts';
import { GpuPacking } from '../../src/scheduler/plugins/gpu-packing.ts';
import { Random } from '../../src/scheduler/plugins/random.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../support/scheduler-fixture.ts';

const stream = new RandomStream('gpu-policies');
const pick = <T>(list: readonly T[]): T => list[Math.floor(stream.next() * list.length)];

/** What a pod asks for: cores, and thousandths of GPUs in all. */
interface Ask {
  readonly cores: number;
  readonly milli: number;
}

interface Machine {
  readonly name: string;
  readonly model: string;
  readonly cores: number;
  readonly gpus: number;
  readonly holds: readonly Ask[];
}

const gpuNode = ({ name, model, cores, gpus }: Omit<Machine, 'holds'>): Node =>
  node(name, { [GPU_MODEL_LABEL]: model }, {
    status: { allocatable: { cpu: String(cores), memory: '512Gi', pods: '110', ...(gpus === 0 ? {} : { [GPU_MILLI]: String(gpus * 1000) }) } },
  });

const gpuPod = (name: string, { cores, milli }: Ask, nodeName = ''): Pod => {
  const requests = { cpu: String(cores), ...(milli === 0 ? {} : { [GPU_MILLI]: String(milli) }) };
  return pod(name, {}, { containers: [{ name: 'main', resources: { requests } }], ...(nodeName === '' ? {} : { nodeName }) });
};

const drawAsk = (): Ask => ({ cores: pick([1, 4, 8, 16]), milli: pick([0, 100, 250, 500, 730, 1000, 2000, 4000]) });

function drawMachine(i: number): Machine {
  const gpus = pick([0, 1, 2, 4, 8]);
  const holds: Ask[] = [];
  const devices = new NodeDevices(gpus * 1000);
  for (let pods = pick([0, 0, 1, 2, 3, 5]); pods > 0; pods--) {
    const ask = drawAsk();
    const request = gpuRequestOf(ask.milli);
    if (request !== null && !devices.fits(request)) continue;
    if (request !== null) devices.takeChosen(holds.length, request);
    holds.push(ask);
  }
  return { name: `n${String(i)}`, model: pick(['T4', 'V100']), cores: pick([64, 96, 128]), gpus, holds };
}

const worldOf = (machines: readonly Machine[]): SchedulerFixture =>
  fixture({
    nodes: machines.map(gpuNode),
    pods: machines.flatMap(({ name, holds }) => holds.map((ask, i) => gpuPod(`${name}-${String(i)}`, ask, name))),
  });

/** What of a machine's devices and cores nobody holds, by the rule of the device model: the tightest that has room. */
function leftOf({ cores, gpus, holds }: Machine): { readonly cpu: number; readonly left: number[]; readonly kinds: Set<number> } {
  const left = Array.from({ length: gpus }, () => 1000);
  const kinds = new Set<number>();
  let cpu = cores * 1000;
  for (const { cores: wanted, milli } of holds) {
    cpu -= wanted * 1000;
    if (milli === 0 || gpus === 0) continue;
    kinds.add(milli < 1000 ? 0 : milli / 1000);
    if (milli < 1000) {
      const roomy = left.filter((each) => each >= milli);
      left[left.indexOf(Math.min(...roomy))] -= milli;
    } else for (let device = 0, missing = milli / 1000; missing > 0; device++) if (left[device] === 1000) left[device] -= 1000 * Math.sign(missing--);
  }
  return { cpu, left, kinds };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

const RULES: Readonly<Record<string, { readonly factory: PluginFactory; readonly score: (machine: Machine, ask: Ask) => number }>> = {
  'BestFit: the least left afterwards, half cpu and half GPU, in shares of 128 cores and 8 GPUs': {
    factory: BestFit,
    score: (machine, { cores, milli }) => {
      const { cpu, left } = leftOf(machine);
      return Math.trunc(100 * (1 - (((cpu - cores * 1000) / 128_000) * 0.5 + ((sum(left) - milli) / 8000) * 0.5)));
    },
  },
  'DotProd: the least product of what is left with what is asked for': {
    factory: DotProd,
    score: (machine, { cores, milli }) => {
      const { cpu, left } = leftOf(machine);
      return Math.max(0, Math.trunc(100 * (1 - ((cpu / 128_000) * ((cores * 1000) / 128_000) + (sum(left) / 8000) * (milli / 8000)) / 2)));
    },
  },
  'GpuClustering: nodes with this kind alone, with others too, with none, with others only': {
    factory: GpuClustering,
    score: (machine, { milli }) => {
      if (milli === 0 || machine.gpus === 0) return 0;
      const { left, kinds } = leftOf(machine);
      const kind = milli < 1000 ? 0 : milli / 1000;
      const level = kinds.size === 0 ? 25 : kinds.has(kind) ? (kinds.size === 1 ? 75 : 50) : 0;
      return Math.max(0, Math.min(100, Math.trunc((25 * (8000 - sum(left))) / 8000) + level));
    },
  },
  'GpuPacking: devices in use, then nodes in use, then the rest': {
    factory: GpuPacking,
    score: (machine, { milli }) => {
      if (milli === 0 || machine.gpus === 0) return 0;
      const { left } = leftOf(machine);
      const free = left.filter((each) => each === 1000).length;
      if (free === left.length) return Math.max(33 - free, free);
      const count = Math.ceil(milli / 1000);
      const taken = left.filter((each) => each >= milli / count).sort((a, b) => a - b).slice(0, count);
      const whole = taken.filter((each) => each === 1000).length;
      if (whole > 0) return Math.max(50 - whole, 33);
      return Math.max(100 - Math.trunc(sum(taken.map((each) => Math.trunc(each / 10))) / 10), 50);
    },
  },
};

test.each(Object.keys(RULES))('%s', (rule) => {
  const { factory, score } = RULES[rule];
  const machines = Array.from({ length: 60 }, (_, i) => drawMachine(i));
  const story = worldOf(machines).plugin(factory);
  for (let i = 0; i < 12; i++) {
    const ask = drawAsk();
    const expected = Object.fromEntries(machines.map((machine) => [machine.name, score(machine, ask)]));
    expect(story.raw(gpuPod(`new-${String(i)}`, ask)), JSON.stringify(ask)).toEqual(expected);
  }
  expect(story.plugin.eventsToRegister?.()).toEqual([]);
});

test('BestFit spreads its scores from 0 to 100, and gives all 0 where none stands out', () => {
  const half: Ask = { cores: 1, milli: 500 };
  const machines: Machine[] = [0, 1, 4].map((used, i) => ({ name: `n${String(i)}`, model: 'T4', cores: 64, gpus: 8, holds: Array.from({ length: used }, () => ({ cores: 8, milli: 1000 })) }));
  const story = worldOf(machines).plugin(BestFit);
  expect(story.scores(gpuPod('new', half))).toEqual({ n0: 0, n1: 23, n2: 100 });
  expect(story.scores(gpuPod('alone', half), ['n1'])).toEqual({ n1: 0 });
});

describe('FGD', () => {
  const typical = [
    { cpuMilli: 4000, gpuCount: 1, gpuMilli: 500, gpuSpec: '', count: 3 },
    { cpuMilli: 8000, gpuCount: 1, gpuMilli: 1000, gpuSpec: 'V100', count: 2 },
    { cpuMilli: 16_000, gpuCount: 4, gpuMilli: 1000, gpuSpec: '', count: 1 },
    { cpuMilli: 32_000, gpuCount: 0, gpuMilli: 0, gpuSpec: '', count: 2 },
  ];
  /** Milli that are idle and of no use to each typical pod, weighed by how frequent it is. */
  const fragments = (model: string, cpu: number, left: readonly number[], listed = 8): number =>
    sum(
      typical.map(({ cpuMilli, gpuCount, gpuMilli, gpuSpec, count }) => {
        const roomy = left.filter((each) => each >= gpuMilli);
        const isOfUse = gpuCount > 0 && cpu >= cpuMilli && (gpuSpec === '' || gpuSpec === model) && roomy.length >= gpuCount;
        return (count * (sum(left) - (isOfUse ? sum(roomy) : 0))) / listed;
      }),
    );
  const steep = (gain: number): number => Math.trunc((1 / (1 + Math.exp(-gain / 1000))) * 100);
  /** What may be left of the devices: a share on any that has room, whole ones on the first free. */
  const ways = (left: readonly number[], milli: number): number[][] => {
    if (milli === 0) return [[...left]];
    if (milli < 1000) return left.flatMap((each, i) => (each < milli ? [] : [left.map((other, k) => (k === i ? other - milli : other))]));
    const after = [...left];
    for (let device = 0, missing = milli / 1000; missing > 0 && device < after.length; device++) if (after[device] === 1000) after[device] -= 1000 * Math.sign(missing--);
    return [after];
  };

  test.each([0, 20])('scores by how much less is lost in fragments of the typical pods, taken from %i', (listedPods) => {
    const machines = Array.from({ length: 60 }, (_, i) => drawMachine(i));
    const story = worldOf(machines).plugin(FGD, { typicalPods: typical, listedPods });
    for (let i = 0; i < 10; i++) {
      const ask = drawAsk();
      const fits = machines.filter(({ gpus, holds }) => {
        const { left } = leftOf({ name: '', model: '', cores: 0, gpus, holds });
        const request = gpuRequestOf(ask.milli);
        return request === null || left.filter((each) => each >= request.milli).length >= request.count;
      });
      const scores = story.raw(gpuPod(`new-${String(i)}`, ask)) as Record<string, number>;
      for (const machine of fits) {
        const { cpu, left } = leftOf(machine);
        const before = fragments(machine.model, cpu, left);
        const gains = ways(left, ask.milli).map((after) => before - fragments(machine.model, cpu - ask.cores * 1000, after));
        const raw = Math.max(...gains.map((gain) => 100 / (1 + Math.exp(-gain / 1000))));
        // Within the last bits of a whole score either side may be told.
        if (Math.abs(raw - Math.round(raw)) < 1e-9 && raw !== 50) continue;
        expect(scores[machine.name], `${JSON.stringify(machine)} ${JSON.stringify(ask)}`).toBe(Math.max(...gains.map(steep)));
      }
    }
  });

  /** The devices that the pod gets on the machine, which the cache had given it before by itself. */
  function reserved(factory: PluginFactory, machine: Machine, ask: Ask, args: Readonly<Record<string, unknown>> = {}): readonly number[] {
    const world = worldOf([machine]);
    const story = world.plugin(factory, args);
    const { state, info } = story.begin(gpuPod('new', ask));
    world.cache.assumePod(info.row, world.cache.nodeRow(machine.name));
    story.plugin.reserve?.(state, info, machine.name);
    return world.nodeInfo(machine.name).devices?.devicesOf(info.row) ?? [];
  }

  test.each([0, 20])('puts a share on the device where it does least harm to pods from %i, the first of equals', (listedPods) => {
    const listed = listedPods || 8;
    for (let i = 0; i < 40; i++) {
      const machine = drawMachine(i);
      const milli = pick([100, 250, 500, 730]);
      const { cpu, left } = leftOf(machine);
      if (!left.some((each) => each >= milli)) continue;
      const ask: Ask = { cores: 1, milli };
      const before = fragments(machine.model, cpu, left, listed);
      const harm = left.map((each, device) => (each < milli ? -1 : steep(before - fragments(machine.model, cpu - 1000, left.map((other, k) => (k === device ? other - milli : other)), listed))));
      expect(reserved(FGD, machine, ask, { typicalPods: typical, listedPods }), JSON.stringify([left, milli])).toEqual([harm.indexOf(Math.max(...harm))]);
    }
    const whole: Ask = { cores: 1, milli: 2000 };
    expect(reserved(FGD, { name: 'n', model: 'T4', cores: 64, gpus: 4, holds: [{ cores: 1, milli: 500 }] }, whole, { typicalPods: typical })).toEqual([1, 2]);
    expect(reserved(FGD, { name: 'n', model: 'T4', cores: 64, gpus: 0, holds: [] }, { cores: 1, milli: 500 })).toEqual([]);
  });

  test('Random puts a share on any device that has room, and leaves whole ones where they are', () => {
    const machine: Machine = { name: 'n', model: 'T4', cores: 64, gpus: 4, holds: [{ cores: 1, milli: 800 }, { cores: 1, milli: 500 }, { cores: 1, milli: 1000 }] };
    const world = worldOf([machine]);
    const story = world.plugin(Random);
    const seen = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const { state, info } = story.begin(gpuPod(`new-${String(i)}`, { cores: 0, milli: 300 }));
      world.cache.assumePod(info.row, 0);
      story.plugin.reserve?.(state, info, 'n');
      for (const device of world.nodeInfo('n').devices?.devicesOf(info.row) ?? []) seen.add(device);
      world.cache.forgetPod(info.row);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([1, 3]);
    expect(reserved(Random, machine, { cores: 1, milli: 1000 })).toEqual([3]);
    expect(reserved(Random, { ...machine, gpus: 0, holds: [] }, { cores: 1, milli: 300 })).toEqual([]);
  });
});

test('Random scores one of the feasible nodes, each in its turn', () => {
  const machines = Array.from({ length: 4 }, (_, i): Machine => ({ name: `n${String(i)}`, model: 'T4', cores: 8, gpus: 0, holds: [] }));
  const story = worldOf(machines).plugin(Random);
  const chosen = new Map<string, number>();
  for (let i = 0; i < 400; i++) {
    const scores = Object.entries(story.raw(gpuPod(`new-${String(i)}`, { cores: 1, milli: 0 })));
    const best = scores.filter(([, score]) => score === 100);
    expect(scores.filter(([, score]) => score === 0)).toHaveLength(3);
    expect(best).toHaveLength(1);
    chosen.set(best[0][0], (chosen.get(best[0][0]) ?? 0) + 1);
  }
  expect(chosen.size).toBe(4);
  for (const count of chosen.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
});

describe('devices of a node, against lists of who holds what', () => {
  test.each(['devices-a', 'devices-b'])('%s', (seed) => {
    const dice = new RandomStream(seed);
    const roll = (sides: number): number => Math.floor(dice.next() * sides);
    let total = 8000;
    let devices = new NodeDevices(total);
    let held = new Map<number, { readonly request: GpuRequest; readonly on: readonly number[] }>();
    let copies: { readonly devices: NodeDevices; readonly left: readonly number[] }[] = [];
    const free = (): number[] => {
      const left = Array.from({ length: Math.ceil(total / 1000) }, (_, i) => Math.min(1000, total - i * 1000));
      for (const { request, on } of held.values()) for (const device of on) if (device < left.length) left[device] -= request.milli;
      return left;
    };
    for (let round = 0; round < 600; round++) {
      const milli = [100, 250, 400, 500, 1000, 1500, 2000, 3000][roll(8)];
      const request = gpuRequestOf(milli) as GpuRequest;
      expect(request.count * request.milli).toBe(milli);
      const left = free();
      const parts = left.map((each) => (each < request.milli ? 0 : Math.floor(each / request.milli)));
      expect(devices.left).toEqual(left);
      expect([devices.count, devices.leftMilli]).toEqual([left.length, sum(left)]);
      expect(devices.fits(request)).toBe(request.count === 1 ? parts.some((part) => part > 0) : sum(parts) >= request.count);
      expect(devices.roomFor(request)).toBe(Math.floor(sum(parts) / request.count));
      const verb = roll(8);
      if (verb < 4 && devices.fits(request)) {
        const roomy = left.filter((each) => each >= request.milli);
        const whole = left.flatMap((each, device) => (each === 1000 ? [device] : []));
        const on = milli < 1000 ? [left.indexOf(Math.min(...roomy))] : whole.length >= request.count ? whole.slice(0, request.count) : parts.flatMap((part, device) => Array.from({ length: part }, () => device)).slice(0, request.count);
        devices.takeChosen(round, request);
        held.set(round, { request, on });
        expect(devices.devicesOf(round)).toEqual(on);
      } else if (verb < 6 && held.size > 0) {
        const gone = [...held.keys()][roll(held.size)];
        devices.give(gone);
        held.delete(gone);
        expect(devices.devicesOf(gone)).toEqual([]);
      } else if (verb === 6 && roll(6) === 0) {
        total = [3000, 5500, 8000][roll(3)];
        devices.resize(total);
      } else if (verb === 7 && held.size > 0) {
        // A copy in which a pod goes and comes again has it where it was; the node itself does not change.
        const copy = devices.whatIf();
        const [pod, { request: had }] = [...held][roll(held.size)];
        if (left.some((each) => each < 0)) continue;
        copy.give(pod);
        expect(copy.leftMilli).toBeGreaterThanOrEqual(devices.leftMilli);
        copy.takeChosen(pod, had);
        expect(copy.left).toEqual(left);
        expect(copy.kinds).toBe(devices.kinds);
        copies = [{ devices: copy, left: [...copy.left] }];
      }
      for (const copy of copies) expect(copy.devices.left).toEqual(copy.left);
      devices.check(total, new Set(held.keys()));
    }
    expect(() => { devices.check(total, new Set()); }).toThrow(/holds GPUs of a node that it is not on/);
    devices = new NodeDevices(0);
    held = new Map();
    expect([devices.fits({ count: 1, milli: 100 }), devices.choose({ count: 1, milli: 100 })]).toEqual([false, []]);
  });

  test('remembers each kind of pod that it was ever given: shares, and each number of devices', () => {
    const devices = new NodeDevices(8000);
    const kinds = [500, 1000, 3000].map((milli, pod) => {
      devices.takeChosen(pod, gpuRequestOf(milli) as GpuRequest);
      devices.give(pod);
      return devices.kinds;
    });
    expect(kinds).toEqual([1, 3, 11]);
    expect(gpuRequestOf(0)).toBeNull();
  });

  test('a pod that was put past the scheduler takes from the roomiest, below nothing', () => {
    const devices = new NodeDevices(2000);
    devices.takeChosen(0, { count: 1, milli: 700 });
    devices.takeChosen(1, { count: 1, milli: 600 });
    devices.takeChosen(2, { count: 1, milli: 500 });
    expect(devices.left).toEqual([300, -100]);
    devices.takeChosen(3, { count: 2, milli: 1000 });
    expect([devices.left, devices.fits({ count: 1, milli: 100 })]).toEqual([[-700, -1100], false]);
  });
});
