/**
 * LifetimePacking (Score): pods that stay and pods that end are kept apart, so that machines with the latter become empty
 * by themselves. Nothing is learned: what a pod's restart policy says is believed (Jobs have Never or OnFailure).
 * After "Lifetime-aware VM allocation" (LAVA, 2024), without its predictions.
 */
import { allocatableOf, podsOn, requestOf, requestedOn } from 'podyard/plugin';
import type { Plugin, PluginFactory, PodInfo } from 'podyard/plugin';

const NAME = 'LifetimePacking';

function ends(pod: PodInfo): boolean {
  return pod.template.spec.restartPolicy === 'Never' || pod.template.spec.restartPolicy === 'OnFailure';
}

export const plugin: PluginFactory = {
  name: NAME,
  summary: 'keeps pods that end apart from pods that stay, and packs each kind',
  create: (_args, handle): Plugin => ({
    name: NAME,
    dependence: { score: 'node' },
    score: (_state, pod, node) => {
      const others = podsOn(handle, node);
      const most = allocatableOf(handle, node, 'cpu');
      const used = (requestedOn(handle, node, 'cpu') + requestOf(handle, pod, 'cpu')) / most;
      if (others.length === 0) return 30;
      const like = others.filter((other) => ends(other) === ends(pod)).length / others.length;
      // Its like first, then what is fullest; an empty node comes before one full of the other kind.
      return Math.min(100, Math.round(70 * like + 30 * used));
    },
  }),
};
