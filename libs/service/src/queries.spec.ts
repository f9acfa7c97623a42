import { NestFactory } from '@nestjs/core';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { expect, expectTypeOf, it } from 'vitest';
import { queryOf } from './queries.ts';

class Shelf {
  readonly held = new Map([['TEA', 3]]);
}
const UNIT = Symbol('UNIT');

class CountGoods extends queryOf([Shelf], async (sku: string, { held }): Promise<number | null> => held.get(sku) ?? null) {}
class TellGoods extends queryOf(
  [UNIT, Shelf],
  async ({ sku }: { readonly sku: string }, unit: string, { held }: Shelf): Promise<string> => `${held.get(sku)} ${unit} of ${sku}`,
) {}

it('A query comes through the bus to its own answer, with what that needs', async () => {
  const providers = [CountGoods.Handler, TellGoods.Handler, Shelf, { provide: UNIT, useValue: 'boxes' }];
  const app = await NestFactory.createApplicationContext(
    { module: class {}, imports: [CqrsModule.forRoot()], providers },
    { logger: false, abortOnError: false },
  );
  const bus = app.get(QueryBus);
  expect(await bus.execute(new CountGoods('TEA'))).toBe(3);
  expect(await bus.execute(new CountGoods('CUP'))).toBeNull();
  expect(await bus.execute(new TellGoods({ sku: 'TEA' }))).toBe('3 boxes of TEA');
  await app.close();
});

it('A query says what is asked and what the answer is', () => {
  expectTypeOf((bus: QueryBus) => bus.execute(new CountGoods('TEA'))).returns.resolves.toEqualTypeOf<number | null>();
  expectTypeOf<ConstructorParameters<typeof TellGoods>>().toEqualTypeOf<[asked: { readonly sku: string }]>();
  expectTypeOf<ConstructorParameters<typeof TellGoods.Handler>>().toEqualTypeOf<[string, Shelf]>();
});
