import { Inject, type Type } from '@nestjs/common';
import { Query, QueryHandler } from '@nestjs/cqrs';

export interface QueryClass<Asked, Result, Needs extends readonly unknown[]> {
  new (asked: Asked): Query<Result> & { readonly asked: Asked };
  readonly Handler: new (...needs: Needs) => { execute(query: { readonly asked: Asked }): Promise<Result> };
}

/**
 * A query's message class, and with it the provider that answers it:
 *
 *     export class FindProduct extends queryOf([Database], async (sku: string, database): Promise<ProductView> => …) {}
 *     providers: [FindProduct.Handler]
 *
 * @param needs what Nest gives to `answer` after the question. A symbol's type is the one that `answer` declares.
 */
export function queryOf<Needs extends readonly unknown[], Asked, Result>(
  needs: readonly [...{ [Nth in keyof Needs]: Type<Needs[Nth]> | symbol }],
  answer: (asked: Asked, ...needs: Needs) => Promise<Result>,
): QueryClass<Asked, Result, Needs> {
  class Message extends Query<Result> {
    constructor(readonly asked: Asked) {
      super();
    }
  }

  @QueryHandler(Message)
  class Handler {
    readonly #needs: Needs;

    constructor(...needs: Needs) {
      this.#needs = needs;
    }

    execute({ asked }: { readonly asked: Asked }): Promise<Result> {
      return answer(asked, ...this.#needs);
    }
  }
  needs.forEach((need, nth) => Inject(need)(Handler, undefined, nth));

  return Object.assign(Message, { Handler });
}
