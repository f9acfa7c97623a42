import { Inject } from '@nestjs/common';
import { Command, CommandHandler } from '@nestjs/cqrs';
import { contracts } from '@orderstream/contracts';
import {
  type CommandEnvelope,
  type CommandResult,
  type Decider,
  type DomainEvent,
  type EventStore,
  handleCommands,
  type HandlingOptions,
  type Refusal,
  streamByStream,
} from '@orderstream/event-sourcing';
import { EVENT_STORE } from './tokens.ts';

type Options = Pick<HandlingOptions, 'newStreams'>;

/** Commands to any number of streams of one kind: those to one share an append. Answered in the order of the batch. */
export class Commands<Asked, Result> extends Command<Result[]> {
  constructor(
    readonly batch: readonly CommandEnvelope<Asked>[],
    readonly options: Options = {},
  ) {
    super();
  }
}

/** Handles the commands to one stream; results are in their order. */
type HandleStream<Asked, Result> = (
  id: string,
  commands: readonly CommandEnvelope<Asked>[],
  options?: Options,
) => Promise<readonly Result[]>;

type Wrap<Asked, Result> = (handle: HandleStream<Asked, Result>) => HandleStream<Asked, Result>;

export interface CommandsClass<Asked, Result> {
  new (...args: ConstructorParameters<typeof Commands<Asked, Result>>): Commands<Asked, Result>;
  readonly Handler: new (store: EventStore) => { execute(message: Commands<Asked, Result>): Promise<Result[]> };
}

/**
 * A decider's message class, and with it the provider that handles it on the service's store:
 *
 *     export class OrderCommands extends commandsOf(orderDecider) {}
 *     providers: [OrderCommands.Handler]
 *
 * Nest's bus takes the messages of all deciders. Code that also runs without Nest takes an
 * `ICommandHandler<OrderCommands>`, which both the bus and a handler are.
 *
 * @param wrap makes another way of handling the commands to one stream, say to gather them. Called once by each handler.
 */
export function commandsOf<State, Asked, Event extends DomainEvent, Rejection extends Refusal>(
  decider: Decider<State, Asked, Event, Rejection>,
  wrap: Wrap<Asked, CommandResult<State, Event, Rejection>> = (handle) => handle,
): CommandsClass<Asked, CommandResult<State, Event, Rejection>> {
  class Message extends Commands<Asked, CommandResult<State, Event, Rejection>> {}

  @CommandHandler(Message)
  class Handler {
    readonly #handle: HandleStream<Asked, CommandResult<State, Event, Rejection>>;

    constructor(@Inject(EVENT_STORE) store: EventStore) {
      this.#handle = wrap((id, commands, options) =>
        handleCommands(store, decider, id, commands, { schemaVersion: contracts.currentVersion, ...options }),
      );
    }

    execute({ batch, options }: Message): Promise<CommandResult<State, Event, Rejection>[]> {
      return streamByStream(batch, (id, commands) => this.#handle(id, commands, options));
    }
  }

  return Object.assign(Message, { Handler });
}
