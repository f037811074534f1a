/**
 * DefaultPreemption for replays of whole queues. Where several nodes are equally good to preempt on, upstream takes any
 * of them (map order, and the moment at which it looks at pods that have not started); a replay then takes the recorded
 * one, so that what follows can be judged. Everything else is the real plugin's.
 */
import type { Plugin, PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { DefaultPreemption, carryOut, ineligibility } from '../scheduler/plugins/default-preemption.ts';
import { bestCandidates, dryRunPreemption } from '../scheduler/preemption/candidates.ts';

/** `recordedNode`: of the cycle under way, '' when it nominated none. */
export function withRecordedChoice(
  registry: ReadonlyMap<string, PluginFactory>,
  recordedNode: () => string,
): ReadonlyMap<string, PluginFactory> {
  const real = registry.get(DefaultPreemption.name);
  if (real === undefined) return registry;
  const factory: PluginFactory = {
    ...real,
    create(args, handle): Plugin {
      const plugin = real.create(args, handle);
      return {
        ...plugin,
        postFilter: (state, pod, statuses) => {
          const wanted = recordedNode();
          if (wanted !== '' && ineligibility(handle, pod, statuses) === '') {
            const potential = statuses.unschedulable(handle.snapshot.nodes);
            const { candidates } = dryRunPreemption(handle, state, pod, statuses, potential, {
              candidates: potential.length,
              offset: 0,
            });
            const best =
              candidates.length === 0
                ? undefined
                : bestCandidates(candidates).find(({ nodeName }) => nodeName === wanted);
            if (best !== undefined) return carryOut(handle, pod, best);
          }
          return plugin.postFilter?.(state, pod, statuses) ?? { status: null, nominatedNodeName: null };
        },
      };
    },
  };
  return new Map([...registry, [factory.name, factory]]);
}
