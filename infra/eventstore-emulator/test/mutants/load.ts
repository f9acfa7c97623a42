// Loaded before the emulator: one of its modules gets the mistake that EVENTSTORE_MUTANT names. The file stays as it is.
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutantNamed } from './catalogue.ts';
import { withMistake } from './mutant.ts';

const mutant = mutantNamed(process.env['EVENTSTORE_MUTANT'] ?? '');
const mutated = pathToFileURL(join(import.meta.dirname, '../../src', mutant.file)).href;

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    return url === mutated ? { ...loaded, source: withMistake(mutant, new TextDecoder().decode(loaded.source as Uint8Array)) } : loaded;
  },
});
