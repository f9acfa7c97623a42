import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, CqrsModule, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandEnvelope, CommandResult, Decider, EventStore } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { commandsOf } from './commands.ts';
import { EVENT_STORE } from './tokens.ts';

interface List {
  readonly quantity: number;
}
interface Listed {
  readonly type: 'ProductListed';
  readonly data: List;
}
interface TooMany {
  readonly type: 'too-many';
}

const shelfOf = (category: string, most: number): Decider<number, List, Listed, TooMany> => ({
  category,
  initialState: 0,
  decide: ({ quantity }, held) =>
    held + quantity > most ? { rejection: { type: 'too-many' } } : [{ type: 'ProductListed', data: { quantity } }],
  evolve: (held, { data: { quantity } }) => held + quantity,
});

class SmallShelf extends commandsOf(shelfOf('small', 3)) {}
class LargeShelf extends commandsOf(shelfOf('large', 30)) {}

const list = (id: string, quantity: number): CommandEnvelope<List> => ({
  id,
  command: { quantity },
  cause: { id: `${id}-${quantity}`, reaction: 'List', correlationId: 'flow' },
});

/** How often each stream was read. */
function watched(): { readonly store: EventStore; readonly reads: string[] } {
  const log = new InMemoryEventStore();
  const reads: string[] = [];
  const read: EventStore['read'] = (stream, ...args) => {
    reads.push(stream);
    return log.read(stream, ...args);
  };
  return { store: { read, append: log.append.bind(log) }, reads };
}

describe('Commands of a decider', () => {
  let app: INestApplicationContext;
  let bus: CommandBus;
  beforeEach(async () => {
    const providers = [SmallShelf.Handler, LargeShelf.Handler, { provide: EVENT_STORE, useValue: new InMemoryEventStore() }];
    app = await NestFactory.createApplicationContext({ module: class {}, imports: [CqrsModule.forRoot()], providers }, { logger: false });
    bus = app.get(CommandBus);
  });
  afterEach(() => app.close());

  it('come through the bus to that decider, and are answered in the order of the batch', async () => {
    const batch = [list('a', 2), list('b', 3), list('a', 2)];
    const answers = (results: readonly CommandResult<number, Listed, TooMany>[]) =>
      results.map(({ ok, state, revision }) => [ok, state, revision]);
    expect(answers(await bus.execute(new SmallShelf(batch)))).toEqual([
      [true, 2, 0],
      [true, 3, 0],
      [false, 2, 0],
    ]);
    expect(answers(await bus.execute(new LargeShelf(batch)))).toEqual([
      [true, 2, 0],
      [true, 3, 0],
      [true, 4, 1],
    ]);
  });

  it('say what their answer is, to the bus and to whoever takes them instead of it', () => {
    expectTypeOf(bus.execute(new SmallShelf([]))).resolves.toEqualTypeOf<CommandResult<number, Listed, TooMany>[]>();
    expectTypeOf(bus).toExtend<ICommandHandler<SmallShelf>>();
    expectTypeOf<InstanceType<typeof SmallShelf.Handler>>().toExtend<ICommandHandler<SmallShelf>>();
    expectTypeOf<CommandEnvelope<{ readonly pieces: number }>[]>().not.toExtend<ConstructorParameters<typeof SmallShelf>[0]>();
  });

  it('to streams that are expected to be new are appended without a look', async () => {
    const { store, reads } = watched();
    const handler = new SmallShelf.Handler(store);
    await handler.execute(new SmallShelf([list('a', 1)], { newStreams: true }));
    expect(reads).toEqual([]);
    await handler.execute(new SmallShelf([list('a', 2)]));
    expect(reads).toEqual(['small-a']);
  });

  it('can be handled in another way, which each handler has for itself', async () => {
    const ways: string[][] = [];
    class Shelf extends commandsOf(shelfOf('small', 3), (handle) => {
      const ids: string[] = [];
      ways.push(ids);
      return (id, commands) => {
        ids.push(id);
        return handle(id, commands.slice(0, 1));
      };
    }) {}
    const [first, second] = [new Shelf.Handler(new InMemoryEventStore()), new Shelf.Handler(new InMemoryEventStore())];
    expect(await first.execute(new Shelf([list('a', 1), list('b', 2)]))).toMatchObject([{ state: 1 }, { state: 2 }]);
    await second.execute(new Shelf([list('c', 1)]));
    expect(ways).toEqual([['a', 'b'], ['c']]);
  });
});
