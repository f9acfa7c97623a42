import { Inject, Injectable, Logger } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type EventStore, load } from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import { type PaymentCommand, paymentDecider } from './domain/payment.decider.ts';
import type { ClaimedAttempt, PaymentWork } from './payment-attempts.table.ts';
import { PAYMENT_GATEWAY, type PaymentGateway, type ProviderOperation } from './payment-gateway.ts';
import { PaymentCommands, type PaymentResult } from './payment.commands.ts';

/**
 * One step of one payment: asks the provider, and appends what it says. Each may be carried out any
 * number of times, also side by side, and broken off anywhere: the provider's key and the stream see
 * to it that all of it happens once.
 */
@Injectable()
export class PaymentSteps {
  readonly #logger = new Logger('payments');

  constructor(
    private readonly commands: CommandBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PAYMENT_GATEWAY) private readonly gateway: PaymentGateway,
  ) {}

  carryOut(attempt: ClaimedAttempt, signal: AbortSignal): Promise<void> {
    switch (attempt.work.step) {
      case 'authorise':
        return this.#authorise(attempt, attempt.work, signal);
      case 'capture':
        return this.#capture(attempt, signal);
      default:
        return attempt.work satisfies never;
    }
  }

  async #authorise(
    attempt: ClaimedAttempt,
    work: PaymentWork & { step: 'authorise' },
    signal: AbortSignal,
  ): Promise<void> {
    const { orderId } = attempt;
    const { customerId, amount, paymentMethod } = work;
    const at = new Date().toISOString();
    const request = { type: 'RequestPayment', orderId, customerId, amount, paymentMethod, at } as const;
    const requested = await this.#record(attempt, request);
    if (requested.state.status !== 'requested') return; // its outcome is in the log already
    const { id, refusal, recordedAt, ...booked } = await this.#ask(attempt, signal, (key) =>
      this.gateway.authorise(key, { orderId, amount, paymentMethod }, signal),
    );
    await this.#record(
      attempt,
      refusal === null
        ? { type: 'RecordAuthorisation', orderId, amount: booked.amount, authorisationId: id, at: recordedAt }
        : { type: 'RecordDecline', orderId, reason: refusal, at: recordedAt },
    );
  }

  async #capture(attempt: ClaimedAttempt, signal: AbortSignal): Promise<void> {
    const { orderId } = attempt;
    const { state } = await load(this.store, paymentDecider, orderId);
    if (state.status === 'captured') return;
    if (state.status === 'capture-failed') return this.#alert(orderId, state.reason);
    if (state.status !== 'authorised') throw new Error(`goods were dispatched, but the payment is ${state.status}`);
    const { authorisationId, amount } = state;
    const { id, refusal, recordedAt, ...booked } = await this.#ask(attempt, signal, (key) =>
      this.gateway.capture(key, { authorisationId, amount }, signal),
    );
    if (refusal === null) {
      const capture = { type: 'RecordCapture', orderId, amount: booked.amount, captureId: id, at: recordedAt } as const;
      await this.#record(attempt, capture);
    } else {
      await this.#record(attempt, { type: 'RecordCaptureFailure', orderId, amount, reason: refusal, at: recordedAt });
      this.#alert(orderId, refusal);
    }
  }

  /** Also when it is only found in the log: whoever appended it may have died before saying so. */
  #alert(orderId: string, refusal: string): void {
    this.#logger.error(`order ${orderId} is on its way, but the provider refuses the capture: ${refusal}`);
  }

  /** What an earlier attempt may have got done without hearing of it is looked up before anything is sent again. */
  async #ask(
    { orderId, work, attempts }: ClaimedAttempt,
    signal: AbortSignal,
    send: (key: string) => Promise<ProviderOperation>,
  ): Promise<ProviderOperation> {
    const key = `payment-${orderId}/${work.step}`;
    const known = attempts > 1 ? await this.gateway.find(key, signal) : null;
    return known ?? send(key);
  }

  async #record({ orderId, cause }: ClaimedAttempt, command: PaymentCommand): Promise<PaymentResult> {
    const envelope = { id: orderId, command, cause: { ...cause, reaction: command.type } };
    const [result] = await this.commands.execute(new PaymentCommands([envelope]));
    return result!;
  }
}
