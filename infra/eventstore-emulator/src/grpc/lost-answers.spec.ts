import { describe, expect, it } from 'vitest';
import { isLostAnswer } from './lost-answers.ts';

const thrown = (code: string, stack: string): Error => Object.assign(new Error('The stream has been destroyed'), { code, stack });

describe('An answer that is lost', () => {
  it.each(['_respondWithError', '_verifyContentType'])('is one that grpc-js sends unasked, in %s', (place) => {
    expect(isLostAnswer(thrown('ERR_HTTP2_INVALID_STREAM', `at ServerHttp2Stream.respond\nat Server.${place} (server.js:1)`))).toBe(true);
  });

  it('is nothing else', () => {
    expect(isLostAnswer(thrown('ERR_HTTP2_INVALID_STREAM', 'at ServerHttp2Stream.respond\nat handleAppend (append.ts:1)'))).toBe(false);
    expect(isLostAnswer(thrown('ERR_ASSERTION', 'at Server._respondWithError (server.js:1)'))).toBe(false);
    expect(isLostAnswer('no error')).toBe(false);
  });
});
