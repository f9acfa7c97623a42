const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [HEADERS, RST_STREAM, SETTINGS] = [1, 3, 4];
const END_HEADERS = 4;
const CANCEL = 8;

export function http2Frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.byteLength, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

/** A connection's first bytes: a call, and at once that it is taken back. */
export function hastyCall(path: string, contentType: string): Buffer {
  // HPACK: POST and http by their numbers, then values as text under the numbers of their names.
  const [method, scheme, authority, pathName, contentTypeName] = [[0x83], [0x86], [0x01], [0x04], [0x0f, 0x10]].map((bytes) =>
    Buffer.from(bytes),
  );
  const headers = Buffer.concat([
    method!,
    scheme!,
    authority!,
    text('localhost'),
    pathName!,
    text(path),
    contentTypeName!,
    text(contentType),
  ]);
  const code = Buffer.from([0, 0, 0, CANCEL]);
  return Buffer.concat([
    PREFACE,
    http2Frame(SETTINGS, 0, 0, Buffer.alloc(0)),
    http2Frame(HEADERS, END_HEADERS, 1, headers),
    http2Frame(RST_STREAM, 0, 1, code),
  ]);
}
