/** Flags in front of a pattern, as .NET writes them, that JavaScript has under the same letters. */
const LEADING_FLAGS = /^\(\?([ims]+)\)/;
/** Escapes one by one, so that an escaped backslash is not taken for the beginning of the next escape. */
const ESCAPES = /\\(?:[AzZ]|[\s\S])/g;
const ANCHORS: Readonly<Record<string, string>> = { '\\A': '(?<![\\s\\S])', '\\z': '(?![\\s\\S])', '\\Z': '(?=\\n?(?![\\s\\S]))' };

/**
 * A regular expression as the real server's .NET understands it: unanchored and case-sensitive, unless it says
 * otherwise itself.
 *
 * @throws SyntaxError when it is none, or one that JavaScript can't express.
 */
export function dotnetPattern(text: string): RegExp {
  const [prefix = '', flags = ''] = LEADING_FLAGS.exec(text) ?? [];
  const source = text.slice(prefix.length).replaceAll(ESCAPES, (escape) => ANCHORS[escape] ?? escape);
  // Only with the flag u are \p and \P classes of characters. All other patterns go without: clients escape
  // characters that the flag does not allow to be escaped.
  const usesClasses = [...source.matchAll(ESCAPES)].some(([escape]) => escape === '\\p' || escape === '\\P');
  return new RegExp(source, usesClasses ? `${flags}u` : flags);
}
