import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { ConsumerStatus } from '@orderstream/messaging';

/** The `EventStore` that command handlers append to. */
export const EVENT_STORE = Symbol('EVENT_STORE');

/** `Dependency[]`: what readiness asks, and what is closed at the end. The service's module exports it. */
export const DEPENDENCIES = Symbol('DEPENDENCIES');

/** `Consumer[]`: one per consumer group. The service's module exports it. */
export const CONSUMERS = Symbol('CONSUMERS');

/** A consumer group's member, whose `@EventPattern` methods carry its transport id. */
export type Consumer = CustomTransportStrategy & { status(): ConsumerStatus };
