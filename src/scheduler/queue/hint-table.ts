/**
 * Which plugin wants to hear of which event, per profile, with upstream's automatic additions, of which v1.37 has fewer
 * (pkg/scheduler/scheduler.go buildQueueingHintMap, framework/runtime EventsToRegister). Plugins are numbered; sets of
 * plugins are bit masks.
 */
import { assert } from '../../base/assert.ts';
import { Interner } from '../../base/interner.ts';
import { Action, WILDCARD_EVENT, event, eventMatches, isWildcard } from '../framework/cluster-event.ts';
import type { ClusterEvent, EventRegistration, EventSubject, QueueingHint } from '../framework/cluster-event.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { Plugin } from '../framework/plugin-api.ts';
import type { Profile } from '../framework/profile.ts';

/** Masks are 31-bit. */
const MAX_PLUGINS = 31;

export type QueueStrategy = 'skip' | 'afterBackoff' | 'immediately';

interface TableEntry {
  readonly event: ClusterEvent;
  readonly pluginBit: number;
  readonly hint: QueueingHint | null;
}

export class HintTable {
  private readonly pluginNumbers = new Interner();
  private readonly byProfile = new Map<string, readonly TableEntry[]>();

  /** `taintsHinted`: who waits for new nodes is not moved by new taints, too. */
  constructor(profiles: Iterable<Profile>, taintsHinted: boolean) {
    const registrations = taintsHinted ? ownRegistrationsOf : registrationsOf;
    for (const profile of profiles) {
      const entries = profile.plugins
        .filter(mayReject)
        .flatMap((plugin) => registrations(plugin).map((registration) => this.entry(plugin, registration)));
      this.byProfile.set(profile.schedulerName, entries);
    }
  }

  /** Bit of a plugin in masks. */
  bit(plugin: string): number {
    const number = this.pluginNumbers.intern(plugin);
    assert(number < MAX_PLUGINS, `more than ${MAX_PLUGINS} plugins`);
    return 1 << number;
  }

  mask(plugins: Iterable<string>): number {
    let mask = 0;
    for (const plugin of plugins) mask |= this.bit(plugin);
    return mask;
  }

  names(mask: number): string[] {
    const names: string[] = [];
    for (let number = 0; number < this.pluginNumbers.size; number++)
      if ((mask & (1 << number)) !== 0) names.push(this.pluginNumbers.text(number));
    return names;
  }

  isOfInterest(incoming: ClusterEvent): boolean {
    for (const entries of this.byProfile.values())
      for (const entry of entries) if (eventMatches(entry.event, incoming)) return true;
    return false;
  }

  /** The registrations of a profile that match an event and belong to a plugin of the mask. */
  matching(schedulerName: string, incoming: ClusterEvent, mask: number): TableEntry[] {
    const entries = this.byProfile.get(schedulerName) ?? [];
    return entries.filter((entry) => (entry.pluginBit & mask) !== 0 && eventMatches(entry.event, incoming));
  }

  /** Whether a pod that these plugins hold is worth a new attempt after an event, and how soon. */
  strategy(
    pod: PodInfo, incoming: ClusterEvent, subject: EventSubject, rejectors: number, pendings: number,
  ): QueueStrategy {
    const mask = rejectors | pendings;
    if (mask === 0) return 'afterBackoff';
    if (isWildcard(incoming)) {
      const { pod: target } = subject;
      const isOwn = target === undefined || (target.row === pod.row && target.incarnation === pod.incarnation);
      return isOwn ? 'afterBackoff' : 'skip';
    }
    let strategy: QueueStrategy = 'skip';
    for (const { pluginBit, hint } of this.matching(pod.template.schedulerName, incoming, mask)) {
      if (hint !== null && hint(pod, subject) === 'QueueSkip') continue;
      if ((pluginBit & pendings) !== 0) return 'immediately';
      strategy = 'afterBackoff';
      if (pendings === 0) return strategy;
    }
    return strategy;
  }

  private entry(plugin: Plugin, registration: EventRegistration): TableEntry {
    return { event: registration.event, pluginBit: this.bit(plugin.name), hint: registration.hint };
  }
}

/** Plugins that can reject a pod: the others are never asked. */
function mayReject(plugin: Plugin): boolean {
  return [plugin.preEnqueue, plugin.preFilter, plugin.filter, plugin.reserve, plugin.permit, plugin.postFilter].some(
    (method) => method !== undefined,
  );
}

function ownRegistrationsOf(plugin: Plugin): readonly EventRegistration[] {
  return plugin.eventsToRegister?.() ?? [{ event: WILDCARD_EVENT, hint: null }];
}

/** v1.36: a node may have been passed over while it was cordoned or tainted, so its taints count as a new node. */
function registrationsOf(plugin: Plugin): readonly EventRegistration[] {
  const registrations = ownRegistrationsOf(plugin);
  const addsNode = registrations.some(
    ({ event: { resource, actions } }) =>
      resource === 'Node' && (actions & Action.Add) !== 0 && (actions & Action.UpdateNodeTaint) === 0,
  );
  return addsNode ? [...registrations, { event: event('Node', Action.UpdateNodeTaint), hint: null }] : registrations;
}
