import type { Present } from './messages.ts';
import { Message } from './wire.ts';

export const EnableReq = new Message<{ readonly options?: { readonly name?: string; readonly writeCheckpoint?: boolean } }, never>(
  'event_store.client.projections.EnableReq',
);

export interface StatisticsOptions {
  readonly name?: string;
  readonly all?: Present;
  readonly transient?: Present;
  readonly continuous?: Present;
  readonly oneTime?: Present;
}

export const StatisticsReq = new Message<{ readonly options?: StatisticsOptions }, never>('event_store.client.projections.StatisticsReq');

export interface SentDetails {
  readonly epoch: number;
  readonly effectiveName: string;
  readonly status: string;
  readonly name: string;
  readonly mode: string;
  readonly position: string;
  readonly progress: number;
  readonly lastCheckpoint: string;
  readonly eventsProcessedAfterRestart: number;
}

export const StatisticsResp = new Message<never, { readonly details: SentDetails }>('event_store.client.projections.StatisticsResp');
