/** Which extension points a user's plugin has: its factory says so, or the plugin itself is made once and looked at. */
import { EXTENSION_POINTS } from '../scheduler/config/default-plugins.ts';
import type { FactoryWithPoints } from '../scheduler/config/default-plugins.ts';
import { InputError } from '../base/input-error.ts';
import { guardedFactory, misspeltMembers, thrownText } from '../scheduler/framework/guarded-plugin.ts';
import { found } from '../scheduler/framework/plugin-answers.ts';
import type { Handle, Plugin, PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { ExitCall, withoutExit } from './plugin-traps.ts';

/** Methods by point, where they are not called alike. */
const METHODS: Readonly<Record<string, readonly (keyof Plugin)[]>> = {
  queueSort: ['less'],
  reserve: ['reserve', 'unreserve'],
};

/** In upstream's order; null when the plugin cannot be made outside a simulation. Throws InputError when it is none. */
export function pointsOfPlugin(factory: PluginFactory, file?: string): readonly string[] | null {
  const known = examine(factory, file);
  return typeof known === 'string' ? null : known;
}

/** Its points; or why it could not be made. */
function examine(factory: PluginFactory, file: string | undefined): readonly string[] | string {
  const declared = (factory as FactoryWithPoints).points;
  if (declared !== undefined) return declared;
  const plugin = sample(factory, file);
  if (typeof plugin === 'string') return plugin;
  const hasMethod = (name: keyof Plugin): boolean => typeof plugin[name] === 'function';
  const points = EXTENSION_POINTS.filter((point) => (METHODS[point] ?? [point as keyof Plugin]).some(hasMethod));
  if (points.length > 0) return points;
  const hints = misspeltMembers(plugin).map((hint) => `: it has ${hint}`).join('');
  throw new InputError({ file, message: `plugin ${factory.name} has no method of any extension point${hints}` });
}

/** A plugin to be looked at; or why none can be made outside a simulation. */
function sample(factory: PluginFactory, file: string | undefined): Plugin | string {
  let made: unknown;
  try {
    made = withoutExit(() => factory.create(factory.defaultArgs ?? {}, placeholder() as Handle));
  } catch (error) {
    if (!(error instanceof ExitCall)) return ` (its create threw ${thrownText(error)})`;
    throw new InputError({ file, message: `plugin ${factory.name}, create: it ${error.message}` });
  }
  if (typeof made === 'object' && made !== null && !('then' in made)) return made as Plugin;
  const message = `plugin ${factory.name}, create: expected an object with methods, found ${found(made)}`;
  throw new InputError({ file, message });
}

/** The factory with its points told, so that `multiPoint` may name it, and with a guard around its plugins. */
export function withPoints(factory: PluginFactory, file: string | null = null): PluginFactory {
  const points = examine(factory, file ?? undefined);
  const guarded = guardedFactory(factory, file);
  if ((factory as FactoryWithPoints).points !== undefined) return guarded;
  const told = { value: points, enumerable: true };
  return Object.create(guarded, typeof points === 'string' ? { unmade: told } : { points: told }) as PluginFactory;
}

/** Stands for anything a plugin may keep of its handle; every call and every member gives another one. */
function placeholder(): unknown {
  const target = (): unknown => placeholder();
  return new Proxy(target, { get: (_target, name) => (name === Symbol.toPrimitive ? () => 0 : placeholder()) });
}
