import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { ConsumerStatus } from '@orderstream/messaging';

/** The `EventStore` that command handlers append to. */
export const EVENT_STORE = Symbol('EVENT_STORE');

/** `Dependency[]`: what readiness asks, and what is closed at the end. */
export const DEPENDENCIES = Symbol('DEPENDENCIES');

/** `ConsumerMember[]`: one per consumer. */
export const CONSUMERS = Symbol('CONSUMERS');

/** A member of a consumer's group; the consumer's `@EventPattern` methods name its transport. */
export type ConsumerMember = CustomTransportStrategy & { status(): ConsumerStatus };
