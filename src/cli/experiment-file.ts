/** Tells files of experiments from scenarios: both are run and validated by the same commands. */

/**
 * Text and name of the file when it holds an experiment; null: a scenario, or nothing that can be read. Standard input
 * is a scenario.
 */
export async function experimentIn(path: string): Promise<{ readonly text: string; readonly name: string } | null> {
  if (path === '-') return null;
  const { createInputFiles } = await import('../io/input-files.ts');
  const files = createInputFiles();
  if (!files.isFile(path)) return null;
  const text = files.read(path);
  // Reading YAML costs more than looking for the word.
  if (!/^\s*["']?inflation["']?\s*:/m.test(text)) return null;
  const { isInflation } = await import('../experiment/inflation-plan.ts');
  return isInflation(text, path) ? { text, name: path } : null;
}
