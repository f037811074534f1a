/**
 * DefaultBinder (Bind): writes the binding. The scheduler performs it; this plugin says yes. Source:
 * plugins/defaultbinder/default_binder.go.
 */
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';

const NAME = 'DefaultBinder';

export const DefaultBinder: PluginFactory = {
  name: NAME,
  summary: 'binds the pod to the chosen node',
  create(): Plugin {
    return { name: NAME, bind: () => null, eventsToRegister: () => [] };
  },
};
