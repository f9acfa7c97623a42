import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import { startService } from '@orderstream/service';
import { afterAll } from 'vitest';

/** `PaymentProviderModule`, which only specs can import: it is another app's. */
export interface ProviderModule {
  with(settings: { readonly DATA_DIR: string }): DynamicModule;
}

export interface ProviderOfSpec {
  readonly url: string;
  stop(): Promise<void>;
  /** With its book, and at the address that it had. */
  restart(): Promise<void>;
}

/** The payment provider with a book of its own, until the spec ends. Called at the top of its file. */
export async function providerOfSpec(module: ProviderModule): Promise<ProviderOfSpec> {
  const folder = await mkdtemp(join(tmpdir(), 'payment-provider-'));
  const start = (port: number) =>
    startService({
      name: 'payment-provider',
      module: module.with({ DATA_DIR: folder }),
      config: { HOST: '127.0.0.1', PORT: port, LOG_LEVEL: 'fatal' },
    });
  let running = await start(0);
  const { url } = running;
  afterAll(async () => {
    await running.stop();
    await rm(folder, { recursive: true });
  });
  return {
    url,
    stop: () => running.stop(),
    restart: async () => void (running = await start(Number(new URL(url).port))),
  };
}
