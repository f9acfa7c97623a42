import { Controller, Get, Module, type OnModuleDestroy } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { CONSUMERS, type ConsumerMember, DEPENDENCIES, type Dependency, type RunningService, startService } from './index.ts';

const never = (): Promise<never> => new Promise<never>(() => {});
const config = { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' } as const;
/** The whole of a shutdown; then a process is ended whatever it does. */
const WITHIN_MS = 10_000;

/** A service with two consumers and two dependencies; of each kind, and of requests and workers, one hangs when it is to end. */
async function hangingService(ended: string[]): Promise<RunningService> {
  const consumer = (group: string, close: () => Promise<unknown>): ConsumerMember => ({
    listen: (ready) => void ready(),
    close,
    status: () => ({ group, blockedBy: null, caughtUp: true, partitions: [] }),
  });
  const dependency = (name: string, close: () => Promise<unknown>): Dependency => ({ name, check: () => Promise.resolve(), close });
  const ends = (name: string) => async (): Promise<void> => void ended.push(name);

  @Controller('hanging')
  class HangingController implements OnModuleDestroy {
    @Get()
    hang(): Promise<never> {
      return never();
    }
    onModuleDestroy(): Promise<never> {
      return never();
    }
  }
  @Module({
    controllers: [HangingController],
    providers: [
      { provide: CONSUMERS, useValue: [consumer('hanging-group', never), consumer('well-group', ends('well-group'))] },
      { provide: DEPENDENCIES, useValue: [dependency('hanging-store', never), dependency('well-store', ends('well-store'))] },
    ],
    exports: [CONSUMERS, DEPENDENCIES],
  })
  class HangingModule {}
  return startService({ name: 'hanging-service', module: HangingModule, config });
}

describe('When parts of a service hang at its end', () => {
  it('the others end all the same, consumers before dependencies, in time, and what hangs is named', async () => {
    const ended: string[] = [];
    const service = await hangingService(ended);
    const request = fetch(`${service.url}/hanging`).catch(() => null);
    await vi.waitFor(async () => expect((await fetch(`${service.url}/health/live`)).status).toBe(200));
    const startedMs = performance.now();
    const fault = await service.stop().then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    expect(performance.now() - startedMs).toBeLessThan(WITHIN_MS);
    expect(ended).toEqual(['well-group', 'well-store']);
    for (const name of ['requests', 'workers', 'hanging-group', 'hanging-store']) expect(fault?.message).toContain(`${name}: not within`);
    for (const name of ended) expect(fault?.message).not.toContain(name);
    service.app.getHttpServer().closeAllConnections();
    await request;
  });
});
