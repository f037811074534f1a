/** Objects as kubectl prints them: JSON with four spaces, YAML that YAML 1.1 reads the same way. */
export async function printed(value: unknown, format: string): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, null, 4)}\n`;
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false, version: '1.1' });
}
