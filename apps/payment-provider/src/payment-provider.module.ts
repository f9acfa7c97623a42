import { type DynamicModule, Module } from '@nestjs/common';
import { CONSUMERS, DEPENDENCIES, type Dependency } from '@orderstream/service';
import { Book } from './book.ts';
import type { Config } from './config.ts';
import { OperationsController } from './operations.controller.ts';

@Module({})
export class PaymentProviderModule {
  static with(config: Pick<Config, 'DATA_DIR'>): DynamicModule {
    const book = new Book(config.DATA_DIR);
    const dependency: Dependency = {
      name: 'book',
      check: async () => book.page(0, 1),
      close: async () => book.close(),
    };
    return {
      module: PaymentProviderModule,
      controllers: [OperationsController],
      providers: [
        { provide: Book, useValue: book },
        { provide: DEPENDENCIES, useValue: [dependency] },
        { provide: CONSUMERS, useValue: [] },
      ],
      exports: [DEPENDENCIES, CONSUMERS],
    };
  }
}
