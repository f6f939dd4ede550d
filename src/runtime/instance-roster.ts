import type { Instance } from './backend.js';
import { InstanceRecord } from './recycle-policy.js';

/**
 * `starting`: it is being prepared; `candidate`: so too, to succeed another one that still works; `ready`: it has been
 * prepared; `retired`: it ends when it is given back.
 */
export type InstanceRole = 'starting' | 'candidate' | 'ready' | 'retired';

/** What a group knows of a live instance. */
export class Member {
  readonly index: number;
  role: InstanceRole;
  record = new InstanceRecord();

  constructor(index: number, role: InstanceRole) {
    this.index = index;
    this.role = role;
  }
}

/** The live instances of a group, and which of them are idle. */
export class InstanceRoster {
  readonly #members = new Map<Instance, Member>();
  readonly #idle: Instance[] = [];

  get live(): number {
    return this.#members.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get instances(): readonly Instance[] {
    return [...this.#members.keys()];
  }

  admit(instance: Instance, member: Member): void {
    this.#members.set(instance, member);
  }

  /** Undefined if the instance is no longer live. */
  find(instance: Instance): Member | undefined {
    return this.#members.get(instance);
  }

  isIdle(instance: Instance): boolean {
    return this.#idle.includes(instance);
  }

  setIdle(instance: Instance): void {
    this.#idle.push(instance);
  }

  /** The instance that became idle last: what it works with may still be near the processor. */
  takeIdle(): Instance | undefined {
    return this.#idle.pop();
  }

  /** Takes all out. */
  clear(): Instance[] {
    const instances = [...this.#members.keys()];
    this.#members.clear();
    this.#idle.length = 0;
    return instances;
  }

  /** @returns what was known of it; undefined if it is not live */
  remove(instance: Instance): Member | undefined {
    const member = this.#members.get(instance);
    this.#members.delete(instance);
    const at = this.#idle.indexOf(instance);
    if (at !== -1) this.#idle.splice(at, 1);
    return member;
  }
}
