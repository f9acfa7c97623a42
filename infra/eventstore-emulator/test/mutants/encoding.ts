import type { Mutant } from './mutant.ts';

const errors = (title: string) => ({ spec: 'conformance/raw/errors', title });
const records = (title: string) => ({ spec: 'conformance/raw/records', title });
const batch = (title: string) => ({ spec: 'conformance/raw/batch-append', title });
const listing = {
  spec: 'conformance/raw/connections',
  title: 'lists what it serves, in lower case, with a version that clients understand',
};

/** What is sent, and how errors are told apart. */
export const encoding: readonly Mutant[] = [
  {
    name: 'created-in-microseconds',
    mistake: 'The time of an event is told in another unit.',
    file: 'protocol/values.ts',
    text: 'created: `${event.createdMs}0000`',
    replacement: 'created: `${event.createdMs}000`',
    killedBy: records('keeps nothing of its system metadata but type, content type and the time in ticks of 100 ns'),
  },
  {
    name: 'everything-is-json',
    mistake: 'Events of any content type are given back as JSON.',
    file: 'grpc/proposed-events.ts',
    text: "isJson: contentType === 'application/json'",
    replacement: 'isJson: true',
    killedBy: records('proposed as "application/x-protobuf" is given back as application/octet-stream'),
  },
  {
    name: 'ids-as-they-came',
    mistake: 'An id that came in capitals is given back in capitals, and is another one for who compares text.',
    file: 'protocol/uuid.ts',
    text: 'if (HYPHENATED.test(text)) return text.toLowerCase();',
    replacement: 'if (HYPHENATED.test(text)) return text;',
    killedBy: records('has its id in small letters, however it came'),
  },
  {
    name: 'link-position-of-target',
    mistake: 'A resolved link has the position of its target, so that a subscriber goes on from a place long past.',
    file: 'grpc/event-encoding.ts',
    text: 'return ReadResp.encode({ event: { ...resolved, link: recorded, commitPosition } });',
    replacement:
      'return ReadResp.encode({ event: { ...resolved, link: recorded, commitPosition: wireLong(found?.position ?? event.position) } });',
    killedBy: records("that is a link has the link's position, resolved or not"),
  },
  {
    name: 'deletion-without-name',
    mistake: 'A deleted stream is reported without the trailer that clients know it by.',
    file: 'errors.ts',
    text: "exception: 'stream-deleted',",
    replacement: '',
    killedBy: errors('fails a read by its name'),
  },
  {
    name: 'actual-revision-missing',
    mistake: 'A refused deletion does not say at which revision the stream is.',
    file: 'errors.ts',
    text: "{ 'actual-version': String(actual) }",
    replacement: '{}',
    killedBy: errors('than an exact one tells both in its text and trailers'),
  },
  {
    name: 'correlation-id-in-another-form',
    mistake: 'A batch append is answered with the correlation id in another form than it came in.',
    file: 'grpc/batch-append.ts',
    text: 'correlationId?.string === undefined ? structuredUuid(id) : { string: correlationId.string }',
    replacement: 'structuredUuid(id)',
    killedBy: batch('tells interleaved appends apart and answers each once, before it ends'),
  },
  {
    name: 'correlation-id-as-text',
    mistake: 'A batch append whose correlation id came as two numbers is answered with it as text.',
    file: 'grpc/batch-append.ts',
    text: 'correlationId?.string === undefined ? structuredUuid(id) : { string: correlationId.string }',
    replacement: '{ string: correlationId?.string ?? id }',
    killedBy: batch('answers with the correlation id in the form it came in'),
  },
  {
    name: 'batch-append-without-feature',
    mistake: 'Clients are not told that batch appends take a duration, and send them in a way of their own.',
    file: 'grpc/services.ts',
    text: "['deadline_duration']",
    replacement: '[]',
    killedBy: listing,
  },
  {
    name: 'deletion-with-another-code',
    mistake: 'A batch append to a deleted stream is answered with another code.',
    file: 'grpc/batch-append.ts',
    text: "failure(status.NOT_FOUND, 'StreamDeleted', details)",
    replacement: "failure(status.FAILED_PRECONDITION, 'StreamDeleted', details)",
    killedBy: batch('answers an append to a tombstoned stream with its name'),
  },
  {
    name: 'methods-in-mixed-case',
    mistake: 'What the server can do is listed under names that clients do not find.',
    file: 'grpc/services.ts',
    text: 'path.toLowerCase().split',
    replacement: 'path.split',
    killedBy: listing,
  },
  {
    name: 'odd-requests-told-better',
    mistake: 'A request that the real server fails to handle is told what is wrong with it.',
    file: 'errors.ts',
    text: "super(status.UNKNOWN, 'Exception was thrown by handler.');",
    replacement: 'super(status.INVALID_ARGUMENT, reason);',
    killedBy: { spec: 'conformance/raw/reads', title: 'of no options fails as an exception of the handler' },
  },
  {
    name: 'uuid-form-guessed',
    mistake: 'A read that does not say in which form it wants ids is served.',
    file: 'grpc/read-request.ts',
    text: "throw invalidArgument('The form of UUIDs is missing.');",
    replacement: 'return readRequestOf({ ...options, uuidOption: { structured: {} } });',
    killedBy: { spec: 'conformance/raw/reads', title: 'of no form of ids is an invalid argument' },
  },
];
