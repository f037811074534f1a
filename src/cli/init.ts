/** `podyard init`: a commented scenario to start from. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';

export const INIT: Command = {
  usage: 'init [file]',
  summary: 'Write a commented scenario to start from',
  positionals: [{ name: 'file', describe: 'Where to write it; without, or with -, to standard output' }],
  options: {
    template: { kind: 'text', choices: ['small', 'default'], fallback: 'default', describe: 'How much of a cluster' },
    force: { kind: 'flag', describe: 'Replace the file' },
  },
  examples: [
    ['$0 init my-cluster.yaml', 'a day of a cluster with services, jobs, failures and an autoscaled pool'],
    ['$0 init --template small | $0 run -', 'write one and run it'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { initScenario } = await import('../simulation/scenario-template.ts');
    const text = initScenario(given.text('template') === 'small' ? 'small' : 'default');
    const file = given.positional('file');
    if (file === '' || file === '-') {
      context.terminal.out(text);
      return EXIT_OK;
    }
    const { writeNewFile } = await import('../io/new-file.ts');
    const { plainText } = await import('../report/table.ts');
    writeNewFile(file, text, { force: given.flag('force') });
    context.terminal.err(`Wrote ${plainText(file)}. Next: podyard run ${plainText(file)}\n`);
    return EXIT_OK;
  },
};
