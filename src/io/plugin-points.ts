/** Which extension points a user's plugin has: its factory says so, or the plugin itself is made once and looked at. */
import { EXTENSION_POINTS } from '../scheduler/config/default-plugins.ts';
import type { FactoryWithPoints } from '../scheduler/config/default-plugins.ts';
import { guardedFactory } from '../scheduler/framework/guarded-plugin.ts';
import type { Handle, Plugin, PluginFactory } from '../scheduler/framework/plugin-api.ts';

/** Methods by point, where they are not called alike. */
const METHODS: Readonly<Record<string, readonly (keyof Plugin)[]>> = { queueSort: ['less'], reserve: ['reserve', 'unreserve'] };

/** In upstream's order; null when the plugin cannot be made outside a simulation. */
export function pointsOfPlugin(factory: PluginFactory): readonly string[] | null {
  const declared = (factory as FactoryWithPoints).points;
  if (declared !== undefined) return declared;
  try {
    const plugin = factory.create(factory.defaultArgs ?? {}, placeholder() as Handle);
    return EXTENSION_POINTS.filter((point) => (METHODS[point] ?? [point as keyof Plugin]).some((method) => typeof plugin[method] === 'function'));
  } catch {
    return null;
  }
}

/** The factory with its points told, so that `multiPoint` may name it, and with a guard around its plugins. */
export function withPoints(factory: PluginFactory, file: string | null = null): PluginFactory {
  const points = pointsOfPlugin(factory);
  const guarded = guardedFactory(factory, file);
  if (points === null || (factory as FactoryWithPoints).points !== undefined) return guarded;
  return Object.create(guarded, { points: { value: points, enumerable: true } }) as PluginFactory;
}

/** Stands for anything a plugin may keep of its handle; every call and every member gives another one. */
function placeholder(): unknown {
  const target = (): unknown => placeholder();
  return new Proxy(target, { get: (_target, name) => (name === Symbol.toPrimitive ? () => 0 : placeholder()) });
}
