/** One mistake in the emulator that its tests have to notice. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it, as its user would say. */
  readonly mistake: string;
  /** Below `src`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly text: string;
  readonly replacement: string;
  readonly killedBy: {
    /** Below `test`, without `.int.spec.ts`. */
    readonly spec: string;
    /** Part of the name of one or more tests, as it is reported. */
    readonly title: string;
  };
}

/** The file with the mistake. @throws Error when the text is not there once. */
export function withMistake({ name, file, text, replacement }: Mutant, source: string): string {
  const [before, after, ...more] = source.split(text);
  if (before === undefined || after === undefined) throw new Error(`${name}: src/${file} does not contain: ${text}`);
  if (more.length > 0) throw new Error(`${name}: src/${file} contains it ${more.length + 1} times: ${text}`);
  return before + replacement + after;
}
