/** `podyard versions`: what differs between two versions of Kubernetes. */
import { KUBERNETES_VERSIONS } from '../cluster/kubernetes-versions.ts';
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';

const KNOWN = KUBERNETES_VERSIONS.join(', ');

export const VERSIONS: Command = {
  usage: 'versions [from] [to]',
  summary: 'List what is modelled of the differences between two versions of Kubernetes',
  positionals: [
    { name: 'from', describe: `A version (${KNOWN}). Default: the oldest` },
    { name: 'to', describe: 'Another one. Default: the newest' },
  ],
  options: {
    output: {
      kind: 'text',
      alias: 'o',
      choices: ['table', 'json', 'yaml', 'csv'],
      fallback: 'table',
      describe: 'What to print',
    },
  },
  examples: [['$0 versions 1.36 1.37', 'by plugin: the gate, what changes, the upstream files']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { versionsText } = await import('./versions-list.ts');
    context.terminal.out(versionsText(given, context.terminal.hasColor('out')));
    return EXIT_OK;
  },
};
