import { Inject, Injectable, Logger } from '@nestjs/common';
import { CommandBus, type ICommandHandler } from '@nestjs/cqrs';
import type { Money } from '@orderstream/contracts';
import { type EventStore, load, unreachable } from '@orderstream/event-sourcing';
import { type ClaimedTask, messageOf } from '@orderstream/messaging';
import { EVENT_STORE } from '@orderstream/service';
import { type PaymentCommand, type PaymentState, isGivenUp, paymentDecider } from './domain/payment.decider.ts';
import { PAYMENT_GATEWAY, type PaymentGateway, type ProviderOperation } from './payment-gateway.ts';
import { PaymentCommands } from './payment.commands.ts';

/** What the provider is to be asked for, and what with. */
export type PaymentWork =
  | { readonly step: 'authorise'; readonly customerId: string; readonly amount: Money; readonly paymentMethod: string }
  | { readonly step: 'capture' }
  | { readonly step: 'void' }
  | { readonly step: 'refund' };

type Step = PaymentWork['step'];
type Task = ClaimedTask<PaymentWork>;

/**
 * One step of one payment: asks the provider, and appends its answer. A step may run any number of times, also side
 * by side, and be broken off anywhere: the provider's key and the stream make sure that everything happens once.
 * When a step resolves, nothing is left to do in the stream or at the provider, whoever else was working on it and
 * wherever they died.
 */
@Injectable()
export class PaymentSteps {
  readonly #logger = new Logger('payments');

  constructor(
    @Inject(CommandBus) private readonly commands: ICommandHandler<PaymentCommands>,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PAYMENT_GATEWAY) private readonly gateway: PaymentGateway,
  ) {}

  carryOut(task: Task, signal: AbortSignal): Promise<void> {
    switch (task.work.step) {
      case 'authorise':
        return this.#authorise(task, task.work, signal);
      case 'capture':
        return this.#capture(task, signal);
      case 'void':
        return this.#void(task, signal);
      case 'refund':
        return this.#refund(task, signal);
      default:
        return unreachable(task.work);
    }
  }

  async #authorise(task: Task, work: PaymentWork & { step: 'authorise' }, signal: AbortSignal): Promise<void> {
    const { key: orderId } = task;
    const { customerId, amount, paymentMethod } = work;
    const at = new Date().toISOString();
    let state = await this.#record(task, { type: 'RequestPayment', orderId, customerId, amount, paymentMethod, at });
    // A worker that dies here has only announced what it was about to do: the next one finds the request, and asks.
    if (state.status === 'requested') state = await this.#record(task, await this.#outcome(task, work, signal));
    // A worker that gave the payment up may die here, before the void. So every worker that finds it given up voids
    // it, even one that comes back with an authorisation: it ends the task, and then the money must not be held any
    // longer.
    if (isGivenUp(state)) await this.#release(task, amount, signal);
  }

  /** What is to be recorded of a payment whose outcome the stream does not know. */
  async #outcome(task: Task, work: PaymentWork & { step: 'authorise' }, signal: AbortSignal): Promise<PaymentCommand> {
    const { key: orderId, attempts, awaitedBy } = task;
    const isCancelled = awaitedBy.includes('void');
    const known = attempts > 1 || isCancelled ? await this.gateway.find(keyOf(orderId, 'authorise'), signal) : null;
    const booked = known ?? (isCancelled ? null : await this.#askToAuthorise(task, work, signal));
    // Nothing is known, but a worker that lost its lease may just be sending it, or have the answer in hand.
    // Therefore the stream decides first, and the provider's key is closed only when the stream says so: in the
    // other order, a worker that dies in between could release what another has just recorded as authorised.
    const reason = isCancelled ? 'cancelled' : 'deadline';
    if (booked === null) return { type: 'GiveUpPayment', orderId, reason, at: new Date().toISOString() };
    // A worker that dies here leaves an outcome that is not recorded: the next one looks it up.
    return booked.refusal === null
      ? { type: 'RecordAuthorisation', orderId, amount: booked.amount, authorisationId: booked.id, at: booked.recordedAt }
      : { type: 'RecordDecline', orderId, reason: booked.refusal, at: booked.recordedAt };
  }

  /**
   * Null when it need not be waited for any longer. A deadline may have passed while the provider or this service
   * was away, so the provider is asked once more after it. Only when that gets no answer, and the provider then
   * says that it has booked nothing, is the payment given up; a provider that does not say so is away.
   */
  async #askToAuthorise(
    { key: orderId, isOverdue }: Task,
    { amount, paymentMethod }: PaymentWork & { step: 'authorise' },
    signal: AbortSignal,
  ): Promise<ProviderOperation | null> {
    const key = keyOf(orderId, 'authorise');
    const asked = this.gateway.authorise(key, { orderId, amount, paymentMethod }, signal);
    if (!isOverdue) return asked;
    return asked.catch((fault: unknown) => {
      this.#logger.warn(`authorise of order ${orderId} is overdue, and fails once more: ${messageOf(fault)}`);
      return this.gateway.find(key, signal);
    });
  }

  async #capture(task: Task, signal: AbortSignal): Promise<void> {
    const { key: orderId } = task;
    const state = await this.#stateOf(orderId);
    switch (state.status) {
      case 'captured':
      case 'refunded':
        return;
      case 'capture-failed':
        // Whoever appended it may have died before saying so.
        return this.#alert(orderId, state.reason);
      case 'voided':
        if (state.captureFailed) return;
        throw unexpected('goods were dispatched', state);
      case 'authorised':
        return this.#captureHeld(task, state, signal);
      case 'none':
      case 'requested':
      case 'declined':
        throw unexpected('goods were dispatched', state);
      default:
        return unreachable(state);
    }
  }

  async #captureHeld(task: Task, held: PaymentState & { status: 'authorised' }, signal: AbortSignal): Promise<void> {
    const { key: orderId } = task;
    const { authorisationId, amount } = held;
    const booked = await this.#ask(task, 'capture', signal, (key) => this.gateway.capture(key, { authorisationId, amount }, signal));
    const { id: captureId, refusal, recordedAt: at } = booked;
    if (refusal === null) {
      await this.#record(task, { type: 'RecordCapture', orderId, amount: booked.amount, captureId, at });
    } else {
      await this.#record(task, { type: 'RecordCaptureFailure', orderId, amount, reason: refusal, at });
      this.#alert(orderId, refusal);
    }
  }

  /** The order ended before its goods left. Its authorise step is done, and with it whatever had to be given up. */
  async #void(task: Task, signal: AbortSignal): Promise<void> {
    const state = await this.#stateOf(task.key);
    switch (state.status) {
      case 'declined':
      case 'voided':
        return;
      case 'authorised':
        return this.#voidHeld(task, state.amount, signal);
      case 'none':
      case 'requested':
      case 'captured':
      case 'capture-failed':
      case 'refunded':
        throw unexpected('the order ended before its goods left', state);
      default:
        return unreachable(state);
    }
  }

  /** The goods came back. The capture step is done, one way or the other. */
  async #refund(task: Task, signal: AbortSignal): Promise<void> {
    const { key: orderId } = task;
    const state = await this.#stateOf(orderId);
    switch (state.status) {
      case 'refunded':
      case 'voided':
        return;
      case 'capture-failed':
        return this.#voidHeld(task, state.amount, signal);
      case 'captured': {
        const { captureId, amount } = state;
        const booked = await this.#ask(task, 'refund', signal, (key) => this.gateway.refund(key, { captureId, amount }, signal));
        const { id: refundId, recordedAt: at } = succeeded('refund', booked);
        // A worker that dies here has given the money back without recording it: the next one looks it up.
        await this.#record(task, { type: 'RecordRefund', orderId, amount: booked.amount, refundId, at });
        return;
      }
      case 'none':
      case 'requested':
      case 'authorised':
      case 'declined':
        throw unexpected('goods came back', state);
      default:
        return unreachable(state);
    }
  }

  async #voidHeld(task: Task, amount: Money, signal: AbortSignal): Promise<void> {
    const { id: voidId, recordedAt: at, ...released } = await this.#release(task, amount, signal);
    // A worker that dies here has released the money without recording it: the next one looks it up.
    await this.#record(task, { type: 'RecordVoid', orderId: task.key, amount: released.amount, voidId, at });
  }

  /** From now on nothing is held under the authorisation's key, whatever is still on its way to the provider. */
  async #release(task: Task, amount: Money, signal: AbortSignal): Promise<ProviderOperation> {
    const { key: orderId } = task;
    const request = { orderId, authorisationKey: keyOf(orderId, 'authorise'), amount };
    return succeeded('void', await this.#ask(task, 'void', signal, (key) => this.gateway.void(key, request, signal)));
  }

  #alert(orderId: string, refusal: string): void {
    this.#logger.error(`order ${orderId} is on its way, but the provider refuses the capture: ${refusal}`);
  }

  /** An earlier attempt may have succeeded without hearing of it, so its outcome is looked up before anything is sent again. */
  async #ask(
    { key: orderId, attempts }: Task,
    step: Step,
    signal: AbortSignal,
    send: (key: string) => Promise<ProviderOperation>,
  ): Promise<ProviderOperation> {
    const key = keyOf(orderId, step);
    const known = attempts > 1 ? await this.gateway.find(key, signal) : null;
    return known ?? send(key);
  }

  async #stateOf(orderId: string): Promise<PaymentState> {
    return (await load(this.store, paymentDecider, orderId)).state;
  }

  /** Resolves to the payment as it then stands, whoever recorded it. */
  async #record({ key: orderId, cause }: Task, command: PaymentCommand): Promise<PaymentState> {
    const envelope = { id: orderId, command, cause: { ...cause, reaction: command.type } };
    const [result] = await this.commands.execute(new PaymentCommands([envelope]));
    return result!.state;
  }
}

/** The key of a step at the provider, the same in every attempt. A void has one key, whichever step it belongs to. */
function keyOf(orderId: string, step: Step): string {
  return `payment-${orderId}/${step}`;
}

/** @throws when it was refused for good: nobody but a person can help, so the task stays, and the worker's error is the alert. */
function succeeded(what: 'void' | 'refund', operation: ProviderOperation): ProviderOperation {
  if (operation.refusal !== null) throw new Error(`the provider refuses the ${what}: ${operation.refusal}`);
  return operation;
}

/** Streams have contradicted each other: a defect, that somebody has to look at. */
function unexpected(what: string, { status }: PaymentState): Error {
  return new Error(`${what}, but the payment is ${status}`);
}
