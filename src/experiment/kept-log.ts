/**
 * The log that is kept of a run: what the first scheduler was shown and what it decided, in order, without anything
 * that follows from it. A cluster as a decision found it can be put together from the log without playing the run
 * again. Pods go by their number in order of creation, nodes by their row in the scheduler's cache; times stand at
 * decisions only. About 10 bytes a decision once the bytes are packed.
 */
import { assert } from '../base/assert.ts';
import { KeptReader } from './kept-bytes.ts';

/** What an entry tells; the number stands before what belongs to it. */
export const Kept = {
  /** A column of the resource registry: its name. */
  Resource: 0,
  /** Namespace, and a pod as JSON. Templates go by their number in this order. */
  Template: 1,
  /** Kind, and the object as JSON. */
  Object: 2,
  /** Kind, key. */
  ObjectGone: 3,
  /** Row, name, and the node as JSON. */
  NodeAdded: 4,
  /** Row, and the members that changed: see `readNodeChanges`. */
  NodeUpdated: 5,
  NodeGone: 6,
  /** Template, prefix of the name, ordinal less the one that was to be expected. */
  Pod: 7,
  /** Template, name. */
  NamedPod: 8,
  /** Of the newest pod: the only node that it may go to. */
  Pinned: 9,
  /** Pod, template. */
  PodUpdated: 10,
  /** Pod, row: without a decision of this scheduler. */
  PodPlaced: 11,
  PodForgotten: 12,
  PodTerminating: 13,
  PodGone: 14,
  /** Pod, GPUs that it holds. */
  Devices: 15,
  /** Pod, name of the node that it waits for. */
  Nominated: 16,
  NominationGone: 17,
  /** Row: the node, or a pod on it, has changed, so the scheduler counts the nodes with its images anew. */
  Touched: 18,
  /** Of the next cycle: index of the node at which the search begins, where it is another one than before. */
  Start: 19,
  /** Of the next cycle: status.nominatedNodeName of its pod. */
  OwnNomination: 20,
  /** Time since the last one, pod. */
  CycleBegins: 21,
  /** Row: the choice of the cycle under way. */
  Chosen: 22,
  /** Time since the last one. */
  CycleSucceeded: 23,
  CycleFailed: 24,
  /** Time since the last one, pod, length of the cycle: a whole cycle that failed, with nothing else in it. */
  CycleFailedAlone: 25,
  /** Time since the last one, pod: its binding failed. */
  BindingFailed: 26,
} as const;
export type Kept = (typeof Kept)[keyof typeof Kept];

/** `JSON` texts are handed over as they are: who needs the object parses it. */
export interface KeptVisitor {
  resource?(name: string): void;
  template?(id: number, namespace: string, json: string): void;
  object?(kind: string, json: string): void;
  objectGone?(kind: string, key: string): void;
  nodeAdded?(row: number, name: string, json: string): void;
  nodeUpdated?(row: number, changes: readonly NodeMember[]): void;
  nodeGone?(row: number): void;
  /** `ordinal` -1: `base` is the whole name. Pods are numbered in order of these calls. */
  pod?(template: number, base: string, ordinal: number): void;
  pinned?(nodeName: string): void;
  podUpdated?(pod: number, template: number): void;
  podPlaced?(pod: number, row: number): void;
  podForgotten?(pod: number): void;
  podTerminating?(pod: number): void;
  podGone?(pod: number): void;
  devices?(pod: number, devices: readonly number[]): void;
  nominated?(pod: number, nodeName: string): void;
  nominationGone?(pod: number): void;
  touched?(row: number): void;
  /** `start`: index of the node at which the search begins. True: read no further. */
  cycleBegins?(pod: number, at: number, start: number): boolean;
  ownNomination?(nodeName: string): void;
  chosen?(row: number): void;
  /** At the end of a cycle, or where a binding failed. True: read no further. */
  settled?(pod: number, at: number, succeeded: boolean): boolean;
}

/** What of a node has changed: a member of one of its sections. */
export interface NodeMember {
  readonly section: NodeSection;
  readonly name: string;
  /** undefined: it is gone. */
  readonly value: unknown;
}

export const NODE_SECTIONS = ['metadata', 'spec', 'status'] as const;
export type NodeSection = (typeof NODE_SECTIONS)[number];

/** How the value of a member is written. */
export const MemberForm = { Gone: 0, Json: 1, List: 2 } as const;

/** Walks through a log from its beginning. */
export function readKept(bytes: Uint8Array, visitor: KeptVisitor): void {
  new KeptWalk(bytes, visitor).walk();
}

class KeptWalk {
  private readonly reader: KeptReader;
  private readonly visitor: KeptVisitor;
  private readonly bases: string[] = [];
  private readonly ordinals: number[] = [];
  private templates = 0;
  private pods = 0;
  private now = 0;
  private start = 0;
  /** Pod of the cycle under way. */
  private pod = -1;

  constructor(bytes: Uint8Array, visitor: KeptVisitor) {
    this.reader = new KeptReader(bytes);
    this.visitor = visitor;
  }

  walk(): void {
    const { reader } = this;
    while (reader.hasMore) {
      const kind = reader.byte();
      if (kind >= Kept.Start) {
        if (this.decision(kind)) return;
      } else if (kind >= Kept.Pod) this.life(kind);
      else this.surroundings(kind);
    }
  }

  // What belongs to an entry is read whether the visitor wants it or not.

  private surroundings(kind: number): void {
    const { reader, visitor } = this;
    if (kind === Kept.Resource) {
      const name = reader.text();
      visitor.resource?.(name);
    } else if (kind === Kept.Template) {
      const [namespace, json] = [reader.shaped(), reader.shaped()];
      visitor.template?.(this.templates++, namespace, json);
    } else if (kind === Kept.Object || kind === Kept.ObjectGone) {
      const [of, told] = [reader.shaped(), reader.shaped()];
      if (kind === Kept.Object) visitor.object?.(of, told);
      else visitor.objectGone?.(of, told);
    } else this.node(kind);
  }

  private node(kind: number): void {
    const { reader, visitor } = this;
    const row = reader.number();
    if (kind === Kept.NodeAdded) {
      const [name, json] = [reader.shaped(), reader.shaped()];
      visitor.nodeAdded?.(row, name, json);
    } else if (kind === Kept.NodeUpdated) {
      const changes = readNodeChanges(reader);
      visitor.nodeUpdated?.(row, changes);
    } else visitor.nodeGone?.(row);
  }

  private life(kind: number): void {
    const { reader, visitor } = this;
    if (kind === Kept.Pod) this.numberedPod();
    else if (kind === Kept.NamedPod) {
      this.pods++;
      const [template, name] = [reader.number(), reader.text()];
      visitor.pod?.(template, name, -1);
    } else if (kind === Kept.Pinned) {
      const nodeName = reader.shaped();
      visitor.pinned?.(nodeName);
    } else if (kind === Kept.Touched) {
      const row = reader.number();
      visitor.touched?.(row);
    } else this.podsLife(kind, this.podNumber());
  }

  private podsLife(kind: number, pod: number): void {
    const { reader, visitor } = this;
    if (kind === Kept.PodUpdated || kind === Kept.PodPlaced) {
      const number = reader.number();
      if (kind === Kept.PodUpdated) visitor.podUpdated?.(pod, number);
      else visitor.podPlaced?.(pod, number);
    } else if (kind === Kept.Devices) {
      const devices = Array.from({ length: reader.number() }, () => reader.number());
      visitor.devices?.(pod, devices);
    } else if (kind === Kept.Nominated) {
      const nodeName = reader.shaped();
      visitor.nominated?.(pod, nodeName);
    } else if (kind === Kept.NominationGone) visitor.nominationGone?.(pod);
    else if (kind === Kept.PodForgotten) visitor.podForgotten?.(pod);
    else if (kind === Kept.PodTerminating) visitor.podTerminating?.(pod);
    else visitor.podGone?.(pod);
  }

  /** True: read no further. */
  private decision(kind: number): boolean {
    const { reader, visitor } = this;
    if (kind === Kept.CycleFailedAlone) return this.failedAlone();
    if (kind === Kept.OwnNomination) {
      const nodeName = reader.shaped();
      visitor.ownNomination?.(nodeName);
      return false;
    }
    const number = reader.number();
    if (kind === Kept.Start) this.start = number;
    else if (kind === Kept.Chosen) visitor.chosen?.(number);
    else return this.timed(kind, number);
    return false;
  }

  private timed(kind: number, passed: number): boolean {
    const { visitor } = this;
    this.now += passed;
    if (kind === Kept.CycleSucceeded || kind === Kept.CycleFailed)
      return visitor.settled?.(this.pod, this.now, kind === Kept.CycleSucceeded) ?? false;
    const pod = this.podNumber();
    if (kind === Kept.BindingFailed) return visitor.settled?.(pod, this.now, false) ?? false;
    assert(kind === Kept.CycleBegins, 'an entry of a kept run has a known kind');
    this.pod = pod;
    return visitor.cycleBegins?.(pod, this.now, this.start) ?? false;
  }

  private failedAlone(): boolean {
    const { reader, visitor } = this;
    this.now += reader.number();
    this.pod = this.podNumber();
    const length = reader.number();
    if (visitor.cycleBegins?.(this.pod, this.now, this.start) === true) return true;
    this.now += length;
    return visitor.settled?.(this.pod, this.now, false) ?? false;
  }

  private numberedPod(): void {
    const { reader, bases, ordinals } = this;
    this.pods++;
    const template = reader.number();
    const base = reader.number();
    if (base === bases.length) {
      bases.push(reader.text());
      ordinals.push(-1);
    }
    const ordinal = (ordinals[base] += 1 + reader.signed());
    this.visitor.pod?.(template, bases[base], ordinal);
  }

  /** Pods are counted back from the newest. */
  private podNumber(): number {
    return this.pods - 1 - this.reader.number();
  }
}

function readNodeChanges(reader: KeptReader): NodeMember[] {
  return Array.from({ length: reader.number() }, (): NodeMember => {
    const section = NODE_SECTIONS[reader.number()];
    const name = reader.shaped();
    const form = reader.number();
    if (form === MemberForm.Gone) return { section, name, value: undefined };
    if (form === MemberForm.Json) return { section, name, value: JSON.parse(reader.shaped()) };
    const value = Array.from({ length: reader.number() }, (): unknown => JSON.parse(reader.shaped()));
    return { section, name, value };
  });
}
