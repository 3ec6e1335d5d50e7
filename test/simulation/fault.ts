/**
 * A mistake that a broker could have. It replaces methods of the broker under test while it is
 * planted, so that the sources know nothing of it.
 */

import type { Broker, BrokerOptions } from '../../src/broker/broker.ts';

export interface Fault {
  /** What the broker does wrong. */
  readonly name: string;
  /** @returns what makes the broker whole again */
  readonly plant?: () => () => void;
  /** The broker is made with other options than the clients were promised. */
  readonly createBroker?: (options: BrokerOptions) => Broker;
}

/** Replaces a method. @returns what puts it back */
export function replace<T extends object, Name extends keyof T>(
  prototype: T,
  name: Name,
  make: (original: T[Name]) => T[Name],
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...descriptor, value: make(descriptor.value) });
  return () => Object.defineProperty(prototype, name, descriptor);
}

/** The same for what is read like a field. */
export function replaceGetter<T extends object>(
  prototype: T,
  name: keyof T,
  get: (this: T) => unknown,
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...descriptor, get });
  return () => Object.defineProperty(prototype, name, descriptor);
}
