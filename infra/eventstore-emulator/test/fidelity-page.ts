export interface Citation {
  /** Below `test` or, when it begins with `src/`, below the app; without the ending. */
  readonly spec: string;
  readonly title: string;
}

export interface Row {
  readonly table: string;
  readonly about: string;
  readonly what: string;
  readonly line: number;
  readonly citations: readonly Citation[];
}

/** The page's rows: | About | What | `spec` "title", `spec` "title" | */
export function rowsOf(page: string): Row[] {
  let table = '';
  return page.split('\n').flatMap((text, index) => {
    table = /^## (.+)$/.exec(text)?.[1] ?? table;
    if (!text.startsWith('|') || /^\| About \||^\|-/.test(text)) return [];
    const [about = '', what = '', where = '', ...more] = text
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    if (more.length > 0 || !text.endsWith('|')) throw new Error(`Line ${index + 1} is no row of three cells`);
    const citations = [...where.matchAll(/`([^`]+)` "(.+?)"(?=, `|$)/g)].map(([, spec = '', title = '']) => ({ spec, title }));
    return [{ table, about, what, line: index + 1, citations }];
  });
}

/** The methods that a row names, as `Service/Method`. */
export function methodsOf({ what }: Row): string[] {
  return [...what.matchAll(/`(\w+\/\w+)`/g)].map(([, method = '']) => method);
}

/** Whether a file of tests has a case, or a row of cases, of this title, as it stands in the source. */
export function hasCase(source: string, title: string): boolean {
  const literal = title
    .split("'")
    .map((part) => RegExp.escape(part))
    .join(String.raw`\\?'`);
  return new RegExp(String.raw`(?:\bit\(|\)\(|^\s*\[)\s*(['"\x60])${literal}\1`, 'm').test(source);
}
