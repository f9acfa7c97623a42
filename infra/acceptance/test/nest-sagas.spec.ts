import 'reflect-metadata';
import { setImmediate as turn } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { CommandHandler, CqrsModule, EventBus, type ICommandHandler, type IEvent, Saga, ofType } from '@nestjs/cqrs';
import { type Observable, map } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';

class OrderWasPlaced {
  constructor(readonly order: number) {}
}
class ReserveStock {
  constructor(readonly order: number) {}
}

const reserved: number[] = [];
const WITHOUT_STOCK = 2;
const MALFORMED = 4;

@CommandHandler(ReserveStock)
class ReserveStockHandler implements ICommandHandler<ReserveStock> {
  async execute({ order }: ReserveStock): Promise<void> {
    if (order === WITHOUT_STOCK) throw new Error('the database does not answer');
    reserved.push(order);
  }
}

class Fulfilment {
  @Saga()
  reserve = (events: Observable<IEvent>): Observable<ReserveStock> =>
    events.pipe(
      ofType(OrderWasPlaced),
      map(({ order }) => {
        if (order === MALFORMED) throw new Error('this order has no lines');
        return new ReserveStock(order);
      }),
    );
}

// What docs/guides/why-not-something-else.md says about them: when this fails, Nest has changed, and so must the
// guide.
it('a saga of @nestjs/cqrs loses the event whose command fails, and after one that it can not read all that follow', async () => {
  const app = await NestFactory.createApplicationContext(
    { module: class {}, imports: [CqrsModule.forRoot()], providers: [ReserveStockHandler, Fulfilment] },
    { logger: false },
  );
  onTestFinished(() => app.close());
  for (const order of [1, WITHOUT_STOCK, 3, MALFORMED, 5, 6]) {
    app.get(EventBus).publish(new OrderWasPlaced(order));
    await turn();
  }
  expect(reserved).toEqual([1, 3]);
});
