/** Each once, in the order in which they first occur. */
export const commaSeparated = (items: readonly string[]): string => [...new Set(items)].join(', ');

export function mermaid(kind: string, lines: readonly string[]): string {
  return ['```mermaid', kind, ...lines.map((line) => `  ${line}`), '```'].join('\n');
}
