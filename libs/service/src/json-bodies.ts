import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problems.ts';

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/gi;

/**
 * Only JSON in UTF-8 is read. A decoder would put replacement characters for anything else, and nobody could tell
 * them from what was meant, so it is refused.
 */
export function readJsonBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const refusal = unreadable(request, body);
    if (refusal !== null) done(refusal);
    // Some clients declare JSON with every request, also with an empty body where a route takes none.
    else if (body.length === 0) done(null, undefined);
    else void parseJson(request, body.toString(), done);
  });
}

function unreadable({ headers }: FastifyRequest, body: Buffer): Problem | null {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.trim().toLowerCase() !== 'identity') {
    return new Problem('unsupported-media-type', `Content-Encoding ${encoding} is not read`, {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  const charsets = [...(headers['content-type'] ?? '').matchAll(CHARSET)].map(([, charset]) => charset!);
  const foreign = charsets.find((charset) => charset.toLowerCase() !== 'utf-8');
  if (foreign !== undefined) return new Problem('unsupported-media-type', `The charset ${foreign} is not read`);
  if (isUtf8(body)) return null;
  return new Problem('malformed-request', 'The body is not UTF-8', { errors: [{ field: 'body', message: 'must be UTF-8' }] });
}
