import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus, type ICommandHandler } from '@nestjs/cqrs';
import type { OrderPlaced } from '@orderstream/contracts';
import { type EventStore, type IfRevision, load, unreachable } from '@orderstream/event-sourcing';
import { PersonalData } from '@orderstream/personal-data';
import { EVENT_STORE, Problem, preconditionFailed, requestCause } from '@orderstream/service';
import { type OrderCommand, type OrderRejection, orderDecider } from './domain/order.decider.ts';
import type { OrderProgress, Recipient } from './order.api.ts';
import { OrderCommands } from './order.commands.ts';
import { problems } from './problems.ts';

/** What a customer may still change about an order, based on the revision that was read. */
@Injectable()
export class OrderChanging {
  constructor(
    @Inject(CommandBus) private readonly commands: ICommandHandler<OrderCommands>,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly personalData: PersonalData,
  ) {}

  /**
   * Resolves to the order: cancelled, or paid or shipped and waiting for its shipment's answer.
   *
   * @throws Problem when it can't be cancelled; a fault with `dependency` when something is away.
   */
  cancel(orderId: string, ifRevision: IfRevision): Promise<OrderProgress> {
    return this.#change(orderId, { type: 'CancelOrder', at: new Date().toISOString() }, ifRevision);
  }

  /** @throws Problem when the address is fixed, or nobody's any more; a fault with `dependency` when something is away. */
  async changeAddress(orderId: string, recipient: Recipient, ifRevision: IfRevision): Promise<OrderProgress> {
    const { state } = await load(this.store, orderDecider, orderId);
    if (state.status === 'none') throw unknownOrder(orderId);
    const sealed = await this.#sealFor(state.order, recipient);
    return this.#change(orderId, { type: 'ChangeShippingAddress', recipient: sealed, at: new Date().toISOString() }, ifRevision);
  }

  /** Never under another key than the order's own: changing an address must not bring an erased customer back. */
  async #sealFor(order: OrderPlaced, recipient: Recipient): Promise<string> {
    const recorded = await this.personalData.open(order.recipient);
    if (recorded === null) throw erased();
    // The address is the one that the order has: its own text is used, so that nothing is recorded again.
    if (isDeepStrictEqual(recorded, recipient)) return order.recipient;
    const sealed = await this.personalData.seal(order.customerId, recipient);
    // The customer was erased since it was opened, so this is sealed under a new key.
    if ((await this.personalData.open(order.recipient)) === null) throw erased();
    return sealed;
  }

  async #change(orderId: string, command: OrderCommand, ifRevision: IfRevision): Promise<OrderProgress> {
    const cause = requestCause(command.type);
    const [result] = await this.commands.execute(new OrderCommands([{ id: orderId, command, cause, ifRevision }]));
    const { state, revision } = result!;
    if (state.status === 'none' || revision === null) throw unknownOrder(orderId);
    if (result!.ok) return { orderId, revision, status: state.status };
    throw result!.rejection.type === 'stale-revision' ? preconditionFailed(revision) : refused(result!.rejection);
  }
}

function refused({ type }: OrderRejection): Problem {
  switch (type) {
    case 'order-paid':
      return new Problem('state-conflict', 'The order is paid, and its address can’t be changed any more');
    case 'order-delivered':
      return new Problem('state-conflict', 'The order has been delivered');
    case 'order-rejected':
      return new Problem('state-conflict', 'The order was rejected');
    case 'order-cancelled':
      return new Problem('state-conflict', 'The order was cancelled');
    case 'total-too-large':
      throw new Error('the total of an order that was placed does not change');
    default:
      return unreachable(type);
  }
}

function erased(): Problem {
  return new Problem(problems['customer-erased'], 'The order is of a customer whose data has been erased since');
}

export function unknownOrder(orderId: string): Problem {
  return new Problem('not-found', `There is no order ${orderId}`);
}
