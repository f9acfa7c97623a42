import { assert, asyncProperty, nat } from 'fast-check';
import kafkajs from 'kafkajs';
import { compress } from 'snappy';
import { expect, it } from 'vitest';
import { readEveryCodec } from './compression.ts';

readEveryCodec();
const snappy = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy]() as { decompress(compressed: Buffer): Promise<Buffer> };
const text = Buffer.from('the same words again and again, '.repeat(50));

const inJavasFrame = (blocks: readonly Buffer[]): Buffer => {
  const sized = blocks.map((block) => Buffer.concat([Buffer.from(Uint32Array.of(block.length).buffer).swap32(), block]));
  return Buffer.concat([Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'), ...sized]);
};

it('reads snappy in one block, as most clients write it, and in the blocks of Java', async () => {
  const block = Buffer.from(await compress(text));
  expect(await snappy.decompress(block)).toEqual(text);
  expect(await snappy.decompress(inJavasFrame([block]))).toEqual(text);
  expect(await snappy.decompress(inJavasFrame([block, block, block]))).toEqual(Buffer.concat([text, text, text]));
});

it('says of what is not snappy that it can not be decompressed, whatever it is', async () => {
  const framed = inJavasFrame([Buffer.from(await compress(text))]);
  await assert(
    asyncProperty(nat({ max: framed.length - 1 }), async (length) => {
      // A frame without blocks is empty, and sound.
      if (length === 16) return;
      await expect(snappy.decompress(framed.subarray(0, length))).rejects.toThrow("a batch can't be decompressed: Snappy: ");
    }),
  );
  for (const size of [-1, 0, 2 ** 31 - 1]) {
    const wrong = Buffer.from(framed);
    wrong.writeInt32BE(size, 16);
    await expect(snappy.decompress(wrong)).rejects.toThrow("a batch can't be decompressed: Snappy: ");
  }
});
