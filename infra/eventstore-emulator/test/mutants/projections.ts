import type { Mutant } from './mutant.ts';

const linking = (title: string) => ({ spec: 'conformance/projections', title });
const projecting = (title: string) => ({ spec: 'projections', title });
const CATEGORY = 'take for the category what comes before the first hyphen, and none of system streams or of names without one';
const ONCE = 'projections link everything once';

export const projections: readonly Mutant[] = [
  {
    name: 'projection-skips',
    mistake: 'A projection leaves events out when several come at once.',
    file: 'projections/projection.ts',
    text: 'for (const { event, result } of emitted) {',
    replacement: 'for (const { event, result } of emitted.slice(0, 1)) {',
    killedBy: linking('link what is appended, by category, type and correlation, in the order of $all'),
  },
  {
    name: 'projection-doubles',
    mistake: 'A projection links events again after a restart.',
    file: 'projections/projection.ts',
    text: 'this.#store.write(this.name, { position, isEnabled: this.#store.read(this.name)?.isEnabled ?? true });',
    replacement: '',
    killedBy: projecting(`(kill-after), ${ONCE}`),
  },
  {
    name: 'projection-ahead-of-its-links',
    mistake: 'A projection says that it is further than its links are on disk, which a restart then leaves out.',
    file: 'projections/projection.ts',
    text: 'await this.#system.transact(() => {\n      for',
    replacement:
      'await this.#system.transact(() => this.#store.write(this.name, { position, isEnabled: true }));\n    await this.#system.transact(() => {\n      for',
    killedBy: projecting(`(kill-after), ${ONCE}`),
  },
  {
    name: 'category-to-last-hyphen',
    mistake: 'A category reaches to the last hyphen of a name.',
    file: 'projections/rules.ts',
    text: "stream.indexOf('-')",
    replacement: "stream.lastIndexOf('-')",
    killedBy: linking(CATEGORY),
  },
  {
    name: 'deletion-without-category',
    mistake: 'The deletion of a stream is not linked by its category.',
    file: 'projections/rules.ts',
    text: 'const original = isDeleted ? described(event.stream) : event.stream;',
    replacement: 'const original = event.stream;',
    killedBy: linking('link metadata and deletions by type, and deletions by category'),
  },
  {
    name: 'abortion-not-told',
    mistake: 'A projection that was aborted says that it was stopped.',
    file: 'grpc/projections-service.ts',
    text: "writesCheckpoint ? 'Stopped' : 'Aborted'",
    replacement: "'Stopped'",
    killedBy: projecting('are aborted when they are to stop without a checkpoint'),
  },
  {
    name: 'system-streams-have-categories',
    mistake: 'System streams are linked as if they were of a category.',
    file: 'projections/rules.ts',
    text: "stream.startsWith('$') || ",
    replacement: '',
    killedBy: linking(CATEGORY),
  },
  {
    name: 'disabled-projection-comes-back',
    mistake: 'A projection that was disabled runs again after a restart.',
    file: 'projections/projection.ts',
    text: "stored.isEnabled ? 'Running' : 'Stopped'",
    replacement: "'Running'",
    killedBy: projecting('stay stopped when the process is killed, and catch up when they are enabled again'),
  },
  {
    name: 'projections-run-unasked',
    mistake: 'The system projections run although nobody started them.',
    file: 'options.ts',
    text: "return areStarted ? 'started' : 'stopped';",
    replacement: "return 'started';",
    killedBy: projecting('that has them does not run them before somebody says so'),
  },
];
