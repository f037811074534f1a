/** `podyard completion`: a script for the user's shell. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';

export const COMPLETION: Command = {
  usage: 'completion [shell]',
  summary: 'Print a script that completes commands, options and files in bash or zsh',
  positionals: [{ name: 'shell', describe: 'bash or zsh; without, the one that SHELL names' }],
  options: {},
  examples: [
    ['$0 completion bash > ~/.local/share/bash-completion/completions/podyard', 'for every new shell'],
    ['source <($0 completion zsh)', 'for this one; in ~/.zshrc, behind compinit, for every one'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { completionScript } = await import('./completion-script.ts');
    const shell = given.positional('shell');
    context.terminal.out(completionScript(context.commands, shell === '' ? process.env['SHELL'] : shell));
    return EXIT_OK;
  },
};
