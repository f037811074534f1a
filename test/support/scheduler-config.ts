// Configurations for tests: a registry in which every in-tree plugin is present in name, and the usual head of a document.
import { inTreePluginNames } from '../../src/scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import type { DecodeConfigurationOptions, SchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { InputError } from '../../src/base/input-error.ts';
import type { PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import type { ProfileSpec } from '../../src/scheduler/framework/profile.ts';

export interface UserPlugin {
  readonly name: string;
  readonly points?: readonly string[];
  readonly defaultArgs?: Readonly<Record<string, unknown>>;
}

export function fullRegistry(...users: readonly UserPlugin[]): ReadonlyMap<string, PluginFactory> {
  return new Map([...registryOf(...inTreePluginNames()), ...users.map((user) => [user.name, { ...factory(user.name), ...user }] as const)]);
}

export function registryOf(...names: readonly string[]): ReadonlyMap<string, PluginFactory> {
  return new Map(names.map((name) => [name, factory(name)]));
}

function factory(name: string): PluginFactory {
  return { name, summary: '', create: () => ({ name }) };
}

export function configuration(members: Readonly<Record<string, unknown>>): unknown {
  return { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', ...members };
}

export function decode(members: Readonly<Record<string, unknown>>, options: Partial<DecodeConfigurationOptions> = {}): SchedulerConfiguration {
  return decodeSchedulerConfiguration(configuration(members), { registry: fullRegistry(), ...options });
}

export function decodeProfile(profile: Readonly<Record<string, unknown>>, options: Partial<DecodeConfigurationOptions> = {}): ProfileSpec {
  return decode({ profiles: [profile] }, options).profiles[0];
}

/** The text of the InputError that reading throws. */
export function mistakesIn(raw: unknown, options: Partial<DecodeConfigurationOptions> = {}): string {
  try {
    decodeSchedulerConfiguration(raw, { registry: fullRegistry(), ...options });
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return '';
}
