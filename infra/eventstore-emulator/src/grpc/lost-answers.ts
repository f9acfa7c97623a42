const UNGUARDED = /\bServer\._(?:respondWithError|verifyContentType)\b/;

/**
 * grpc-js answers a call of no method, or of another content type, without looking whether the call is still there,
 * and Node.js then throws where nobody can catch it. Nothing is lost but the answer to a client that has left.
 */
export function isLostAnswer(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_HTTP2_INVALID_STREAM' && UNGUARDED.test(cause.stack ?? '');
}
