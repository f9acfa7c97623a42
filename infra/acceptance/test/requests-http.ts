import { readFileSync } from 'node:fs';

/** One request of an `.http` file. */
export interface WrittenRequest {
  /** The status of its answer, which stands before its title. */
  readonly status: number;
  readonly title: string;
  /** How later ones refer to its answer, from `# @name`. */
  readonly name: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const TITLE = /^(\d{3}): (.+)$/;
const REQUEST = /^(GET|POST|PUT|DELETE) (\S+)$/;

/** Placeholders of answers stay in place: they are known only when the file is run. */
export function readRequests(file: URL, variables: Readonly<Record<string, string>>): WrittenRequest[] {
  const filled = readFileSync(file, 'utf8').replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => variables[name] ?? placeholder);
  return filled.split(/^### /m).slice(1).map(readRequest);
}

function readRequest(block: string): WrittenRequest {
  const [head = '', ...rest] = block.split('\n\n');
  const [titleLine = '', ...lines] = head.split('\n');
  const [, status, title] = TITLE.exec(titleLine) ?? [];
  const at = lines.findIndex((line) => REQUEST.test(line));
  const [, method, url] = REQUEST.exec(lines[at] ?? '') ?? [];
  if (status === undefined || title === undefined || method === undefined || url === undefined) throw new Error(`not a request: ${block}`);
  const body = rest.join('\n\n').trim();
  return {
    status: Number(status),
    title,
    name: lines.map((line) => /^# @name (\w+)$/.exec(line)?.[1]).find((name) => name !== undefined),
    method,
    url,
    headers: Object.fromEntries(
      lines
        .slice(at + 1)
        .filter((line) => line !== '')
        .map((line) => line.split(/: (.*)/s) as [string, string]),
    ),
    body: body === '' ? undefined : body,
  };
}

/** Sends them from top to bottom without a pause. Resolves to the status and title of each, as answered and as the file has them. */
export async function runRequests(requests: readonly WrittenRequest[]): Promise<{ readonly told: string[]; readonly written: string[] }> {
  const answers = new Map<string, Readonly<Record<string, unknown>>>();
  const told: string[] = [];
  for (const { title, name, method, url, headers, body } of requests) {
    const target = url.replaceAll(/\{\{(\w+)\.response\.body\.(\w+)\}\}/g, (_, of: string, member: string) =>
      String(answers.get(of)?.[member]),
    );
    const response = await fetch(target, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (name !== undefined) answers.set(name, JSON.parse(text) as Record<string, unknown>);
    told.push(`${response.status}: ${title}`);
  }
  return { told, written: requests.map(({ status, title }) => `${status}: ${title}`) };
}
